#include "common/base/epoll_loop.h"

#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/check.h"

namespace lockstep {
namespace {

constexpr int kEventsPerTurn = 256;

timespec TimeoutUntil(MonoTime due, MonoTime now) {
  return absl::ToTimespec(due > now ? due - now : absl::ZeroDuration());
}

}  // namespace

EpollLoop::EpollLoop()
    : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)), wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  LOCKSTEP_CHECK(epoll_fd_ >= 0 && wake_fd_ >= 0);
  epoll_event event{.events = EPOLLIN, .data = {.fd = wake_fd_}};
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
  epoll_event event{.events = events, .data = {.fd = fd}};
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
    LOCKSTEP_CHECK(errno == EEXIST);
    LOCKSTEP_CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event) == 0);
  }
  handlers_[fd] = std::make_shared<FdHandler>(std::move(handler));
}

void EpollLoop::Unwatch(int fd) {
  if (handlers_.erase(fd) > 0) {
    // The kernel has forgotten a descriptor that was closed first; nothing is left to remove then.
    epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  }
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
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    if (event.data.fd == wake_fd_) {
      uint64_t ignored = 0;
      LOCKSTEP_CHECK(read(wake_fd_, &ignored, sizeof ignored) == sizeof ignored || errno == EAGAIN);
      continue;
    }
    const auto found = handlers_.find(event.data.fd);
    if (found != handlers_.end()) {
      // It survives an Unwatch by the handler itself.
      const std::shared_ptr<FdHandler> handler = found->second;
      (*handler)(event.events);
    }
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
