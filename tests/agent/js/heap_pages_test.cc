#include "agent/js/heap_pages.h"

#include <cstring>
#include <memory>
#include <set>

#include <gtest/gtest.h>
#include <libplatform/libplatform.h>

namespace lockstep::agent {
namespace {

using Permission = v8::PageAllocator::Permission;
constexpr size_t kChunk = HeapPages::kChunkBytes;
constexpr size_t kChunksOfArena = HeapPages::kArenaBytes / kChunk;

class HeapPagesTest : public ::testing::Test {
 protected:
  char* Allocate(size_t bytes = kChunk, Permission permission = Permission::kNoAccess) {
    return static_cast<char*>(pages_.AllocatePages(nullptr, bytes, kChunk, permission));
  }
  static uintptr_t AddressOf(const char* memory) { return reinterpret_cast<uintptr_t>(memory); }

  const std::unique_ptr<v8::Platform> platform_ = v8::platform::NewDefaultPlatform(1);
  HeapPages pages_{*platform_->GetPageAllocator()};
};

TEST_F(HeapPagesTest, AnArenaHoldsEightPagesThatStandWhereV8WantsThem) {
  std::set<char*> chunks;
  for (size_t i = 0; i < kChunksOfArena; ++i) {
    chunks.insert(Allocate());
  }
  EXPECT_EQ(chunks.size(), kChunksOfArena);
  EXPECT_EQ(pages_.arenas(), 1U);
  for (char* const chunk : chunks) {
    EXPECT_EQ(AddressOf(chunk) % kChunk, 0U);
    EXPECT_TRUE(pages_.SetPermissions(chunk, kChunk, Permission::kReadWrite));
    memset(chunk, 1, kChunk);
  }
  char* const next = Allocate();
  EXPECT_EQ(pages_.arenas(), 2U);
  EXPECT_EQ(AddressOf(next) % HeapPages::kArenaBytes, 0U);
  EXPECT_TRUE(pages_.FreePages(next, kChunk));
  EXPECT_EQ(pages_.arenas(), 1U);
  for (char* const chunk : chunks) {
    EXPECT_TRUE(pages_.FreePages(chunk, kChunk));
  }
  EXPECT_EQ(pages_.arenas(), 0U);
}

TEST_F(HeapPagesTest, WhatComesBackIsZeroWhenItIsHandedOutAgain) {
  char* const stays = Allocate();
  char* const first = Allocate();
  memset(first, 1, kChunk);
  EXPECT_TRUE(pages_.FreePages(first, kChunk));
  char* const again = Allocate();
  EXPECT_EQ(again, first);
  EXPECT_EQ(again[0], 0);
  EXPECT_EQ(again[kChunk - 1], 0);
  memset(again, 1, kChunk);
  EXPECT_TRUE(pages_.SetPermissions(again, kChunk, Permission::kNoAccess));
  EXPECT_EQ(again[kChunk / 2], 0);
  EXPECT_TRUE(pages_.FreePages(again, kChunk));
  EXPECT_TRUE(pages_.FreePages(stays, kChunk));
}

TEST_F(HeapPagesTest, APageThatV8HasMadeReadOnlyCanBeWrittenByTheNextOwner) {
  char* const stays = Allocate();
  char* const sealed = Allocate();
  const size_t used = kChunk - pages_.CommitPageSize();
  EXPECT_TRUE(pages_.ReleasePages(sealed, kChunk, used));
  EXPECT_TRUE(pages_.SetPermissions(sealed, used, Permission::kRead));
  EXPECT_TRUE(pages_.FreePages(sealed, used));
  char* const again = Allocate();
  EXPECT_EQ(again, sealed);
  memset(again, 1, kChunk);
  EXPECT_TRUE(pages_.FreePages(again, kChunk));
  EXPECT_TRUE(pages_.FreePages(stays, kChunk));
}

TEST_F(HeapPagesTest, LargeObjectsAndCodeAreNotItsBusiness) {
  constexpr size_t kLarge = 3 * kChunk;
  char* const large = Allocate(kLarge, Permission::kReadWrite);
  memset(large, 1, kLarge);
  EXPECT_EQ(pages_.arenas(), 0U);
  EXPECT_TRUE(pages_.FreePages(large, kLarge));
  char* const code = Allocate(kChunk, Permission::kReadExecute);
  EXPECT_EQ(pages_.arenas(), 0U);
  EXPECT_TRUE(pages_.FreePages(code, kChunk));
}

}  // namespace
}  // namespace lockstep::agent
