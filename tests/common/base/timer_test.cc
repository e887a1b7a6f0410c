#include "common/base/timer.h"

#include <optional>

#include <gtest/gtest.h>

#include "tests/support/sim_loop.h"

namespace lockstep {
namespace {

TEST(Timer, RunsItsTaskOnceAndMayBeSetAgainByIt) {
  testing::SimLoop loop;
  Timer timer(loop);
  int runs = 0;
  timer.After(absl::Seconds(1), [&] {
    ++runs;
    EXPECT_FALSE(timer.set());
    timer.After(absl::Seconds(1), [&] { ++runs; });
  });
  EXPECT_TRUE(timer.set());
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(runs, 1);
  EXPECT_TRUE(timer.set());
  loop.RunAll();
  EXPECT_EQ(runs, 2);
  EXPECT_FALSE(timer.set());
}

TEST(Timer, ForgetsItsTaskWhenItIsSetAgainOrCancelledOrDestroyed) {
  testing::SimLoop loop;
  std::optional<Timer> timer(loop);
  int runs = 0;
  timer->After(absl::Seconds(1), [] { FAIL(); });
  timer->After(absl::Seconds(2), [&] { ++runs; });
  loop.RunAll();
  EXPECT_EQ(runs, 1);
  timer->After(absl::Seconds(1), [] { FAIL(); });
  timer->Cancel();
  EXPECT_FALSE(timer->set());
  timer->After(absl::Seconds(1), [] { FAIL(); });
  timer.reset();
  loop.RunAll();
}

}  // namespace
}  // namespace lockstep
