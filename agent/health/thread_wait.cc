#include "agent/health/thread_wait.h"

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace lockstep::agent {

ThreadWait::ThreadWait() : schedstat_("/proc/thread-self/schedstat"), taken_(Total()) {}

absl::Duration ThreadWait::Take() {
  const std::optional<absl::Duration> total = Total();
  if (!total.has_value()) {
    return absl::ZeroDuration();
  }
  const absl::Duration since = *total - taken_.value_or(*total);
  taken_ = total;
  return since;
}

// "time on the processor, time waiting for it, both in ns, and how often".
std::optional<absl::Duration> ThreadWait::Total() const {
  const std::optional<std::string> text = schedstat_.Read();
  if (!text.has_value()) {
    return std::nullopt;
  }
  const std::vector<absl::string_view> fields = absl::StrSplit(*text, ' ');
  int64_t nanos = 0;
  return fields.size() > 1 && absl::SimpleAtoi(fields[1], &nanos)
             ? std::optional(absl::Nanoseconds(nanos))
             : std::nullopt;
}

}  // namespace lockstep::agent
