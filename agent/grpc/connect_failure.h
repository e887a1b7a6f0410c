// Why a gRPC connection failed, for people. Pure.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// `said` is what gRPC says of a call over the channel that failed; `place` is "127.0.0.1:50051". In
// the words that k6 has, and otherwise in gRPC's without its own way to write addresses and errors:
// "transport: error while dialing: dial tcp 127.0.0.1:50051: connect: connection refused".
std::string ConnectFailure(absl::string_view said, absl::string_view place);

}  // namespace lockstep::agent
