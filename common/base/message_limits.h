// How large messages between the two programs may be.
#pragma once

#include <cstddef>

namespace lockstep {

// What is larger goes in pieces of this size, so that nobody has to take in more at once: least of all
// from a peer that has not yet proved to belong to the fleet.
inline constexpr size_t kPieceBytes = 512 << 10;
// Around a piece, and of what a stranger may say.
inline constexpr size_t kPieceOverheadBytes = 64 << 10;
// Of one message, in however many pieces. Whoever makes a larger one says so instead of sending it.
inline constexpr size_t kMostMessageBytes = 64 << 20;

}  // namespace lockstep
