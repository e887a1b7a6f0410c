// How long a thread was ready to run and waited for a processor, as the kernel counts it: other
// processes' turns, and those of our own other threads.
#pragma once

#include "absl/time/time.h"

namespace lockstep::agent {

class ThreadWait {
 public:
  // Of the thread that makes it.
  ThreadWait();
  ~ThreadWait();
  ThreadWait(const ThreadWait&) = delete;
  ThreadWait& operator=(const ThreadWait&) = delete;

  // Since the last call, or since the object was made. Zero where the kernel does not tell. Any
  // thread, one at a time.
  absl::Duration Take();

 private:
  absl::Duration Total() const;

  const int file_;  // the thread's schedstat; -1: there is none
  absl::Duration taken_;
};

}  // namespace lockstep::agent
