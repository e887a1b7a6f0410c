// What the system knows of a TCP connection's client.
#pragma once

#include "absl/time/time.h"

namespace lockstep {

// The client has been there for so long, and has sent nothing at all. False if `fd` is no TCP
// connection. Any thread.
bool HasBeenSilentFor(absl::Duration span, int fd);

}  // namespace lockstep
