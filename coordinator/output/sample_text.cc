#include "coordinator/output/sample_text.h"

#include <charconv>

#include "absl/time/time.h"

namespace lockstep::coordinator {

bool IsMetadata(absl::string_view tag) {
  return tag == "vu" || tag == "iter";
}

std::string Rfc3339Nanos(int64_t unix_nanos) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", absl::FromUnixNanos(unix_nanos),
                          absl::UTCTimeZone());
}

std::string ShortestNumber(double value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  return std::string(text, end);
}

}  // namespace lockstep::coordinator
