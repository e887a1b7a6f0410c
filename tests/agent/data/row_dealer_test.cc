#include "agent/data/row_dealer.h"

#include <algorithm>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using Turn = RowDealer::Turn;

RowTable Numbers(int64_t rows) {
  std::string text = "n\n";
  for (int64_t i = 0; i < rows; ++i) {
    text += std::to_string(i) + "\n";
  }
  return *RowTable::Parse(text, {});
}

// All rows that three agents get, each asking until it gets no more.
TEST(RowDealer, UniqueRowsAreDividedAsIterationsAre) {
  const SegmentSequence sequence = *SegmentSequence::Parse("0,1/4,1/2,1");
  std::vector<int64_t> all;
  std::vector<int64_t> last;
  for (size_t agent = 0; agent < 3; ++agent) {
    RowDealer dealer(Numbers(101), {});
    const SegmentTuple segment = *SegmentTuple::Make(sequence, agent);
    last.clear();
    while (const std::optional<int64_t> row = dealer.NextUnique(segment)) {
      last.push_back(*row);
      all.push_back(*row);
    }
  }
  // 50/25/25 have the pattern 2 0 2 1 (the longest first): the third agent has every other row.
  EXPECT_EQ(last.size(), 51u);
  EXPECT_THAT(std::vector<int64_t>(last.begin(), last.begin() + 3), ElementsAre(0, 2, 4));
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), 101u);
  for (int64_t i = 0; i < 101; ++i) {
    EXPECT_EQ(all[static_cast<size_t>(i)], i);
  }
}

TEST(RowDealer, WrapsIfItIsToldTo) {
  RowDealer wrapping(Numbers(2), {.wrap = true});
  EXPECT_EQ(wrapping.NextUnique(SegmentTuple()), 0);
  EXPECT_EQ(wrapping.NextUnique(SegmentTuple()), 1);
  EXPECT_EQ(wrapping.NextUnique(SegmentTuple()), 0);
  EXPECT_EQ(wrapping.OfVu(5), 0);
  RowDealer ending(Numbers(2), {.order = RowOrder::kVu});
  EXPECT_EQ(ending.OfVu(2), 1);
  EXPECT_EQ(ending.OfVu(3), std::nullopt);
  EXPECT_EQ(ending.OfVu(0), std::nullopt);  // setup's VU has no number
}

TEST(RowDealer, RandomRowsDependOnSeedVuAndCallOnly) {
  RowDealer one(Numbers(1000), {.order = RowOrder::kRandom, .seed = 7});
  RowDealer other(Numbers(1000), {.order = RowOrder::kRandom, .seed = 8});
  int equal = 0;
  std::vector<int> seen(1000);
  for (uint64_t call = 0; call < 10000; ++call) {
    const int64_t row = *one.Random(3, call);
    ASSERT_EQ(row, one.Random(3, call));
    equal += row == other.Random(3, call) ? 1 : 0;
    ++seen[static_cast<size_t>(row)];
  }
  EXPECT_LT(equal, 50);  // 10 are expected by chance
  // A mean of 10 a row: all thousand within Poisson's (0.5e-4 below 1, 1e-8 above 35).
  EXPECT_LT(std::count(seen.begin(), seen.end(), 0), 5);
  EXPECT_LT(*std::max_element(seen.begin(), seen.end()), 36);
  EXPECT_EQ(RowDealer(Numbers(0), {}).Random(1, 0), std::nullopt);
}

TEST(RowDealer, AQueueAsksOnceForAllWhoWait) {
  RowDealer dealer(Numbers(5), {.order = RowOrder::kQueue});
  int64_t row = -1;
  int woken = 0;
  EXPECT_EQ(dealer.Take(&row), Turn::kWait);
  EXPECT_TRUE(dealer.WaitForBlock([&woken] { ++woken; }));
  EXPECT_FALSE(dealer.WaitForBlock([&woken] { ++woken; }));
  EXPECT_EQ(woken, 0);
  dealer.Fill({3, 2});
  EXPECT_EQ(woken, 2);
  EXPECT_FALSE(dealer.WaitForBlock([&woken] { ++woken; }));  // there are rows: at once
  EXPECT_EQ(woken, 3);
  EXPECT_EQ(dealer.Take(&row), Turn::kTaken);
  EXPECT_EQ(row, 3);
  EXPECT_EQ(dealer.Take(&row), Turn::kTaken);
  EXPECT_EQ(row, 4);
  EXPECT_EQ(dealer.Take(&row), Turn::kWait);
  EXPECT_TRUE(dealer.WaitForBlock([&woken] { ++woken; }));
  dealer.Fill({5, 0});
  EXPECT_EQ(woken, 4);
  EXPECT_EQ(dealer.Take(&row), Turn::kNoMore);
  EXPECT_FALSE(dealer.WaitForBlock([&woken] { ++woken; }));
}

TEST(RowDealer, WhatNobodyHasTakenGoesBack) {
  RowDealer dealer(Numbers(5), {.order = RowOrder::kQueue});
  int64_t row = -1;
  EXPECT_EQ(dealer.TakeBack().count, 0);
  dealer.Fill({1, 3});
  EXPECT_EQ(dealer.Take(&row), Turn::kTaken);
  RowBlock left = dealer.TakeBack();
  EXPECT_EQ(left.first, 2);
  EXPECT_EQ(left.count, 2);
  EXPECT_EQ(dealer.Take(&row), Turn::kWait);
  left = dealer.TakeBack();
  EXPECT_EQ(left.first, 4);
  EXPECT_EQ(left.count, 0);
}

TEST(RowDealer, AQueuesRowsGoToOneThreadEach) {
  RowDealer dealer(Numbers(2000), {.order = RowOrder::kQueue});
  dealer.Fill({0, 2000});
  std::vector<std::vector<int64_t>> taken(4);
  std::vector<std::thread> threads;
  for (std::vector<int64_t>& mine : taken) {
    threads.emplace_back([&dealer, &mine] {
      int64_t row = 0;
      while (dealer.Take(&row) == Turn::kTaken) {
        mine.push_back(row);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::vector<int64_t> all;
  for (const std::vector<int64_t>& mine : taken) {
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), 2000u);
  EXPECT_EQ(std::unique(all.begin(), all.end()), all.end());
}

}  // namespace
}  // namespace lockstep::agent
