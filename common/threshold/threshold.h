// Thresholds: `p(95)<500` on a metric or submetric, parsed, and judged on the run's aggregates: on
// the whole run so far, or, with `p(95)<500 over 30s`, on each window of 30 s in it.
//
// A threshold over a window is judged each second once a whole window has passed, and once at the
// end (then also on a run that was shorter than its window). It fails if any window fails, and its
// value is the worst window's. Windows are cut where batches are: one may hold up to a second more
// than it says (a window of more than five minutes, up to 1/300 of its length and a second more).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "common/metrics/aggregate_store.h"
#include "common/metrics/sliding_window.h"
#include "common/options/options.h"
#include "common/threshold/expression.h"

namespace lockstep {

// The values are those of v1::ThresholdStatus::Verdict.
enum class ThresholdVerdict { kNoData, kPassing, kFailing };

struct Threshold {
  ThresholdExpression expression;
  bool abort_on_fail = false;
  absl::Duration delay_abort_eval = absl::ZeroDuration();
  // Of the last evaluation.
  ThresholdVerdict verdict = ThresholdVerdict::kNoData;
  std::optional<double> value;  // the expression's left side
  // What the summary shows: at the end, no data passes.
  bool ok() const { return verdict != ThresholdVerdict::kFailing; }
};

struct MetricThresholds {
  MetricKey key;
  std::map<absl::Duration, SlidingWindow> windows;  // by their lengths
  std::vector<Threshold> thresholds;                // in the user's order
  bool ok() const;
};

// All thresholds of a run.
class ThresholdSet {
 public:
  ThresholdSet() = default;
  // InvalidArgument with all errors, one a line: expressions, metrics that `known` lacks, methods
  // that a type lacks.
  static absl::StatusOr<ThresholdSet> Create(
      const std::map<std::string, std::vector<ThresholdConfig>>& config,
      const MetricRegistry& known);
  // Asks `store` for the submetrics, and for the deltas that windows are made of.
  absl::Status Register(AggregateStore* store) const;

  struct Outcome {
    std::vector<std::string> crossed;  // keys, in order
    // At the end: keys of what has no sample, and so was not judged.
    std::vector<std::string> unmatched;
    bool abort = false;  // one of them has abortOnFail, and its delay is over
  };
  // While running, once a second, with the store of Register: what has no samples yet is not
  // judged.
  Outcome Evaluate(AggregateStore& store, absl::Duration elapsed);
  // For the last time; without samples counters, gauges and trends are 0, and rates pass.
  Outcome EvaluateFinal(AggregateStore& store, absl::Duration elapsed);
  const std::vector<MetricThresholds>& metrics() const {
    return metrics_;
  }  // in the order of their keys
  bool empty() const { return metrics_.empty(); }

 private:
  // Keys that are one but for spaces share an entry: the deltas of a metric can be taken once only.
  void Add(MetricThresholds metric);
  Outcome Judge(AggregateStore& store, absl::Duration elapsed, bool final);
  std::vector<MetricThresholds> metrics_;
};

// Whether thresholds on a metric without a single sample judge nothing. A counter that was never
// added to is 0, and that is a measurement; a submetric of one may as well have a misspelled tag.
constexpr bool JudgesNothingWithoutSamples(bool is_submetric, MetricType type) {
  return is_submetric || type != MetricType::kCounter;
}

// What to tell of an unmatched key: with tags it is nearly always a typo.
std::string UnmatchedMessage(absl::string_view key);
// `thresholds on metrics 'a, b' have been crossed`, and of those that stop a run.
std::string CrossedMessage(const ThresholdSet::Outcome& outcome);

}  // namespace lockstep
