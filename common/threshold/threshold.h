// Thresholds: `p(95)<500` on a metric or submetric, parsed, and judged on the run's aggregates.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "common/metrics/aggregate.h"
#include "common/metrics/aggregate_store.h"
#include "common/options/options.h"

namespace lockstep {

struct ThresholdExpression {
  enum class Op { kLess, kLessEqual, kGreater, kGreaterEqual, kEqual, kStrictEqual, kNotEqual };
  std::string text;         // as written
  std::string method_text;  // "p(95)"
  AggregateMethod method;
  Op op = Op::kLess;
  double limit = 0;
  bool Holds(double value) const;
};

// `<method> <operator> <number>`. InvalidArgument: `failed parsing threshold expression "X";
// reason: ...`.
absl::StatusOr<ThresholdExpression> ParseThreshold(absl::string_view text);
// Whether metrics of `type` have this method. InvalidArgument: `unsupported aggregation method p on
// metric of type counter. supported aggregation methods for this metric are: count, rate`.
absl::Status CheckMethod(const ThresholdExpression& expression, MetricType type);

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
  std::vector<Threshold> thresholds;  // in the user's order
  bool ok() const;
};

// All thresholds of a run. Where a verdict's number comes from is one function of the source, so
// thresholds over a sliding window need only another source.
class ThresholdSet {
 public:
  ThresholdSet() = default;
  // InvalidArgument with all errors, one a line: expressions, metrics that `known` lacks, methods
  // that a type lacks.
  static absl::StatusOr<ThresholdSet> Create(
      const std::map<std::string, std::vector<ThresholdConfig>>& config,
      const MetricRegistry& known);
  // Asks `store` for the submetrics.
  absl::Status Register(AggregateStore* store) const;

  struct Outcome {
    std::vector<std::string> crossed;  // keys, in order
    bool abort = false;                // one of them has abortOnFail, and its delay is over
  };
  // While running: what has no samples yet is not judged.
  Outcome Evaluate(const AggregateStore& store, absl::Duration elapsed);
  // For the last time; without samples all but counters' thresholds pass.
  Outcome EvaluateFinal(const AggregateStore& store, absl::Duration elapsed);
  const std::vector<MetricThresholds>& metrics() const {
    return metrics_;
  }  // in the order of their keys
  bool empty() const { return metrics_.empty(); }

 private:
  Outcome Judge(const AggregateStore& store, absl::Duration elapsed, bool final);
  std::vector<MetricThresholds> metrics_;
};

// `thresholds on metrics 'a, b' have been crossed`, and of those that stop a run.
std::string CrossedMessage(const ThresholdSet::Outcome& outcome);

}  // namespace lockstep
