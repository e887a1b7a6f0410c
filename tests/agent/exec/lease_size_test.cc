#include "agent/exec/lease_size.h"

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

TEST(IterationsAhead, AsManyAsBeginInASecond) {
  EXPECT_EQ(IterationsAhead(0, absl::Seconds(1)), 0);
  EXPECT_EQ(IterationsAhead(50, absl::Seconds(1)), 50);
  EXPECT_EQ(IterationsAhead(50, absl::Milliseconds(500)), 100);
  EXPECT_EQ(IterationsAhead(1, absl::Seconds(10)), 1);
}

TEST(IterationsAhead, OfAnInstantFourTimesWhatBegan) {
  EXPECT_EQ(IterationsAhead(3, absl::ZeroDuration()), 12);
  EXPECT_EQ(IterationsAhead(3, absl::Microseconds(5)), 12);
  EXPECT_EQ(IterationsAhead(3, absl::Milliseconds(250)), 12);
}

}  // namespace
}  // namespace lockstep::agent
