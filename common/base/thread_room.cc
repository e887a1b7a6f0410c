#include "common/base/thread_room.h"

#include <cstdio>
#include <latch>
#include <system_error>
#include <thread>
#include <vector>

#include "common/base/exit_code.h"

namespace lockstep {

namespace {

constexpr char kNoRoom[] =
    "cannot start a thread: the limit of processes (ulimit -u, or the container's pids limit) is "
    "reached";

}  // namespace

absl::Status CheckThreadRoom(int count) {
  std::latch all(1);
  std::vector<std::thread> threads;
  absl::Status started;
  try {
    for (int i = 0; i < count; ++i) {
      threads.emplace_back([&all] { all.wait(); });
    }
  } catch (const std::system_error&) {  // the one error that it has
    started = absl::ResourceExhaustedError(kNoRoom);
  }
  all.count_down();
  for (std::thread& thread : threads) {
    thread.join();
  }
  return started;
}

int RunProgram(const char* program, absl::FunctionRef<int()> main) {
  try {
    return main();
  } catch (const std::system_error& error) {
    fprintf(stderr, "%s: %s (%s)\n", program, kNoRoom, error.what());
    return static_cast<int>(ExitCode::kOther);
  }
}

}  // namespace lockstep
