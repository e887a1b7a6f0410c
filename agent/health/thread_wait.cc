#include "agent/health/thread_wait.h"

#include <array>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace lockstep::agent {

ThreadWait::ThreadWait()
    : file_(open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)), taken_(Total()) {}

ThreadWait::~ThreadWait() {
  if (file_ >= 0) {
    close(file_);
  }
}

absl::Duration ThreadWait::Take() {
  const absl::Duration total = Total();
  return total - std::exchange(taken_, total);
}

// "time on the processor, time waiting for it, both in ns, and how often".
absl::Duration ThreadWait::Total() const {
  std::array<char, 128> text;
  const ssize_t size = file_ < 0 ? 0 : pread(file_, text.data(), text.size(), 0);
  if (size <= 0) {
    return absl::ZeroDuration();
  }
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::string_view(text.data(), static_cast<size_t>(size)), ' ');
  int64_t nanos = 0;
  return fields.size() > 1 && absl::SimpleAtoi(fields[1], &nanos) ? absl::Nanoseconds(nanos)
                                                                  : absl::ZeroDuration();
}

}  // namespace lockstep::agent
