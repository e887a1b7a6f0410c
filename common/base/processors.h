// How much of the machine is this process's to use.
#pragma once

namespace lockstep {

// The processors that this process may run on (sched_getaffinity), at least 1. Limits of control
// groups are not in it.
int Processors();

}  // namespace lockstep
