#include "common/base/beat.h"

#include <limits>

#include "gtest/gtest.h"

namespace lockstep {
namespace {

constexpr MonoTime At(int64_t milliseconds) {
  return MonoTime::FromNanos(milliseconds * 1'000'000);
}

TEST(NextBeat, IsAWholeNumberOfPeriodsAfterTheBaseAndLaterThanNow) {
  const absl::Duration second = absl::Seconds(1);
  EXPECT_EQ(NextBeat(At(5300), second, At(0)), At(6300));  // the base itself is not a beat
  EXPECT_EQ(NextBeat(At(5300), second, At(5299)), At(6300));
  EXPECT_EQ(NextBeat(At(5300), second, At(5300)), At(6300));
  EXPECT_EQ(NextBeat(At(5300), second, At(6299)), At(6300));
  EXPECT_EQ(NextBeat(At(5300), second, At(6300)), At(7300));
  EXPECT_EQ(NextBeat(At(5300), second, At(99'999)), At(100'300));
}

TEST(NextBeat, DoesNotOverflow) {
  const MonoTime first = MonoTime::FromNanos(std::numeric_limits<int64_t>::min());
  EXPECT_GT(NextBeat(first, absl::Seconds(1), At(1000)), At(1000));
  EXPECT_LE(NextBeat(first, absl::Seconds(1), At(1000)), At(2000));
  EXPECT_TRUE(NextBeat(MonoTime::Infinite(), absl::Seconds(1), At(0)).infinite());
}

}  // namespace
}  // namespace lockstep
