#include "coordinator/journal/journal_writer.h"

#include <utility>

#include <signal.h>

namespace lockstep::coordinator {

JournalWriter::JournalWriter(EventLoop& loop) : loop_(loop) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { Run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

JournalWriter::~JournalWriter() {
  {
    const MutexLock lock(mutex_);
    over_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void JournalWriter::Do(absl::AnyInvocable<absl::Status()> write,
                       absl::AnyInvocable<void(absl::Status)> done) {
  const MutexLock lock(mutex_);
  waiting_.push_back({std::move(write), std::move(done)});
  changed_.NotifyAll();
}

void JournalWriter::Finish() {
  MutexLock lock(mutex_);
  while (busy_ || !waiting_.empty()) {
    changed_.Wait(mutex_);
  }
}

void JournalWriter::Run() {
  while (true) {
    Work work;
    {
      MutexLock lock(mutex_);
      busy_ = false;
      changed_.NotifyAll();
      while (waiting_.empty() && !over_) {
        changed_.Wait(mutex_);
      }
      if (waiting_.empty()) {
        return;
      }
      work = std::move(waiting_.front());
      waiting_.pop_front();
      busy_ = true;
    }
    absl::Status status = work.write();
    work.write = nullptr;  // what it holds goes here, and not on the loop
    loop_.Post([done = std::move(work.done), status = std::move(status)]() mutable {
      done(std::move(status));
    });
  }
}

}  // namespace lockstep::coordinator
