// The statistics of a trend by their names: avg, min, max, med, count, sum and p(N) with N from 0
// to 100.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "common/metrics/aggregate.h"

namespace lockstep {

// The options know fewer: they leave out `sum`, as k6 does.
bool IsTrendStatistic(absl::string_view name);

// In the order of `names`; 0 for a name that is none, and for a trend without values.
std::vector<double> TrendStatistics(const Trend& trend, absl::Span<const std::string> names);

}  // namespace lockstep
