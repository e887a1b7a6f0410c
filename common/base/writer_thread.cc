#include "common/base/writer_thread.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/sync.h"

namespace lockstep {
namespace {

// Of one call, after which others see how far it has got.
constexpr size_t kMostAtOnce = size_t{64} << 10;

}  // namespace

struct WriterThread::State {
  explicit State(int duplicate) : file(duplicate), error(duplicate < 0 ? errno : 0) {}
  ~State() {
    if (file >= 0) {
      close(file);
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  const int file;
  Mutex mutex;
  CondVar changed;
  std::string next ABSL_GUARDED_BY(mutex);      // what the thread has not begun with
  size_t waiting ABSL_GUARDED_BY(mutex) = 0;    // `next`, and what the thread has left to write
  uint64_t written ABSL_GUARDED_BY(mutex) = 0;  // since the start
  int error ABSL_GUARDED_BY(mutex) = 0;
  bool over ABSL_GUARDED_BY(mutex) = false;  // the writer is gone
};

WriterThread::WriterThread(int file, size_t most_bytes)
    : most_bytes_(most_bytes), state_(std::make_shared<State>(fcntl(file, F_DUPFD_CLOEXEC, 0))) {
  if (state_->file < 0) {
    return;
  }
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([state = state_] { Run(*state); }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

WriterThread::~WriterThread() {
  MutexLock lock(state_->mutex);
  state_->over = true;
  state_->changed.NotifyAll();
}

bool WriterThread::Write(absl::string_view text, size_t spare) {
  MutexLock lock(state_->mutex);
  if (state_->error != 0 || state_->waiting + text.size() + spare > most_bytes_) {
    return false;
  }
  state_->next.append(text.data(), text.size());
  state_->waiting += text.size();
  state_->changed.NotifyAll();
  return true;
}

size_t WriterThread::Flush(absl::Duration patience) {
  const SystemClock clock;
  MutexLock lock(state_->mutex);
  uint64_t seen = state_->written;
  MonoTime until = clock.Mono() + patience;
  while (state_->waiting > 0 && state_->error == 0) {
    const MonoTime now = clock.Mono();
    if (state_->written != seen) {
      seen = state_->written;
      until = now + patience;
    } else if (now >= until) {
      break;
    }
    state_->changed.WaitFor(state_->mutex, until - now);
  }
  return state_->waiting;
}

size_t WriterThread::waiting() const {
  MutexLock lock(state_->mutex);
  return state_->waiting;
}

int WriterThread::error() const {
  MutexLock lock(state_->mutex);
  return state_->error;
}

void WriterThread::Run(State& state) {
  std::string text;
  size_t done = 0;  // of `text`
  MutexLock lock(state.mutex);
  while (true) {
    while (!state.over && state.next.empty() && done == text.size()) {
      state.changed.Wait(state.mutex);
    }
    if (state.over) {
      return;
    }
    if (done == text.size()) {
      text.clear();
      text.swap(state.next);
      done = 0;
    }
    state.mutex.Unlock();
    const ssize_t n =
        write(state.file, text.data() + done, std::min(text.size() - done, kMostAtOnce));
    const int error = n < 0 ? errno : 0;
    if (error == EAGAIN) {
      pollfd asked = {.fd = state.file, .events = POLLOUT, .revents = 0};
      poll(&asked, 1, -1);
    }
    state.mutex.Lock();
    if (n >= 0) {
      done += static_cast<size_t>(n);
      state.written += static_cast<size_t>(n);
      state.waiting -= static_cast<size_t>(n);
    } else if (error != EINTR && error != EAGAIN) {
      state.error = error;
      state.next.clear();
      state.waiting = 0;
      state.changed.NotifyAll();
      return;
    }
    state.changed.NotifyAll();
  }
}

}  // namespace lockstep
