#include "coordinator/app/signals.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/check.h"

namespace lockstep::coordinator {

Signals::Signals(EpollLoop& loop, absl::AnyInvocable<void(const std::string& name)> on_signal)
    : loop_(loop), on_signal_(std::move(on_signal)) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  struct sigaction suspend = {};
  if (sigaction(SIGTSTP, nullptr, &suspend) == 0 && suspend.sa_handler != SIG_IGN) {
    sigaddset(&set, SIGTSTP);
  }
  LOCKSTEP_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  fd_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  LOCKSTEP_CHECK(fd_ >= 0);
  loop_.Watch(fd_, EPOLLIN, [this](uint32_t) {
    signalfd_siginfo info;
    while (read(fd_, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
      on_signal_(info.ssi_signo == SIGINT    ? "interrupt"
                 : info.ssi_signo == SIGTSTP ? kSuspend
                                             : "terminated");
    }
  });
}

Signals::~Signals() {
  loop_.Unwatch(fd_);
  close(fd_);
}

}  // namespace lockstep::coordinator
