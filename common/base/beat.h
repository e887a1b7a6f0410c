// A beat that several machines keep, each by its own estimate of one instant.
#pragma once

#include "absl/time/time.h"

#include "common/base/clock.h"

namespace lockstep {

// The first of the instants base + period, base + 2 period, ... that is later than `now`.
// `period` > 0.
MonoTime NextBeat(MonoTime base, absl::Duration period, MonoTime now);

}  // namespace lockstep
