// How an agent's part of a run stands, as messages of the control protocol. Pure.
#pragma once

#include "lockstep/v1/control.pb.h"

#include "agent/exec/scenario_engine.h"

namespace lockstep::agent {

// Without `health`.
v1::Progress ProgressOf(const EngineSnapshot& snapshot);

// What the agent's process and host say of themselves, with what its executors say.
v1::Health HealthOf(v1::Health of_process, const EngineSnapshot& snapshot);

}  // namespace lockstep::agent
