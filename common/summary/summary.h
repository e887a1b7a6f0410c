// The end of a run for people and programs: one model, built once from the aggregates and the
// thresholds, and several renderings of it as pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

#include "common/metrics/aggregate_store.h"
#include "common/metrics/error_table.h"
#include "common/options/options.h"
#include "common/threshold/threshold.h"

namespace lockstep {

enum class SummaryMode { kCompact, kFull, kDisabled };
// In the words of --summary-mode.
inline constexpr std::pair<absl::string_view, SummaryMode> kSummaryModes[] = {
    {"compact", SummaryMode::kCompact},
    {"full", SummaryMode::kFull},
    {"disabled", SummaryMode::kDisabled}};

struct SummaryConfig {
  std::vector<std::string> trend_stats = DefaultTrendStats();
  std::string time_unit = {};               // "s", "ms", "us"; empty: whichever fits
  std::vector<std::string> scenarios = {};  // in the order of the full mode
  bool http_errors = false;                 // the option is set: its metrics are asked for
};
// The tags that the store breaks down for this mode (AggregateStore::Config).
std::vector<std::vector<std::string>> BreakdownTags(SummaryMode mode);

struct SummaryThreshold {
  std::string expression;
  std::string method;  // "p(95)"
  bool ok = true;
  std::optional<double> value;
};

struct SummaryMetric {
  std::string key;     // with tags, if a submetric
  std::string parent;  // of a submetric, else empty
  std::string tags;    // "status:200" of a submetric
  MetricType type = MetricType::kCounter;
  ValueType contains = ValueType::kDefault;
  bool builtin = false;
  bool empty = false;  // not a single sample
  uint64_t samples = 0;
  bool asked_for = true;  // by a threshold, or by k6's rules; else it is only in the text
  // Counter: count, rate. Gauge: value, min, max. Rate: rate, passes, fails. Trend: the configured
  // statistics.
  std::vector<std::pair<std::string, double>> values;
  std::vector<SummaryThreshold> thresholds;
  // 0 if there is none.
  double Value(absl::string_view name) const;
  // Whether its thresholds had nothing to judge, and so say nothing.
  bool judged_nothing() const;
};

struct SummaryCheck {
  std::string name;
  std::string path;  // "::group::check"
  FirstSeen first_seen;
  uint64_t passes = 0;
  uint64_t fails = 0;
};

struct SummaryGroup {
  std::string name;
  std::string path;  // "::outer::inner"; empty for the root
  std::vector<SummaryCheck> checks;
  std::vector<SummaryGroup> groups;
};

// The id by which programs know a group or check: the MD5 of its path, as 32 hexadecimal digits.
std::string SummaryId(absl::string_view path);

// The checks of a group and all groups inside it, in the order in which they were first seen.
std::vector<SummaryCheck> AllChecks(const SummaryGroup& group);

// Results of one group or scenario, for the full mode: a group's without those of the groups in it,
// a scenario's with all.
struct SummaryPart {
  std::string name;
  std::vector<SummaryMetric> metrics;
  std::vector<SummaryCheck> checks;
  std::vector<SummaryPart> groups;
};

struct Summary {
  SummaryConfig config;
  absl::Duration duration;             // of the run
  std::vector<SummaryMetric> metrics;  // by name, submetrics after their parent
  SummaryGroup root;
  std::vector<SummaryPart> groups;     // of the scenario "default", and outside of all
  std::vector<SummaryPart> scenarios;  // but "default"
  bool thresholds_ok = true;
  // What failed, by cause, the most frequent first; and the failures that have no row there.
  std::vector<ErrorRow> errors;
  uint64_t folded_errors = 0;
  uint64_t interrupted = 0;  // iterations that were cut before their end; no metric counts them
  // What did not arrive at an output, a sentence for each: shown at the end of the text.
  std::vector<std::string> lost;
};

// `thresholds` has been evaluated for the last time.
Summary BuildSummary(const AggregateStore& store, const ThresholdSet& thresholds,
                     SummaryConfig config, absl::Duration duration);

struct TextOptions {
  SummaryMode mode = SummaryMode::kCompact;
  bool color = false;
};
// k6's end-of-test text. Empty for kDisabled.
std::string RenderText(const Summary& summary, const TextOptions& options);

struct SummaryEnvironment {
  bool no_color = false;
  bool stdout_is_tty = false;
  bool stderr_is_tty = false;
  std::optional<std::string> setup_data_json;  // nullopt: setup returned nothing
};
// What handleSummary(data) gets.
nlohmann::json HandleSummaryData(const Summary& summary, const SummaryEnvironment& environment);
// Rows of the table of errors, as all JSON has them: `cause`, `method`, `name`, `count`, `first`
// (RFC 3339) and `agents` (how many on each).
nlohmann::json ErrorsJson(const std::vector<ErrorRow>& errors);
// The older shape, for --summary-export: a threshold that is true has failed.
nlohmann::json SummaryExport(const Summary& summary);

// The newer shape of both, as k6 2.2 writes its schema 1.0.0. `script`: its path or name.
nlohmann::json MachineReadableSummary(const Summary& summary, const std::string& script,
                                      absl::Time now);
// Whole numbers as integers, so that 55 does not print as 55.0.
nlohmann::json ExactNumber(double value);

}  // namespace lockstep
