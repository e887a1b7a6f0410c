#include "common/summary/trend_statistic.h"

#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"

namespace lockstep {
namespace {

// Of `p(90)` and `med`, as a fraction.
std::optional<double> PercentileOf(absl::string_view statistic) {
  double percent = statistic == "med" ? 50 : -1;
  if (absl::ConsumePrefix(&statistic, "p(") && absl::ConsumeSuffix(&statistic, ")") &&
      !absl::SimpleAtod(statistic, &percent)) {
    return std::nullopt;
  }
  return percent >= 0 && percent <= 100 ? std::optional(percent / 100) : std::nullopt;
}

// Of what is no percentile.
std::optional<double> PlainStatistic(const Trend& trend, absl::string_view name) {
  return name == "avg"     ? std::optional(trend.avg())
         : name == "min"   ? std::optional(trend.min())
         : name == "max"   ? std::optional(trend.max())
         : name == "sum"   ? std::optional(trend.sum())
         : name == "count" ? std::optional(static_cast<double>(trend.count()))
                           : std::nullopt;
}

}  // namespace

bool IsTrendStatistic(absl::string_view name) {
  return PercentileOf(name).has_value() || PlainStatistic(Trend(), name).has_value();
}

std::vector<double> TrendStatistics(const Trend& trend, absl::Span<const std::string> names) {
  std::vector<double> fractions;
  for (const std::string& name : names) {
    if (const std::optional<double> fraction = PercentileOf(name)) {
      fractions.push_back(*fraction);
    }
  }
  const std::vector<double> percentiles = trend.Percentiles(fractions);
  auto percentile = percentiles.begin();
  std::vector<double> values;
  for (const std::string& name : names) {
    values.push_back(PercentileOf(name).has_value() ? *percentile++
                                                    : PlainStatistic(trend, name).value_or(0));
  }
  return values;
}

}  // namespace lockstep
