#include "coordinator/core/agent_log_lines.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {

void WriteLogLines(const v1::LogLines& lines, const std::string& agent, bool name_agent,
                   int64_t* dropped, Logger& logger) {
  if (lines.suppressed() > 0) {
    *dropped += lines.suppressed();
    logger.Warn(absl::StrCat(*dropped, " log lines were dropped so far, the last ones of agent ",
                             agent, ": too many at once"));
  }
  for (const v1::LogLine& line : lines.lines()) {
    LogRecord record;
    record.time = absl::FromUnixNanos(line.time_unix_ns());
    record.level = static_cast<LogLevel>(line.level());
    record.message = line.message();
    for (const v1::LogLine::Field& field : line.fields()) {
      record.fields.emplace_back(field.key(), field.value());
    }
    if (line.times() > 1) {
      record.fields.emplace_back("times", absl::StrCat(line.times()));
    }
    if (name_agent) {
      record.fields.emplace_back("agent", agent);
    }
    logger.Write(std::move(record));
  }
}

}  // namespace lockstep::coordinator
