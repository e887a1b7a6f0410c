// The signals that end or hold a run as events of the coordinator's loop: SIGINT, SIGTERM, SIGHUP
// and SIGTSTP. A thread takes them, so that the third one ends the process even if the loop stands
// still. Create it before any other thread starts, so that all threads leave these signals to it.
#pragma once

#include <string>
#include <thread>

#include <signal.h>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

#include "common/base/epoll_loop.h"

namespace lockstep::coordinator {

class Signals {
 public:
  static constexpr char kSuspend[] = "suspend";
  // This many ask for the end of the process, whatever it is doing.
  static constexpr int kMostPatient = 3;

  // `on_signal` gets "interrupt", "terminated", "hangup" or kSuspend. SIGHUP and SIGTSTP are left
  // alone where they were ignored at the start (nohup). `quit` ends the process, on the thread that
  // takes signals: it is called once the loop has had `patience` after the signal that is the third
  // one to end something, and must not return.
  Signals(EpollLoop& loop, absl::AnyInvocable<void(const std::string& name)> on_signal,
          void (*quit)(), absl::Duration patience);
  // From here on those that were not ignored have their usual effect.
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void Watch(void (*quit)(), absl::Duration patience);

  EpollLoop& loop_;
  absl::AnyInvocable<void(const std::string& name)> on_signal_;
  sigset_t before_ = {};
  int fd_ = -1;
  int stop_ = -1;  // readable once the thread is to end
  std::thread thread_;
};

}  // namespace lockstep::coordinator
