// Where V8's heaps have their pages: chunks of arenas that the kernel may back with huge pages. V8
// maps each of its pages by itself, so that each 4 KB of them cost a page fault, which is a third
// of what it takes to make a context, and an entry of the processor's translation cache, of which a
// thousand contexts need more than there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>

#include <v8-platform.h>
#include <v8-version.h>

#include "common/base/sync.h"

namespace lockstep::agent {

// Whatever is not a page of a heap (large objects, code) is left to V8's own allocator. Any thread.
class HeapPages final : public v8::PageAllocator {
 public:
  // Of a page of V8's heap; it stands at a multiple of that.
  static constexpr size_t kChunkBytes = size_t{256} << 10;
  // Of a huge page.
  static constexpr size_t kArenaBytes = size_t{2} << 20;
  // As many arenas stay in ordinary pages: what a few VUs need is less than half of a huge page
  // each.
  static constexpr size_t kOrdinaryArenas = 2;

  // `fallback` outlives the pages.
  explicit HeapPages(v8::PageAllocator& fallback) : fallback_(fallback) {}
  ~HeapPages() override;
  HeapPages(const HeapPages&) = delete;
  HeapPages& operator=(const HeapPages&) = delete;

  // How many arenas are mapped.
  size_t arenas() const;

  // v8::PageAllocator. A chunk can be read and written from the start, also where no access is
  // asked for: V8 reserves a page and makes it accessible at once. Chunks are all zero when handed
  // out.
  size_t AllocatePageSize() override { return fallback_.AllocatePageSize(); }
  size_t CommitPageSize() override { return fallback_.CommitPageSize(); }
  void SetRandomMmapSeed(int64_t seed) override { fallback_.SetRandomMmapSeed(seed); }
  void* GetRandomMmapAddr() override { return fallback_.GetRandomMmapAddr(); }
  void* AllocatePages(void* address, size_t length, size_t alignment,
                      Permission permission) override;
  bool FreePages(void* address, size_t length) override;
  bool ReleasePages(void* address, size_t length, size_t new_length) override;
  bool SetPermissions(void* address, size_t length, Permission permission) override;
  bool DiscardSystemPages(void* address, size_t size) override {
    return fallback_.DiscardSystemPages(address, size);
  }
  bool DecommitPages(void* address, size_t size) override;
#if V8_MAJOR_VERSION >= 11
  bool RecommitPages(void* address, size_t length, Permission permission) override;
#endif

 private:
  // Bits, one a chunk.
  struct Arena {
    uint8_t used = 0;
    uint8_t guarded = 0;  // V8 has changed what may be done with it
  };
  using Base = uintptr_t;

  // Null: the system has no more memory.
  void* TakeChunk();
  // Maps one more arena; 0: there is no memory.
  static Base MapArena(bool huge);
  // The arena of an address, or null for what is not ours.
  Arena* ArenaOf(const void* address) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsOurs(const void* address);

  v8::PageAllocator& fallback_;
  mutable Mutex mutex_;
  std::map<Base, Arena> arenas_ ABSL_GUARDED_BY(mutex_);
  std::set<Base> with_room_ ABSL_GUARDED_BY(mutex_);  // lowest first, so that others become empty
};

}  // namespace lockstep::agent
