#include "coordinator/app/signals.h"

#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/check.h"

namespace lockstep::coordinator {
namespace {

bool IsIgnored(int number) {
  struct sigaction now = {};
  return sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

const char* NameOf(uint32_t number) {
  switch (number) {
    case SIGINT:
      return "interrupt";
    case SIGHUP:
      return "hangup";
    case SIGTSTP:
      return Signals::kSuspend;
    default:
      return "terminated";
  }
}

}  // namespace

Signals::Signals(EpollLoop& loop, absl::AnyInvocable<void(const std::string& name)> on_signal,
                 void (*quit)(), absl::Duration patience)
    : loop_(loop), on_signal_(std::move(on_signal)) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  for (const int number : {SIGHUP, SIGTSTP}) {
    if (!IsIgnored(number)) {
      sigaddset(&set, number);
    }
  }
  LOCKSTEP_CHECK(pthread_sigmask(SIG_BLOCK, &set, &before_) == 0);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    if (!IsIgnored(number)) {
      signal(number, SIG_DFL);  // once this is gone again; until now it ended the program in order
    }
  }
  fd_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  stop_ = eventfd(0, EFD_CLOEXEC);
  LOCKSTEP_CHECK(fd_ >= 0 && stop_ >= 0);
  thread_ = std::thread([this, quit, patience] { Watch(quit, patience); });
}

Signals::~Signals() {
  LOCKSTEP_CHECK(eventfd_write(stop_, 1) == 0);
  thread_.join();
  close(fd_);
  close(stop_);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Signals::Watch(void (*quit)(), absl::Duration patience) {
  int ends = 0;
  while (true) {
    pollfd asked[] = {{.fd = stop_, .events = POLLIN, .revents = 0},
                      {.fd = fd_, .events = POLLIN, .revents = 0}};
    const bool last = ends >= kMostPatient;
    const int ready = poll(asked, last ? 1 : 2,
                           last ? static_cast<int>(absl::ToInt64Milliseconds(patience)) : -1);
    if (asked[0].revents != 0) {
      return;
    }
    if (last && ready == 0) {
      quit();
    }
    signalfd_siginfo info;
    while (!last && read(fd_, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
      const std::string name = NameOf(info.ssi_signo);
      ends += name == kSuspend ? 0 : 1;
      loop_.Post([this, name] { on_signal_(name); });
    }
  }
}

}  // namespace lockstep::coordinator
