// SIGINT, SIGTERM and SIGTSTP as events of the coordinator's loop. Create it before any thread starts, so
// that all threads leave these signals to it.
#pragma once

#include <string>

#include "absl/functional/any_invocable.h"

#include "common/base/epoll_loop.h"

namespace lockstep::coordinator {

class Signals {
 public:
  static constexpr char kSuspend[] = "suspend";

  // `on_signal` gets "interrupt", "terminated" or kSuspend. SIGTSTP is left alone where it was ignored
  // at the start.
  Signals(EpollLoop& loop, absl::AnyInvocable<void(const std::string& name)> on_signal);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  EpollLoop& loop_;
  absl::AnyInvocable<void(const std::string& name)> on_signal_;
  int fd_ = -1;
};

}  // namespace lockstep::coordinator
