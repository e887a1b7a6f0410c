#include "common/base/epoll_loop.h"

#include <array>
#include <string>
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

class EpollLoopWithPipes : public ::testing::Test {
 protected:
  // The reading end of a pipe that has something to read.
  int MakeReadable() {
    std::array<int, 2> fds{};
    EXPECT_EQ(pipe(fds.data()), 0);
    EXPECT_EQ(write(fds[1], "x", 1), 1);
    fds_.insert(fds_.end(), fds.begin(), fds.end());
    return fds[0];
  }
  ~EpollLoopWithPipes() override {
    for (const int fd : fds_) {
      close(fd);
    }
  }

  EpollLoop loop_;

 private:
  std::vector<int> fds_;
};

TEST_F(EpollLoopWithPipes, AHandlerMayUnwatchItself) {
  const int fd = MakeReadable();
  int calls = 0;
  loop_.Watch(fd, EPOLLIN, [&](uint32_t) {
    loop_.Unwatch(fd);
    ++calls;
  });
  loop_.Turn(/*wait=*/true);
  loop_.Turn(/*wait=*/false);
  EXPECT_EQ(calls, 1);
}

TEST_F(EpollLoopWithPipes, AHandlerIsNotCalledOnceAnotherHasUnwatchedIt) {
  const std::array<int, 2> fds = {MakeReadable(), MakeReadable()};
  int calls = 0;
  for (const size_t i : {0, 1}) {
    loop_.Watch(fds.at(i), EPOLLIN, [&, other = fds.at(1 - i)](uint32_t) {
      loop_.Unwatch(other);
      ++calls;
    });
  }
  loop_.Turn(/*wait=*/true);  // with the events of both
  EXPECT_EQ(calls, 1);
}

// Its number is free then, and the next that is opened has it.
TEST_F(EpollLoopWithPipes, AnEventOfAClosedDescriptorIsNotThatOfTheNextWithItsNumber) {
  const int fd = MakeReadable();
  const int other = dup(fd);  // keeps the pipe, and with it the kernel's registration
  ASSERT_GE(other, 0);
  bool first = false, second = false;
  loop_.Watch(fd, EPOLLIN, [&](uint32_t) { first = true; });
  std::array<int, 2> next{};
  ASSERT_EQ(pipe(next.data()), 0);
  ASSERT_EQ(dup2(next[0], fd), fd);  // closes it
  loop_.Unwatch(fd);
  loop_.Watch(fd, EPOLLIN, [&](uint32_t) { second = true; });
  loop_.Turn(/*wait=*/true);
  EXPECT_FALSE(first);
  EXPECT_FALSE(second);
  for (const int each : {other, next[0], next[1]}) {
    close(each);
  }
}

TEST_F(EpollLoopWithPipes, AHandlerMayPutAnotherInItsPlace) {
  const int fd = MakeReadable();
  std::vector<std::string> calls;
  loop_.Watch(fd, EPOLLIN, [&, name = std::string("the first, longer than a small string")](auto) {
    loop_.Watch(fd, EPOLLIN, [&](uint32_t) { calls.emplace_back("the second"); });
    calls.push_back(name);
  });
  loop_.Turn(/*wait=*/true);
  loop_.Turn(/*wait=*/true);
  EXPECT_THAT(calls, ElementsAre("the first, longer than a small string", "the second"));
}

}  // namespace
}  // namespace lockstep
