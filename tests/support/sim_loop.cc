#include "tests/support/sim_loop.h"

namespace lockstep::testing {

bool SimLoop::RunOne() {
  if (!posted_.empty()) {
    Task task = std::move(posted_.front());
    posted_.pop_front();
    task();
    return true;
  }
  if (timers_.empty()) {
    return false;
  }
  clock_.AdvanceTo(timers_.next_due());
  timers_.PopDue(clock_.Mono())();
  return true;
}

void SimLoop::RunAll() {
  while (RunOne()) {
  }
}

void SimLoop::RunUntil(MonoTime when) {
  while (!posted_.empty() || timers_.next_due() <= when) {
    RunOne();
  }
  clock_.AdvanceTo(when);
}

}  // namespace lockstep::testing
