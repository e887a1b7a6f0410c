#include "coordinator/app/signals.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace lockstep::coordinator {
namespace {

constexpr int kQuit = 7;

void Quit() {
  _exit(kQuit);
}

TEST(Signals, AreEventsOfTheLoop) {
  EpollLoop loop;
  std::vector<std::string> names;
  {
    Signals signals(
        loop,
        [&](const std::string& name) {
          names.push_back(name);
          if (names.size() == 3) {
            loop.Stop();
          }
        },
        Quit, absl::InfiniteDuration());
    for (const int number : {SIGHUP, SIGINT, SIGTSTP}) {
      kill(getpid(), number);
    }
    loop.Run();
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("hangup", "interrupt", Signals::kSuspend));
  sigset_t blocked;
  pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  EXPECT_EQ(sigismember(&blocked, SIGINT), 0) << "it does again what it did before";
}

TEST(Signals, AHangupThatIsIgnoredStaysSo) {
  const auto former = signal(SIGHUP, SIG_IGN);
  EpollLoop loop;
  std::string name;
  {
    Signals signals(
        loop,
        [&](const std::string& each) {
          name = each;
          loop.Stop();
        },
        Quit, absl::InfiniteDuration());
    kill(getpid(), SIGHUP);
    kill(getpid(), SIGTERM);
    loop.Run();
  }
  EXPECT_EQ(name, "terminated");
  signal(SIGHUP, former);
}

TEST(SignalsDeathTest, TheThirdOneEndsTheProcessThoughTheLoopStandsStill) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        EpollLoop loop;
        const Signals signals(
            loop, [](const std::string&) {}, Quit, absl::Milliseconds(1));
        for (const int number : {SIGHUP, SIGINT, SIGTERM}) {
          kill(getpid(), number);
        }
        while (true) {
          pause();
        }
      },
      ::testing::ExitedWithCode(kQuit), "");
}

}  // namespace
}  // namespace lockstep::coordinator
