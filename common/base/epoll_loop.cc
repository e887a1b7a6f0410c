#include "common/base/epoll_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/prefetch.h"

namespace lockstep {
namespace {

constexpr int kEventsPerTurn = 256;
// How many events ahead the memory of a handler is asked for.
constexpr size_t kAhead = 4;
// In the place of a descriptor and the number of a Watch, of which none is zero.
constexpr uint64_t kWakeUp = 0;

uint64_t EventData(int fd, uint32_t number) {
  return uint64_t{number} << 32 | static_cast<uint32_t>(fd);
}

timespec TimeoutUntil(MonoTime due, MonoTime now) {
  return absl::ToTimespec(due > now ? due - now : absl::ZeroDuration());
}

}  // namespace

EpollLoop::EpollLoop()
    : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)), wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  LOCKSTEP_CHECK(epoll_fd_ >= 0 && wake_fd_ >= 0);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kWakeUp}};
  LOCKSTEP_CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) == 0);
}

EpollLoop::~EpollLoop() {
  close(wake_fd_);
  close(epoll_fd_);
}

void EpollLoop::Post(Task task) {
  bool wake = false;
  {
    MutexLock lock(mutex_);
    posted_.push_back(std::move(task));
    wake = !std::exchange(awake_, true);
  }
  if (wake) {
    const uint64_t one = 1;
    LOCKSTEP_CHECK(write(wake_fd_, &one, sizeof one) == sizeof one);
  }
}

void EpollLoop::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  Post([] {});
}

TimerId EpollLoop::At(MonoTime when, Task task) {
  return timers_.Add(when, std::move(task));
}

void EpollLoop::Cancel(TimerId id) {
  timers_.Cancel(id);
}

void EpollLoop::Watch(int fd, uint32_t events, FdHandler handler) {
  if (++last_watch_ == 0) {
    ++last_watch_;
  }
  epoll_event event{.events = events, .data = {.u64 = EventData(fd, last_watch_)}};
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
    LOCKSTEP_CHECK(errno == EEXIST);
    LOCKSTEP_CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event) == 0);
  }
  const auto index = static_cast<size_t>(fd);
  if (index >= watched_.size()) {
    watched_.resize(index + 1);
  }
  Watched& watched = watched_[index];
  Retire(std::exchange(watched.handler, std::make_unique<FdHandler>(std::move(handler))));
  watched.number = last_watch_;
}

void EpollLoop::Unwatch(int fd) {
  const auto index = static_cast<size_t>(fd);
  if (index >= watched_.size() || watched_[index].handler == nullptr) {
    return;
  }
  // The kernel has forgotten a descriptor that was closed first; nothing is left to remove then.
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  Retire(std::move(watched_[index].handler));
}

void EpollLoop::Run() {
  for (;;) {
    Turn(/*wait=*/true);
    MutexLock lock(mutex_);
    if (std::exchange(stopping_, false)) {
      return;
    }
  }
}

void EpollLoop::Turn(bool wait) {
  WaitForEvents(wait);
  RunTimers();
  RunPosted();
  if (turn_hook_) {
    turn_hook_();
  }
}

void EpollLoop::WaitForEvents(bool wait) {
  std::array<epoll_event, kEventsPerTurn> events;
  wait = !std::exchange(wake_soon_, false) && wait;
  const MonoTime due = timers_.next_due();
  timespec timeout{};
  if (wait && !due.infinite()) {
    timeout = TimeoutUntil(due, clock_.Mono());
  }
  const bool forever = wait && due.infinite();
  const int count =
      epoll_pwait2(epoll_fd_, events.data(), kEventsPerTurn, forever ? nullptr : &timeout, nullptr);
  LOCKSTEP_CHECK(count >= 0 || errno == EINTR);
  const auto happened = static_cast<size_t>(std::max(count, 0));
  handling_ = true;
  for (size_t i = 0; i < happened; ++i) {
    if (i + kAhead < happened) {
      Prefetch(HandlerOf(events[i + kAhead].data.u64), sizeof(FdHandler));
    }
    const epoll_event& event = events[i];
    if (event.data.u64 == kWakeUp) {
      uint64_t ignored = 0;
      LOCKSTEP_CHECK(read(wake_fd_, &ignored, sizeof ignored) == sizeof ignored || errno == EAGAIN);
    } else if (FdHandler* const handler = HandlerOf(event.data.u64)) {
      (*handler)(event.events);
    }
  }
  handling_ = false;
  retired_.clear();
}

EpollLoop::FdHandler* EpollLoop::HandlerOf(uint64_t data) const {
  const auto index = static_cast<size_t>(static_cast<uint32_t>(data));
  return index < watched_.size() && watched_[index].number == data >> 32
             ? watched_[index].handler.get()
             : nullptr;
}

void EpollLoop::Retire(std::unique_ptr<FdHandler> handler) {
  if (handler != nullptr && handling_) {
    retired_.push_back(std::move(handler));
  }
}

void EpollLoop::RunTimers() {
  // Timers set while others run wait for the next turn, so that a zero delay cannot starve the
  // descriptors.
  const MonoTime now = clock_.Mono();
  while (Task task = timers_.PopDue(now)) {
    task();
  }
}

void EpollLoop::RunPosted() {
  std::vector<Task> tasks;
  {
    MutexLock lock(mutex_);
    tasks.swap(posted_);
    awake_ = false;
  }
  for (Task& task : tasks) {
    task();
  }
}

}  // namespace lockstep
