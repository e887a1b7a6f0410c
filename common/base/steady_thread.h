// For threads whose lateness is a measurement error: asks the kernel to wake them on the dot.
#pragma once

namespace lockstep {

// From now on, timers of the calling thread, and of the threads that it creates, are not deferred
// (by default Linux may delay them by 50 µs). Where the kernel supports custom slices (6.12), a
// thread that wakes up also goes before others that have used more of theirs: it gets a short turn
// soon rather than a long one later. This gives it no larger share of the processor, and needs no
// privilege. What the kernel refuses is left as it is.
void SteadyThisThread();

}  // namespace lockstep
