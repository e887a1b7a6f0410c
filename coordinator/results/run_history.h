// What a run shows of itself, as a Timeline and a History have it. Pure.
#pragma once

#include "lockstep/v1/status.pb.h"

#include "common/timeline/timeline.h"
#include "coordinator/core/run.h"

namespace lockstep::coordinator {

// As of now. `status` is the run's Snapshot.
TimelineTick MakeTimelineTick(const Run& run, const v1::RunStatus& status);

// Adds the scenarios, and of the environment what the agents have told: their number, names, shares
// of the work and processors.
void DescribeFleet(const Run& run, const v1::RunStatus& status, History* history);

}  // namespace lockstep::coordinator
