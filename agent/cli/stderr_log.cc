#include "agent/cli/stderr_log.h"

#include <cstdio>

#include "absl/strings/str_cat.h"

namespace lockstep::agent {

void StderrLog::Write(LogRecord record) {
  if (record.level == LogLevel::kDebug && !verbose_) {
    return;
  }
  std::string line = absl::StrCat(
      "time=\"", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", record.time, absl::UTCTimeZone()),
      "\" level=", LogLevelName(record.level), " msg=\"", record.message, "\" agent=", name_, "\n");
  MutexLock held(mutex_);
  fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace lockstep::agent
