// What gRPC says of a connection that failed, without what it says around it. Pure.
#pragma once

#include "absl/strings/string_view.h"

namespace lockstep {

// "ipv4:127.0.0.1:1: Failed to connect to remote host: Connection refused" of "failed to connect to
// all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Failed to connect to remote host:
// Connection refused"; a text without such a cause as it is.
absl::string_view GrpcCause(absl::string_view text);

}  // namespace lockstep
