#include "tests/support/sim_loop.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::testing {
namespace {

TEST(SimLoop, MovesItsClockToEachTimer) {
  SimLoop loop;
  const MonoTime start = loop.clock().Mono();
  std::vector<absl::Duration> seen;
  loop.After(absl::Seconds(600), [&] { seen.push_back(loop.clock().Mono() - start); });
  loop.After(absl::Seconds(1), [&] { seen.push_back(loop.clock().Mono() - start); });
  loop.RunAll();
  EXPECT_THAT(seen, ::testing::ElementsAre(absl::Seconds(1), absl::Seconds(600)));
}

TEST(SimLoop, RunUntilLeavesLaterTimersAlone) {
  SimLoop loop;
  int ran = 0;
  loop.After(absl::Seconds(1), [&] { ++ran; });
  loop.After(absl::Seconds(3), [&] { ++ran; });
  const MonoTime start = loop.clock().Mono();
  loop.RunFor(absl::Seconds(2));
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(loop.clock().Mono() - start, absl::Seconds(2));
}

}  // namespace
}  // namespace lockstep::testing
