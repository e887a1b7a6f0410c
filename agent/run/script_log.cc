#include "agent/run/script_log.h"

#include <utility>

namespace lockstep::agent {

void ScriptLog::Write(LogRecord record) {
  MutexLock held(mutex_);
  if (waiting_.size() >= kMaxWaiting) {
    ++suppressed_;
    return;
  }
  waiting_.push_back(std::move(record));
  if (!announced_) {
    announced_ = true;
    loop_.Post([this] {
      {
        MutexLock again(mutex_);
        announced_ = false;
      }
      if (on_lines_) {
        on_lines_();
      }
    });
  }
}

bool ScriptLog::Take(int max, v1::LogLines* lines) {
  MutexLock held(mutex_);
  lines->set_suppressed(suppressed_);
  suppressed_ = 0;
  while (!waiting_.empty() && lines->lines_size() < max) {
    LogRecord& record = waiting_.front();
    v1::LogLine& line = *lines->add_lines();
    line.set_time_unix_ns(absl::ToUnixNanos(record.time));
    line.set_level(static_cast<v1::LogLine::Level>(record.level));
    line.set_message(std::move(record.message));
    for (auto& [key, value] : record.fields) {
      v1::LogLine::Field& field = *line.add_fields();
      field.set_key(std::move(key));
      field.set_value(std::move(value));
    }
    waiting_.pop_front();
  }
  return lines->lines_size() > 0 || lines->suppressed() > 0;
}

}  // namespace lockstep::agent
