#include "coordinator/journal/keeper.h"

#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

// 50 agents with 100 commits a second and 200 with 25 look at as many agents a second.
TEST(Keeper, CommitsOfMoreAgentsAreFurtherApart) {
  EXPECT_EQ(Keeper::Apart(1), absl::Milliseconds(10));
  EXPECT_EQ(Keeper::Apart(50), absl::Milliseconds(10));
  EXPECT_EQ(Keeper::Apart(100), absl::Milliseconds(20));
  EXPECT_EQ(Keeper::Apart(200), absl::Milliseconds(40));
  EXPECT_EQ(Keeper::Apart(10'000), absl::Milliseconds(40));
  EXPECT_LT(Keeper::Apart(10'000), Keeper::kMostDelay);
}

}  // namespace
}  // namespace lockstep::coordinator
