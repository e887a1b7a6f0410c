// From what inspection tells to what the fleet does: the script's options merged with all other
// tiers, judged, planned. A function of its inputs.
#pragma once

#include "absl/status/statusor.h"

#include "common/options/options.h"
#include "common/plan/plan.h"
#include "common/segment/execution_segment.h"
#include "coordinator/cli/resolve.h"
#include "coordinator/core/run_parts.h"

namespace lockstep::coordinator {

struct PlannedTest {
  ResolvedOptions options;
  SegmentTuple segment;  // what the whole fleet runs of the test
  InstancePlan whole;    // of that segment
  TestPlan plan;
};

// InvalidArgument, with all errors, for a test that cannot be run so; also for --execution-segment
// with several agents.
absl::StatusOr<PlannedTest> PlanTest(const OptionTiers& tiers, const v1::Inspected& inspected,
                                     int64_t agents);

}  // namespace lockstep::coordinator
