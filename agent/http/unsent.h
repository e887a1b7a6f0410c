// How much of what a script sends over one connection may wait for its server to take it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lockstep::agent {

inline constexpr int64_t kMostUnsentBytes = int64_t{64} << 20;

// Whether one more message may wait with those of `unsent_bytes`. One alone may be longer.
inline bool MayWait(int64_t unsent_bytes, size_t message_bytes) {
  return unsent_bytes == 0 ||
         unsent_bytes + static_cast<int64_t>(message_bytes) <= kMostUnsentBytes;
}

}  // namespace lockstep::agent
