#include "coordinator/page/panel_parts.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "common/options/duration.h"
#include "common/summary/format.h"

namespace lockstep::coordinator {

const Aggregate* FindMetric(const RunResult& result, absl::string_view key) {
  const auto found = std::find_if(result.metrics.begin(), result.metrics.end(),
                                  [key](const ResultMetric& each) { return each.key == key; });
  return found == result.metrics.end() ? nullptr : &found->aggregate;
}

double SumOf(const RunResult& result, absl::string_view key) {
  const Aggregate* counter = FindMetric(result, key);
  return counter == nullptr ? 0 : counter->counter().sum();
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
