// How long a thread was ready to run and waited for a processor, as the kernel counts it: other
// processes' turns, and those of our own other threads.
#pragma once

#include <optional>

#include "absl/time/time.h"

#include "agent/health/kernel_file.h"

namespace lockstep::agent {

class ThreadWait {
 public:
  // Of the thread that makes it.
  ThreadWait();

  // Since the last call, or since the object was made. Zero where the kernel does not tell. Any
  // thread, one at a time.
  absl::Duration Take();

 private:
  std::optional<absl::Duration> Total() const;

  const KernelFile schedstat_;
  std::optional<absl::Duration> taken_;
};

}  // namespace lockstep::agent
