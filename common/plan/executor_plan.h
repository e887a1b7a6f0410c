// What one instance does of each kind of executor, and the line that says it. Internal to
// common/plan.
#pragma once

#include <string>

#include "absl/status/status.h"

#include "common/options/options.h"
#include "common/plan/plan.h"
#include "common/segment/execution_segment.h"

namespace lockstep {

// Fills in what depends on the executor. `plan` has the times that all executors have, and
// `segment`.
absl::Status PlanExecutor(const ScenarioConfig& scenario, const SegmentTuple& segment,
                          ScenarioPlan* plan);

// "1m30s", or "infinite".
std::string LengthText(absl::Duration duration);

}  // namespace lockstep
