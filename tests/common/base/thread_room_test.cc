#include "common/base/thread_room.h"

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include <sys/resource.h>
#include <unistd.h>

#include "gtest/gtest.h"

#include "common/base/exit_code.h"

namespace lockstep {
namespace {

constexpr uid_t kNobodyElse = 54321;  // whose processes are counted, and who has none

// In a process of its own, which ends: under the limit of `most` threads.
[[noreturn]] void Check(rlim_t most, int count) {
  const rlimit limit = {.rlim_cur = most, .rlim_max = most};
  const bool limited =
      setrlimit(RLIMIT_NPROC, &limit) == 0 && (geteuid() != 0 || setuid(kNobodyElse) == 0);
  const absl::Status room = CheckThreadRoom(count);
  fprintf(stderr, "%s", limited ? std::string(room.message()).c_str() : "no limit could be set");
  _exit(room.ok() ? 0 : 1);
}

TEST(ThreadRoomDeathTest, SaysThatThereIsNone) {
  EXPECT_TRUE(CheckThreadRoom(8).ok());
  if (geteuid() != 0) {
    GTEST_SKIP() << "how many processes this user has is unknown";
  }
  EXPECT_EXIT(Check(20, 8), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(Check(4, 8), ::testing::ExitedWithCode(1),
              "cannot start a thread: the limit of processes \\(ulimit -u, or the container's pids "
              "limit\\) is reached");
}

TEST(RunProgramDeathTest, TellsOfAThreadThatCouldNotBeStarted) {
  const auto start = []() -> int {
    throw std::system_error(EAGAIN, std::generic_category());  // as std::thread does
  };
  EXPECT_EXIT(_exit(RunProgram("lockstep", start)),
              ::testing::ExitedWithCode(static_cast<int>(ExitCode::kOther)),
              "lockstep: cannot start a thread: the limit of processes .* \\(Resource temporarily "
              "unavailable\\)");
}

TEST(RunProgram, ReturnsTheExitCode) {
  EXPECT_EQ(RunProgram("lockstep", [] { return 7; }), 7);
}

}  // namespace
}  // namespace lockstep
