#include "common/base/thread_room.h"

#include <latch>
#include <system_error>
#include <thread>
#include <vector>

namespace lockstep {

absl::Status NoThreadRoom() {
  return absl::ResourceExhaustedError(
      "cannot start a thread: the limit of processes (ulimit -u, or the container's pids limit) is "
      "reached");
}

absl::Status CheckThreadRoom(int count) {
  std::latch all(1);
  std::vector<std::thread> threads;
  absl::Status started;
  try {
    for (int i = 0; i < count; ++i) {
      threads.emplace_back([&all] { all.wait(); });
    }
  } catch (const std::system_error&) {  // the one error that it has
    started = NoThreadRoom();
  }
  all.count_down();
  for (std::thread& thread : threads) {
    thread.join();
  }
  return started;
}

}  // namespace lockstep
