// A thread on which a journal is written, so that a disk that stands still holds up nothing else.
#pragma once

#include <deque>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "common/base/event_loop.h"
#include "common/base/sync.h"

namespace lockstep::coordinator {

// Loop-bound.
class JournalWriter {
 public:
  // `loop` is borrowed. The thread takes no signals.
  explicit JournalWriter(EventLoop& loop);
  // As Finish.
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  // Does `write` on the thread, after all that came before, and then `done` on the loop.
  void Do(absl::AnyInvocable<absl::Status()> write, absl::AnyInvocable<void(absl::Status)> done);
  // Returns once nothing is to be written any more, however long that takes.
  void Finish();

 private:
  struct Work {
    absl::AnyInvocable<absl::Status()> write;
    absl::AnyInvocable<void(absl::Status)> done;
  };
  void Run();

  EventLoop& loop_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Work> waiting_ ABSL_GUARDED_BY(mutex_);
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses all of these
};

}  // namespace lockstep::coordinator
