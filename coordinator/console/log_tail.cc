#include "coordinator/console/log_tail.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {

void LogTail::Add(const LogRecord& record) {
  if (record.level == LogLevel::kDebug) {
    return;
  }
  std::string text = record.message;
  for (const auto& [key, value] : record.fields) {
    absl::StrAppend(&text, " ", key, "=", value);
  }
  if (text.size() > kMostBytesOfLine) {
    text.resize(kMostBytesOfLine);
    text += "…";
  }
  MutexLock held(mutex_);
  lines_.push_back({record.time, record.level, std::move(text)});
  if (lines_.size() > kMostLines) {
    lines_.pop_front();
    ++dropped_;
  }
}

std::vector<LogTail::Line> LogTail::Lines() const {
  MutexLock held(mutex_);
  return {lines_.begin(), lines_.end()};
}

uint64_t LogTail::dropped() const {
  MutexLock held(mutex_);
  return dropped_;
}

}  // namespace lockstep::coordinator
