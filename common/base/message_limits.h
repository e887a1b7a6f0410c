// What the two programs must agree on beside the protocol's form: how large messages and names may
// be, how many messages may wait, how large a weight is, and how large a fleet.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lockstep {

// What is larger goes in pieces of this size, so that nobody has to take in more at once: least of
// all from a peer that has not yet proved to belong to the fleet.
inline constexpr size_t kPieceBytes = 512 << 10;
// Around a piece, and of what a stranger may say.
inline constexpr size_t kPieceOverheadBytes = 64 << 10;
// Of one message, in however many pieces. Whoever makes a larger one says so instead of sending it.
inline constexpr size_t kMostMessageBytes = 64 << 20;
// Messages of a session that its other end has not acknowledged. With more, the session is over.
inline constexpr size_t kMostUnacknowledged = 100'000;

// Of the URL of a file, and of the name of a queue of rows; 1 at least.
inline constexpr size_t kMostNameBytes = 8192;

// Of an agent; 1 at least.
inline constexpr int64_t kMostWeight = 1'000'000;

// Of a fleet.
inline constexpr int64_t kMostAgents = 10'000;

}  // namespace lockstep
