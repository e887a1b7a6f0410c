// Whether one run is worse than another: statistical tests on the results' histograms and counts,
// each with a minimum effect, so that a difference that does not matter is not called a regression
// just because there are many samples. Pure.
//
// - A trend's location: Mann-Whitney U on the buckets, ties corrected.
//   Minimum effect: the median changes by min_change and, for times, by min_millis.
// - A trend's tail: Fisher's exact test, the share of values above the p(95) of both runs together.
//   Minimum effect: the p(95) changes likewise.
// - A rate, a check: Fisher's exact test. Minimum effect: min_points.
// - A counter of events: two Poisson rates, by base's share of all events given its share of the
//   time, exactly. Minimum effect: the rate per second changes by min_change.
// The tests are those of significance.h.
//
// Other counters and gauges are shown, not tested. The p-values of all tests are corrected together
// by Holm's method: with no difference at all, the chance of any finding is below alpha. The tests
// assume independent samples; responses of one run are not quite that, which is another reason for
// the minimum effects.
//
// A change is a regression where it is known which way is worse: times that grow, more of
// http_req_failed, http_reqs_errors and dropped_iterations, fewer passed checks, fewer http_reqs
// and iterations a second; and a threshold that failed in the new run and passed in the base.
//
// A run that did not do its work has too few numbers for tests, and may look quick. So these are
// regressions without any: an end that is worse than the base's (the words of verdict.h), and
// metrics that the base has counted or judged and of which the new run has no sample.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"

#include "common/result/result.h"

namespace lockstep {

struct CompareConfig {
  double alpha = 0.01;        // in (0, 1)
  double min_change = 0.05;   // of medians, p(95) and rates per second; relative, >= 0
  double min_millis = 0.1;    // of times: smaller changes do not count, however large a share
  double min_points = 0.005;  // of rates and checks; absolute, >= 0
};

enum class ComparisonVerdict { kSame, kBetter, kWorse, kChanged, kNotTested };
const char* ComparisonVerdictName(ComparisonVerdict verdict);

struct Comparison {
  std::string subject;  // "http_req_duration", "check: status is 200", "threshold: ..."
  std::string what;     // "med", "p(95)", "rate", "per second", "value"
  MetricType type = MetricType::kCounter;
  ValueType contains = ValueType::kDefault;
  double base = 0;
  double fresh = 0;
  std::optional<double> change;    // relative; unset where base is 0, or for rates
  std::optional<double> p_value;   // corrected; unset: not tested
  std::optional<double> superior;  // of "med": the chance that a new value is above an old one
  ComparisonVerdict verdict = ComparisonVerdict::kNotTested;
};

// How the two runs ended.
struct ComparedEnds {
  VerdictWord base = VerdictWord::kDone;
  VerdictWord fresh = VerdictWord::kDone;
  std::string reason;  // of the new run; may be empty
  // The new run fell short (FAILED, ABORTED, STOPPED, INTERRUPTED) and the base did not; or all of
  // its iterations threw, and not all of the base's.
  bool worse = false;
};

struct ComparisonReport {
  ComparedEnds ends;
  // Of a run whose load generator was not steady, what spoke against it: "the new run: SUSPECT:
  // ...". Then a difference, or none, may be the generator's own.
  std::vector<std::string> unsteady;
  std::vector<Comparison> comparisons;
  // Metrics with samples in the base and none in the new run, of those that count what a test does
  // (`http_reqs`, `http_req_failed`, `iterations`, `checks`) or have thresholds. They may be in
  // only_in_base, too.
  std::vector<std::string> vanished;
  std::vector<std::string> only_in_base;  // metrics that just one of the runs has
  std::vector<std::string> only_in_new;
  std::vector<std::string> new_failures;  // thresholds that passed before and failed now
  bool regressed() const;
};

ComparisonReport CompareResults(const RunResult& base, const RunResult& fresh,
                                const CompareConfig& config);

// One line of a comparison, for people.
struct ComparisonRow {
  std::string subject;  // "http_req_duration med"
  std::string base;
  std::string fresh;
  std::string change;   // "+3.1%"; empty: there is none to tell
  std::string verdict;  // "worse (p=0.0003)"
};
// In the order of the report's comparisons.
std::vector<ComparisonRow> ComparisonRows(const ComparisonReport& report);
// What of it needs no test, each title with its lines: an unsteady generator, ends that differ,
// metrics that vanished, thresholds that fail now, what only one of the runs has. Without lines:
// nothing is to be told.
struct ComparisonList {
  std::string title;
  std::vector<std::string> lines;
  bool worse = false;
};
std::vector<ComparisonList> ComparisonLists(const ComparisonReport& report);
// "script.js, 30s from 2026-01-02T03:04:05+00:00".
std::string DescribeResult(const RunResult& run);

std::string ComparisonText(const ComparisonReport& report, const RunResult& base,
                           const RunResult& fresh);
nlohmann::json ComparisonJson(const ComparisonReport& report, const CompareConfig& config);

}  // namespace lockstep
