// What holds of every simulated run whose work moves, and a fleet to begin with.
#pragma once

#include <cstdint>

#include "tests/sim/sim_fleet.h"

namespace lockstep::testing {

// Four agents; a rate of 40/s for half a minute, and a pool that takes them about 20 s.
SimSetup FourAgents(uint64_t seed);
// All starts together are those of a single instance, but for those that are missing with an agent,
// by name. What is amiss fails the test.
void CheckMoved(const SimOutcome& outcome);

}  // namespace lockstep::testing
