#include "coordinator/page/panel_parts.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "common/options/duration.h"
#include "common/summary/format.h"

namespace lockstep::coordinator {

const ResultMetric* FindMetric(const RunResult& result, absl::string_view key) {
  const auto found = std::find_if(result.metrics.begin(), result.metrics.end(),
                                  [key](const ResultMetric& each) { return each.key == key; });
  return found == result.metrics.end() ? nullptr : &*found;
}

double SumOf(const RunResult& result, absl::string_view key) {
  const ResultMetric* metric = FindMetric(result, key);
  return metric == nullptr ? 0 : metric->aggregate.counter().sum();
}

double PerSecond(const RunResult& result, double sum) {
  const double seconds = absl::ToDoubleSeconds(result.duration);
  return seconds > 0 ? sum / seconds : 0;
}

HtmlTable::Cell CountCell(double value) {
  return {CountText(value), value};
}

HtmlTable::Cell MillisCell(double value) {
  return {FormatValue(value, ValueType::kTime, ""), value};
}

HtmlTable::Cell RateCell(double per_s) {
  return {absl::StrCat(FormatNumber(per_s, per_s < 10 ? 2 : 1), "/s"), per_s};
}

HtmlTable::Cell PercentCell(double share) {
  return {FormatPercent(share), share};
}

std::string SecondsText(double seconds) {
  return DurationText(absl::Milliseconds(static_cast<int64_t>(seconds * 10) * 100));
}

}  // namespace lockstep::coordinator
