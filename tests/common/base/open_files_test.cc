#include "common/base/open_files.h"

#include <csignal>

#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace lockstep {
namespace {

constexpr rlim_t kGiven = 64;

rlimit Limit(pid_t process) {
  rlimit limit{};
  prlimit(process, RLIMIT_NOFILE, nullptr, &limit);
  return limit;
}

// In a process of its own, which ends.
[[noreturn]] void Check() {
  const rlimit given = {.rlim_cur = kGiven, .rlim_max = Limit(0).rlim_max};
  setrlimit(RLIMIT_NOFILE, &given);
  RaiseOpenFiles();
  RaiseOpenFiles();  // changes nothing
  const bool raised = Limit(0).rlim_cur == given.rlim_max;

  char program[] = "sleep";
  char argument[] = "60";
  char* arguments[] = {program, argument, nullptr};
  pid_t child = 0;
  const bool started = posix_spawnp(&child, program, nullptr, nullptr, arguments, environ) == 0;
  RestoreOpenFiles(child);
  const bool restored = started && Limit(child).rlim_cur == kGiven;
  const bool untouched = Limit(0).rlim_cur == given.rlim_max;
  if (started) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  _exit(raised && restored && untouched ? 0 : 1);
}

TEST(OpenFilesDeathTest, AreRaisedForUsAndRestoredForOthers) {
  ASSERT_GT(Limit(0).rlim_max, kGiven);
  EXPECT_EXIT(Check(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace lockstep
