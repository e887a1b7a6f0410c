// Numbers as the summary prints them: durations and rates cut off, not rounded, so that 99.996 %
// never reads as 100 %.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

#include "common/metrics/metric.h"

namespace lockstep {

// At most `decimals` digits after the point, rounded, without zeros at the end: "3", "4.5".
std::string FormatNumber(double value, int decimals = 6);
// "25.00%" of 0.25.
std::string FormatPercent(double share);
// "999 B", "1.0 kB", "12 kB": base 1000.
std::string FormatBytes(double bytes);
// "500ns", "123.45ms", "1m1s"; with `unit` "s", "ms" or "us" always in that unit, to two decimals.
std::string FormatDuration(double milliseconds, absl::string_view unit);
std::string FormatValue(double value, ValueType contains, absl::string_view time_unit);
// What a threshold compares, with `method` of a metric of that type: a rate in percent, a counter's
// `rate` by the second.
std::string FormatObserved(double value, MetricType type, ValueType contains,
                           absl::string_view method, absl::string_view time_unit);

}  // namespace lockstep
