#include "common/base/timer_queue.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using ::testing::ElementsAre;

MonoTime AtNanos(int64_t nanos) {
  return MonoTime::FromNanos(nanos);
}

TEST(TimerQueue, PopsByTimeThenByTheOrderOfSetting) {
  TimerQueue queue;
  std::vector<int> ran;
  queue.Add(AtNanos(20), [&] { ran.push_back(2); });
  queue.Add(AtNanos(10), [&] { ran.push_back(0); });
  queue.Add(AtNanos(10), [&] { ran.push_back(1); });
  while (EventLoop::Task task = queue.PopDue(AtNanos(20))) {
    task();
  }
  EXPECT_THAT(ran, ElementsAre(0, 1, 2));
  EXPECT_TRUE(queue.empty());
}

TEST(TimerQueue, NothingIsDueBeforeItsTime) {
  TimerQueue queue;
  queue.Add(AtNanos(10), [] {});
  EXPECT_FALSE(queue.PopDue(AtNanos(9)));
  EXPECT_EQ(queue.next_due(), AtNanos(10));
  EXPECT_TRUE(queue.PopDue(AtNanos(10)));
  EXPECT_TRUE(queue.next_due().infinite());
}

TEST(TimerQueue, CancelForgetsOneTimerAndIgnoresUnknownOnes) {
  TimerQueue queue;
  const TimerId first = queue.Add(AtNanos(10), [] {});
  queue.Add(AtNanos(11), [] {});
  queue.Cancel(first);
  queue.Cancel(first);
  queue.Cancel(TimerId::kNone);
  EXPECT_EQ(queue.next_due(), AtNanos(11));
}

TEST(MonoTime, InfinityAbsorbsAndDifferencesAreDurations) {
  EXPECT_TRUE((MonoTime::Infinite() + absl::Seconds(-1)).infinite());
  EXPECT_TRUE((AtNanos(1) + absl::InfiniteDuration()).infinite());
  EXPECT_EQ(AtNanos(1500) - AtNanos(500), absl::Microseconds(1));
  EXPECT_EQ(MonoTime::Infinite() - AtNanos(0), absl::InfiniteDuration());
}

}  // namespace
}  // namespace lockstep
