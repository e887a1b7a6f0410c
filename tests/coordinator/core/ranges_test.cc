#include "coordinator/core/ranges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Ranges, AreTakenInTheirOrderAndNeverAcrossAGap) {
  Ranges ranges({{5, 3}, {0, 2}});
  EXPECT_EQ(ranges.count(), 5);
  EXPECT_EQ(ranges.Take(2), (Range{5, 2}));
  EXPECT_EQ(ranges.Take(9), (Range{7, 1}));
  EXPECT_EQ(ranges.Take(9), (Range{0, 2}));
  EXPECT_TRUE(ranges.empty());
  EXPECT_EQ(ranges.count(), 0);
}

TEST(Ranges, WhatIsRemovedLeavesWhatIsBesideIt) {
  struct Row {
    Range part;
    std::vector<Range> left;
  };
  for (const Row& row :
       {Row{{10, 4}, {{0, 2}}}, Row{{10, 1}, {{11, 3}, {0, 2}}}, Row{{13, 1}, {{10, 3}, {0, 2}}},
        Row{{11, 2}, {{10, 1}, {13, 1}, {0, 2}}}, Row{{0, 2}, {{10, 4}}}}) {
    Ranges ranges({{10, 4}, {0, 2}});
    EXPECT_TRUE(ranges.Remove(row.part));
    EXPECT_EQ(ranges.ranges(), row.left) << row.part.first << ", " << row.part.count;
  }
}

TEST(Ranges, OnlyWhatIsThereInARowIsRemoved) {
  Ranges ranges({{10, 4}, {14, 2}});
  for (const Range& part : {Range{9, 2}, Range{13, 2}, Range{15, 2}, Range{16, 1}}) {
    EXPECT_FALSE(ranges.Remove(part)) << part.first;
  }
  EXPECT_THAT(ranges.ranges(), ElementsAre(Range{10, 4}, Range{14, 2}));
}

TEST(Ranges, WhatComesBackFirstGoesOutFirst) {
  Ranges ranges;
  EXPECT_THAT(ranges.ranges(), IsEmpty());
  ranges.PutLast({4, 1});
  ranges.PutFirst(Ranges({{8, 1}, {2, 1}}));
  EXPECT_THAT(ranges.ranges(), ElementsAre(Range{8, 1}, Range{2, 1}, Range{4, 1}));
}

}  // namespace
}  // namespace lockstep::coordinator
