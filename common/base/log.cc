#include "common/base/log.h"

#include "absl/time/clock.h"

namespace lockstep {

absl::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "unknown";
}

void Logger::Log(LogLevel level, std::string message,
                 std::vector<std::pair<std::string, std::string>> fields) {
  Write({.time = absl::Now(),
         .level = level,
         .message = std::move(message),
         .fields = std::move(fields)});
}

}  // namespace lockstep
