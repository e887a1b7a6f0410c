// An EventLoop on simulated time: pops the earliest task and moves its clock there. Everything runs
// on the thread that calls Run*, so a test with a hundred agents is deterministic and takes no real
// time.
#pragma once

#include <deque>

#include "common/base/event_loop.h"
#include "common/base/timer_queue.h"

namespace lockstep::testing {

class SimClock final : public Clock {
 public:
  MonoTime Mono() const override { return now_; }
  absl::Time Wall() const override { return wall_origin_ + (now_ - MonoTime()); }
  // Never backwards.
  void AdvanceTo(MonoTime when) { now_ = when > now_ ? when : now_; }

 private:
  MonoTime now_ = MonoTime::FromNanos(1'000'000'000);
  absl::Time wall_origin_ = absl::FromUnixSeconds(1'700'000'000);
};

class SimLoop final : public EventLoop {
 public:
  const Clock& clock() const override { return clock_; }
  void Post(Task task) override { posted_.push_back(std::move(task)); }
  TimerId At(MonoTime when, Task task) override { return timers_.Add(when, std::move(task)); }
  void Cancel(TimerId id) override { timers_.Cancel(id); }

  // Runs the next posted task or timer. Returns false when nothing is left.
  bool RunOne();
  // Runs until nothing is left.
  void RunAll();
  // Runs everything that is due up to `when`, and leaves the clock there.
  void RunUntil(MonoTime when);
  void RunFor(absl::Duration span) { RunUntil(clock_.Mono() + span); }

 private:
  SimClock clock_;
  TimerQueue timers_;
  std::deque<Task> posted_;
};

}  // namespace lockstep::testing
