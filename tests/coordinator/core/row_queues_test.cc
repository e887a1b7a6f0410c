#include "coordinator/core/row_queues.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

TEST(RowQueues, GivesEachRowOnceInShrinkingBlocks) {
  RowQueues queues;
  std::vector<int64_t> counts;
  int64_t next = 0;
  while (true) {
    const auto block = queues.Lease("q", 100, false, 5);
    ASSERT_TRUE(block.ok()) << block.status();
    if (block->count == 0) {
      break;
    }
    EXPECT_EQ(block->first, next);
    next += block->count;
    counts.push_back(block->count);
  }
  EXPECT_EQ(next, 100);
  // A 20th of what is left, and at least 1: 100, 95, 91, 87, 83, 79 ...
  EXPECT_THAT(std::vector<int64_t>(counts.begin(), counts.begin() + 6),
              ::testing::ElementsAre(5, 4, 4, 4, 4, 3));
  EXPECT_EQ(counts.back(), 1);
}

TEST(RowQueues, AWrappingQueueNeverEndsAndBlocksHaveALimit) {
  RowQueues queues;
  EXPECT_EQ(queues.Lease("w", 2, true, 3)->first, 0);
  EXPECT_EQ(queues.Lease("w", 2, true, 3)->first, 1);
  EXPECT_EQ(queues.Lease("w", 2, true, 3)->first, 2);
  EXPECT_EQ(queues.Lease("big", 1'000'000, false, 1)->count, 256);
}

TEST(RowQueues, RefusesAnotherSizeAndTooManyQueues) {
  RowQueues queues;
  ASSERT_TRUE(queues.Lease("q", 3, false, 1).ok());
  EXPECT_EQ(queues.Lease("q", 4, false, 1).status().message(),
            "row_lease.rows: the queue \"q\" has 3 rows and does not wrap, got 4 and not wrapping");
  EXPECT_FALSE(queues.Lease("q", 3, true, 1).ok());
  for (int i = 0; i < 999; ++i) {
    ASSERT_TRUE(queues.Lease(std::to_string(i), 1, false, 1).ok());
  }
  EXPECT_EQ(queues.Lease("one more", 1, false, 1).status().message(),
            "row_lease.queue: a run has at most 1000 queues");
  EXPECT_TRUE(queues.Lease("q", 3, false, 1).ok());
}

}  // namespace
}  // namespace lockstep::coordinator
