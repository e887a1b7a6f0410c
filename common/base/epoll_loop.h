// An EventLoop on epoll and the system clock: posted tasks, nanosecond timers, file descriptors.
// The agent's conductor and the coordinator's core each run one; agent/net's MultiLoop builds on
// it.
//
// One turn: wait for events, then the file descriptors' handlers, then due timers, then posted
// tasks, then the turn hook. One thread runs the loop; Post and Stop may be called from any.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/base/event_loop.h"
#include "common/base/sync.h"
#include "common/base/timer_queue.h"

namespace lockstep {

class EpollLoop final : public EventLoop {
 public:
  // `events` is a set of EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP.
  using FdHandler = absl::AnyInvocable<void(uint32_t events)>;

  EpollLoop();
  ~EpollLoop() override;
  EpollLoop(const EpollLoop&) = delete;
  EpollLoop& operator=(const EpollLoop&) = delete;

  const Clock& clock() const override { return clock_; }
  void Post(Task task) override;
  TimerId At(MonoTime when, Task task) override;
  void Cancel(TimerId id) override;

  // Calls `handler` when `fd` has one of `events` (level-triggered), until Unwatch. Watching again
  // changes both. The loop does not own `fd`; Unwatch it before closing it. Loop thread only.
  void Watch(int fd, uint32_t events, FdHandler handler);
  void Unwatch(int fd);

  // Called at the end of every turn, on the loop's thread; set before Run.
  void SetTurnHook(absl::AnyInvocable<void()> hook) { turn_hook_ = std::move(hook); }

  // Makes the next turn start without waiting. Loop thread only; cheaper than posting an empty
  // task.
  void WakeSoon() { wake_soon_ = true; }

  // Runs turns until Stop. May be called again afterwards.
  void Run();
  // Runs one turn; waits for something to happen if `wait`.
  void Turn(bool wait);
  // Makes Run return after the present turn. Any thread.
  void Stop();

 private:
  struct Watched {
    std::unique_ptr<FdHandler> handler;  // null: the descriptor is not watched
    uint32_t number = 0;                 // of the Watch, which its events bring along
  };

  void WaitForEvents(bool wait);
  // Of an event's data, or null: the descriptor is watched by another Watch by now, or by none.
  FdHandler* HandlerOf(uint64_t data) const;
  // Frees it, or, as it may be running, does so once the events are handled.
  void Retire(std::unique_ptr<FdHandler> handler);
  void RunTimers();
  void RunPosted();

  const SystemClock clock_;
  const int epoll_fd_;
  const int wake_fd_;

  // Loop thread.
  TimerQueue timers_;
  std::vector<Watched> watched_;  // by descriptor
  uint32_t last_watch_ = 0;
  std::vector<std::unique_ptr<FdHandler>> retired_;  // while events are handled
  bool handling_ = false;
  bool wake_soon_ = false;
  absl::AnyInvocable<void()> turn_hook_;  // constant after Run starts

  Mutex mutex_;
  std::vector<Task> posted_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool awake_ ABSL_GUARDED_BY(mutex_) = false;  // the wake-up is already on its way
};

}  // namespace lockstep
