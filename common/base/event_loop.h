// A single-threaded event loop as the cores see it: run this later, run this at that time, what
// time is it. Implemented by EpollLoop (real time), by agent/net's MultiLoop (with libcurl) and by
// tests/support's SimLoop (simulated time).
#pragma once

#include <cstdint>

#include "absl/functional/any_invocable.h"

#include "common/base/clock.h"

namespace lockstep {

enum class TimerId : uint64_t { kNone = 0 };

class EventLoop {
 public:
  using Task = absl::AnyInvocable<void()>;

  virtual ~EventLoop() = default;
  // The clock that the loop's timers follow.
  virtual const Clock& clock() const = 0;
  // Runs `task` on the loop's thread, after the tasks posted before it. Any thread may call this.
  // Tasks still waiting when the loop is destroyed are destroyed without being run.
  virtual void Post(Task task) = 0;
  // Runs `task` on the loop's thread once `when` is reached, never earlier; timers of one instant
  // run in the order in which they were set. Loop thread only. Returns an id that is never kNone
  // and never used again.
  virtual TimerId At(MonoTime when, Task task) = 0;
  TimerId After(absl::Duration delay, Task task) {
    return At(clock().Mono() + delay, std::move(task));
  }
  // Forgets a timer. Unknown, past and kNone ids are ignored. Loop thread only.
  virtual void Cancel(TimerId id) = 0;
};

}  // namespace lockstep
