#include "common/base/epoll_loop.h"

#include <array>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

namespace lockstep {
namespace {

using ::testing::ElementsAre;

TEST(EpollLoop, RunsTasksPostedByAnotherThreadInOrder) {
  EpollLoop loop;
  std::vector<int> ran;
  std::thread poster([&] {
    for (int i = 0; i < 3; ++i) {
      loop.Post([&ran, i] { ran.push_back(i); });
    }
    loop.Stop();
  });
  loop.Run();
  poster.join();
  EXPECT_THAT(ran, ElementsAre(0, 1, 2));
}

TEST(EpollLoop, TimersNeverRunEarly) {
  EpollLoop loop;
  const MonoTime due = loop.clock().Mono() + absl::Milliseconds(3);
  MonoTime ran;
  loop.At(due, [&] {
    ran = loop.clock().Mono();
    loop.Stop();
  });
  loop.Run();
  EXPECT_GE(ran, due);
}

TEST(EpollLoop, ATimerSetByATimerWaitsForTheNextTurn) {
  EpollLoop loop;
  int turns = 0;
  int ran_in_turn = -1;
  loop.SetTurnHook([&] { ++turns; });
  loop.After(absl::ZeroDuration(), [&] {
    loop.After(absl::ZeroDuration(), [&] {
      ran_in_turn = turns;
      loop.Stop();
    });
  });
  loop.Run();
  EXPECT_EQ(ran_in_turn, 1);
}

TEST(EpollLoop, AHandlerMayUnwatchItself) {
  EpollLoop loop;
  std::array<int, 2> fds{};
  ASSERT_EQ(pipe(fds.data()), 0);
  ASSERT_EQ(write(fds[1], "x", 1), 1);
  int calls = 0;
  loop.Watch(fds[0], EPOLLIN, [&](uint32_t) {
    ++calls;
    loop.Unwatch(fds[0]);
    loop.Stop();
  });
  loop.Run();
  loop.Turn(/*wait=*/false);
  EXPECT_EQ(calls, 1);
  close(fds[0]);
  close(fds[1]);
}

}  // namespace
}  // namespace lockstep
