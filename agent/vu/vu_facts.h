// What a script is told of the scenario and of the agent that it runs in (k6/execution). Any
// thread.
#pragma once

#include <cstddef>

#include "agent/exec/vu.h"
#include "agent/js/k6/api_vu.h"
#include "agent/vu/run_shared.h"
#include "common/base/clock.h"

namespace lockstep::agent {

// Of the run's scenario number `scenario`, in which `iteration` runs.
ScenarioFacts ScenarioFactsOf(const RunShared& run, size_t scenario, const Iteration& iteration,
                              MonoTime now);
InstanceFacts InstanceFactsOf(const RunShared& run, MonoTime now);

}  // namespace lockstep::agent
