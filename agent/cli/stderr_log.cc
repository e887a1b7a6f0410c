#include "agent/cli/stderr_log.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "common/base/logfmt.h"

namespace lockstep::agent {
namespace {

constexpr size_t kMostBytes = size_t{1} << 20;
constexpr absl::Duration kLastWords = absl::Seconds(1);

}  // namespace

StderrLog::StderrLog(std::string name, bool verbose)
    : name_(std::move(name)), verbose_(verbose), writer_(STDERR_FILENO, kMostBytes) {}

void StderrLog::Flush() {
  writer_.Flush(kLastWords);
}

void StderrLog::Write(LogRecord record) {
  if (record.level == LogLevel::kDebug && !verbose_) {
    return;
  }
  record.fields.emplace_back("agent", name_);
  writer_.Write(absl::StrCat(FormatLogfmt(record), "\n"));
}

}  // namespace lockstep::agent
