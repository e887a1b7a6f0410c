// From what inspection has found out to what the fleet is to do. A pure function.
#pragma once

#include "absl/status/statusor.h"

#include "common/options/options.h"
#include "common/plan/plan.h"
#include "common/segment/execution_segment.h"
#include "coordinator/app/commands.h"
#include "coordinator/app/resolve.h"
#include "coordinator/core/run_parts.h"

namespace lockstep::coordinator {

struct PlannedTest {
  ResolvedOptions options;
  SegmentTuple segment;  // what the whole fleet runs of the test
  InstancePlan whole;    // of that segment
  TestPlan plan;
};

// `resolved` has no errors. InvalidArgument for a test that cannot be run this way:
// --execution-segment with several agents, or where work moves.
absl::StatusOr<PlannedTest> PlanTest(ResolvedOptions resolved, const v1::Inspected& inspected,
                                     const RunSettingsFlags& flags);

}  // namespace lockstep::coordinator
