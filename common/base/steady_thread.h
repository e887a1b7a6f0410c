// For threads whose lateness is a measurement error: asks the kernel to wake them on the dot.
#pragma once

namespace lockstep {

// Timers of the calling thread, and of the threads that it creates from now on, may not be put off
// (by default Linux rounds them up by 50 µs), and where the kernel knows custom slices (6.12), a
// thread that wakes up goes before others that have used more of theirs: a short turn soon instead
// of a long one later. Gives no more of a processor than before, and needs no privilege. What the
// kernel refuses is left as it is.
void SteadyThisThread();

}  // namespace lockstep
