// How much of the fleet's work an agent asks for at a time.
#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace lockstep::agent {

// An agent holds work for about so long, so that little is lost with it.
inline constexpr absl::Duration kLeaseAhead = absl::Seconds(1);

// How many iterations begin within kLeaseAhead at the speed of `begun` in `elapsed`, rounded up.
// Over a quarter of that time at least, as all VUs may have begun at one instant. So a lease grows
// to four times the one before at most.
int64_t IterationsAhead(int64_t begun, absl::Duration elapsed);

}  // namespace lockstep::agent
