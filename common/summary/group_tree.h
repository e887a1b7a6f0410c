// The groups and checks of a run as a tree, in the order in which they were first seen.
#pragma once

#include <set>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

#include "common/metrics/aggregate_store.h"
#include "common/summary/summary.h"

namespace lockstep {

// What the checks of samples without the tag `check` are counted under, as of a test without this
// system tag: the counts of a tree's checks are those of the metric `checks`, whatever tags the
// test keeps.
inline constexpr absl::string_view kNamelessChecks = "(checks without the tag check)";

// The root of the tree that the series make whose tags `wanted` accepts. `others` are paths
// ("::outer::inner") of groups that come last where no series is of them.
SummaryGroup BuildGroups(const AggregateStore& store,
                         absl::FunctionRef<bool(const TagList&)> wanted,
                         const std::set<std::string>& others = {});

}  // namespace lockstep
