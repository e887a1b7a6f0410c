// Names of things in the coordinator's core.
#pragma once

#include <cstdint>

namespace lockstep::coordinator {

// One agent's membership, from its first Join to its loss or the end. Never used again.
enum class AgentId : uint32_t {};
// One gRPC stream (or its like in a simulation). Never used again.
enum class ConnectionId : uint64_t {};

}  // namespace lockstep::coordinator
