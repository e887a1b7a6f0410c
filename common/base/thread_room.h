// Whether the system lets this process have the threads that it needs. Libraries that cannot start
// one end the process without a word, or wait for it for ever.
#pragma once

#include "absl/status/status.h"

namespace lockstep {

// Starts `count` threads at once, and ends them. ResourceExhausted, with a sentence for people, if
// there cannot be so many now. All have ended when it returns. Takes about 20 us for each.
absl::Status CheckThreadRoom(int count);

// What to say where starting a thread has failed: `cannot start a thread: the limit of processes
// ...`.
absl::Status NoThreadRoom();

}  // namespace lockstep
