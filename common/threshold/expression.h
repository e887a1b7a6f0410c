// What a threshold says: `p(95)<500`, or `p(95)<500 over 30s`, parsed.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "common/metrics/aggregate.h"

namespace lockstep {

struct ThresholdExpression {
  enum class Op { kLess, kLessEqual, kGreater, kGreaterEqual, kEqual, kStrictEqual, kNotEqual };
  std::string text;         // as written
  std::string method_text;  // "p(95)"
  AggregateMethod method;
  Op op = Op::kLess;
  double limit = 0;
  absl::Duration window = absl::ZeroDuration();  // 0: the whole run
  bool Holds(double value) const;
  // Whether `value` is further on the wrong side than `other`, or less far on the right one.
  bool Worse(double value, double other) const;
};

// Bounds of a window.
inline constexpr absl::Duration kShortestWindow = absl::Seconds(1);
inline constexpr absl::Duration kLongestWindow = absl::Hours(1);

// `<method> <operator> <number>`, and perhaps ` over <duration>`. InvalidArgument: `failed parsing
// threshold expression "X"; reason: ...`.
absl::StatusOr<ThresholdExpression> ParseThreshold(absl::string_view text);

// Whether metrics of `type` have its method. InvalidArgument: `unsupported aggregation method p on
// metric of type counter. supported aggregation methods for this metric are: count, rate`.
absl::Status CheckMethod(const ThresholdExpression& expression, MetricType type);

}  // namespace lockstep
