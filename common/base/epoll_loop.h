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

#include "absl/container/flat_hash_map.h"

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
    int fd = -1;
    FdHandler handler;
    bool over = false;  // its events are nobody's any more
  };

  void WaitForEvents(bool wait);
  // Frees it, or, as its handler may be running, does so once the events are handled.
  void Retire(std::unique_ptr<Watched> watched);
  void RunTimers();
  void RunPosted();

  const SystemClock clock_;
  const int epoll_fd_;
  const int wake_fd_;

  // Loop thread. The kernel hands the addresses of what is watched back with their events.
  TimerQueue timers_;
  absl::flat_hash_map<int, std::unique_ptr<Watched>> watched_;
  std::vector<std::unique_ptr<Watched>> retired_;  // while events are handled
  bool handling_ = false;
  bool wake_soon_ = false;
  absl::AnyInvocable<void()> turn_hook_;  // constant after Run starts

  Mutex mutex_;
  std::vector<Task> posted_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool awake_ ABSL_GUARDED_BY(mutex_) = false;  // the wake-up is already on its way
};

}  // namespace lockstep
