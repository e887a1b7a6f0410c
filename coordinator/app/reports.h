// What a run leaves behind: texts and files.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/base/log.h"
#include "coordinator/app/named_files.h"
#include "coordinator/app/planned_test.h"

namespace lockstep::coordinator {

// What `lockstep inspect` prints: the options as JSON, with `totalDuration` and `maxVUs` if asked
// for.
std::string InspectionText(const PlannedTest& test, bool execution_requirements);

// What `lockstep plan` prints: the part of each of the agents with these weights, or the part that
// --execution-segment names. As text or JSON, see common/plan/fleet_plan.h.
absl::StatusOr<std::string> PlanText(const PlannedTest& test, const std::vector<int64_t>& weights,
                                     bool json);

// Writes what handleSummary returned: "stdout", "stderr", and files by their paths. What cannot be
// written is logged, and the first of it returned.
// `inputs` are what the test has read: none of them is written over.
absl::Status WriteSummaryOutputs(const std::map<std::string, std::string>& outputs,
                                 const std::vector<NamedFile>& inputs, Logger& logger);

}  // namespace lockstep::coordinator
