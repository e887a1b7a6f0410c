// Where messages for people go. A Logger is passed, never global: the coordinator's writes to
// stderr (or where --log-output says), an agent's sends its lines to the coordinator, a test's
// keeps them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace lockstep {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

// "debug", "info", "warning" or "error": the words of k6's log lines.
absl::string_view LogLevelName(LogLevel level);

struct LogRecord {
  absl::Time time;
  LogLevel level = LogLevel::kInfo;
  std::string message;
  // Extra fields in the order in which they are printed, such as {"source", "console"}.
  std::vector<std::pair<std::string, std::string>> fields;
};

// Thread-safe; Write returns quickly and never fails.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual void Write(LogRecord record) = 0;

  void Debug(std::string message) { Log(LogLevel::kDebug, std::move(message)); }
  void Info(std::string message) { Log(LogLevel::kInfo, std::move(message)); }
  void Warn(std::string message) { Log(LogLevel::kWarn, std::move(message)); }
  void Error(std::string message) { Log(LogLevel::kError, std::move(message)); }
  // Stamps the message with the wall clock.
  void Log(LogLevel level, std::string message,
           std::vector<std::pair<std::string, std::string>> fields = {});
};

// Lines for somewhere else, which may not take them.
class RemoteLogger : public Logger {
 public:
  // Delivers what is left, and tells people on this machine of what was lost; they get all lines
  // from then on.
  virtual void Finish() = 0;
};

// Drops everything.
class NullLogger final : public Logger {
 public:
  void Write(LogRecord) override {}
};

}  // namespace lockstep
