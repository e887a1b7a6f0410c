// One timer on an event loop, which may be set again and again: it then forgets when it was due
// before. It is forgotten with its object. Loop thread only.
#pragma once

#include <utility>

#include "common/base/event_loop.h"

namespace lockstep {

class Timer {
 public:
  // `loop` is borrowed and outlives the timer.
  explicit Timer(EventLoop& loop) : loop_(loop) {}
  ~Timer() { Cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // `task` may set the timer again.
  void At(MonoTime when, EventLoop::Task task) {
    Cancel();
    id_ = loop_.At(when, [this, task = std::move(task)]() mutable {
      id_ = TimerId::kNone;
      task();
    });
  }
  void After(absl::Duration delay, EventLoop::Task task) {
    At(loop_.clock().Mono() + delay, std::move(task));
  }
  void Cancel() { loop_.Cancel(std::exchange(id_, TimerId::kNone)); }
  // Whether its task is still to come.
  bool set() const { return id_ != TimerId::kNone; }

 private:
  EventLoop& loop_;
  TimerId id_ = TimerId::kNone;
};

}  // namespace lockstep
