#include "agent/js/heap_pages.h"

#include <bit>

#include <sys/mman.h>

#include "common/base/check.h"

namespace lockstep::agent {
namespace {

constexpr uint8_t kWhole = 0xff;
static_assert(HeapPages::kArenaBytes / HeapPages::kChunkBytes == 8, "a bit for each chunk");

uintptr_t BaseOf(const void* address) {
  return reinterpret_cast<uintptr_t>(address) & ~(HeapPages::kArenaBytes - 1);
}

uint8_t BitOf(const void* address) {
  const size_t chunk = (reinterpret_cast<uintptr_t>(address) & (HeapPages::kArenaBytes - 1)) /
                       HeapPages::kChunkBytes;
  return static_cast<uint8_t>(1U << chunk);
}

void* ToPointer(uintptr_t address) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): addresses are what this is about
  return reinterpret_cast<void*>(address);
}

}  // namespace

HeapPages::~HeapPages() {
  MutexLock lock(mutex_);
  for (const auto& [base, arena] : arenas_) {
    munmap(ToPointer(base), kArenaBytes);
  }
}

size_t HeapPages::arenas() const {
  MutexLock lock(mutex_);
  return arenas_.size();
}

HeapPages::Base HeapPages::MapArena(bool huge) {
  // Twice as much as is needed has an aligned arena in it.
  void* const mapped = mmap(nullptr, 2 * kArenaBytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) {
    return 0;
  }
  const Base begin = reinterpret_cast<uintptr_t>(mapped);
  const Base base = (begin + kArenaBytes - 1) & ~(kArenaBytes - 1);
  if (base > begin) {
    munmap(mapped, base - begin);
  }
  munmap(ToPointer(base + kArenaBytes), begin + kArenaBytes - base);
  // Where the machine's settings forbid huge pages, ordinary ones do; where they give them to all,
  // a process with few VUs wants none.
  madvise(ToPointer(base), kArenaBytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  return base;
}

void* HeapPages::TakeChunk() {
  MutexLock lock(mutex_);
  if (with_room_.empty()) {
    const Base made = MapArena(/*huge=*/arenas_.size() >= kOrdinaryArenas);
    if (made == 0) {
      return nullptr;
    }
    arenas_[made] = {};
    with_room_.insert(made);
  }
  const Base base = *with_room_.begin();
  Arena& arena = arenas_[base];
  const int chunk = std::countr_one(arena.used);
  arena.used = static_cast<uint8_t>(arena.used | 1U << chunk);
  if (arena.used == kWhole) {
    with_room_.erase(base);
  }
  return ToPointer(base + static_cast<size_t>(chunk) * kChunkBytes);
}

HeapPages::Arena* HeapPages::ArenaOf(const void* address) {
  const auto found = arenas_.find(BaseOf(address));
  return found == arenas_.end() ? nullptr : &found->second;
}

bool HeapPages::IsOurs(const void* address) {
  MutexLock lock(mutex_);
  return ArenaOf(address) != nullptr;
}

void* HeapPages::AllocatePages(void* address, size_t length, size_t alignment,
                               Permission permission) {
  const bool page_of_heap = length == kChunkBytes && alignment <= kChunkBytes &&
                            (permission == kNoAccess || permission == kReadWrite);
  return page_of_heap ? TakeChunk()
                      : fallback_.AllocatePages(address, length, alignment, permission);
}

bool HeapPages::FreePages(void* address, size_t length) {
  {
    MutexLock lock(mutex_);
    Arena* const arena = ArenaOf(address);
    if (arena != nullptr) {
      const Base base = BaseOf(address);
      const uint8_t bit = BitOf(address);
      LOCKSTEP_CHECK((arena->used & bit) != 0);
      arena->used = static_cast<uint8_t>(arena->used & ~bit);
      if (arena->used == 0) {
        arenas_.erase(base);
        with_room_.erase(base);
        return munmap(ToPointer(base), kArenaBytes) == 0;
      }
      if ((arena->guarded & bit) != 0) {
        arena->guarded = static_cast<uint8_t>(arena->guarded & ~bit);
        fallback_.SetPermissions(address, kChunkBytes, kReadWrite);
      }
      madvise(address, kChunkBytes, MADV_DONTNEED);
      with_room_.insert(base);
      return true;
    }
  }
  return fallback_.FreePages(address, length);
}

bool HeapPages::ReleasePages(void* address, size_t length, size_t new_length) {
  // The rest of a chunk stays with it.
  return IsOurs(address)
             ? DecommitPages(static_cast<char*>(address) + new_length, length - new_length)
             : fallback_.ReleasePages(address, length, new_length);
}

bool HeapPages::SetPermissions(void* address, size_t length, Permission permission) {
  {
    MutexLock lock(mutex_);
    Arena* const arena = ArenaOf(address);
    if (arena != nullptr && permission == kNoAccess) {
      return madvise(address, length, MADV_DONTNEED) == 0;
    }
    if (arena != nullptr && permission == kReadWrite && (arena->guarded & BitOf(address)) == 0) {
      return true;
    }
    if (arena != nullptr) {
      arena->guarded = static_cast<uint8_t>(arena->guarded | BitOf(address));
    }
  }
  return fallback_.SetPermissions(address, length, permission);
}

bool HeapPages::DecommitPages(void* address, size_t size) {
  return IsOurs(address) ? madvise(address, size, MADV_DONTNEED) == 0
                         : fallback_.DecommitPages(address, size);
}

#if V8_MAJOR_VERSION >= 11
bool HeapPages::RecommitPages(void* address, size_t length, Permission permission) {
  return IsOurs(address) ? SetPermissions(address, length, permission)
                         : fallback_.RecommitPages(address, length, permission);
}
#endif

}  // namespace lockstep::agent
