// Memory that is going to be used soon. Where thousands of VUs have their turns one after the
// other, nothing of the next one is in the processor's caches any more: each line of it is fetched
// as it is touched, one after the other, unless it has been asked for before.
#pragma once

#include <cstddef>

namespace lockstep {

// Asks the processor to fetch `bytes` from `begin` into its caches, to be written to. It need not
// be memory of this process: then nothing happens. Any thread.
inline void Prefetch(const void* begin, size_t bytes) {
  constexpr size_t kCacheLineBytes = 64;
  const char* const first = static_cast<const char*>(begin);
  for (size_t at = 0; at < bytes; at += kCacheLineBytes) {
    __builtin_prefetch(first + at, /*rw=*/1);
  }
}

template <typename Object>
void Prefetch(const Object& object) {
  Prefetch(&object, sizeof object);
}

}  // namespace lockstep
