#include "agent/run/script_log.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace lockstep::agent {

// A record's level is cast to a line's.
static_assert(static_cast<int>(LogLevel::kDebug) == v1::LogLine::DEBUG &&
              static_cast<int>(LogLevel::kInfo) == v1::LogLine::INFO &&
              static_cast<int>(LogLevel::kWarn) == v1::LogLine::WARN &&
              static_cast<int>(LogLevel::kError) == v1::LogLine::ERROR);
namespace {

// What a line costs beside its text.
constexpr size_t kLineOverhead = 64;

size_t SizeOf(const LogRecord& record) {
  size_t bytes = kLineOverhead + record.message.size();
  for (const auto& [key, value] : record.fields) {
    bytes += key.size() + value.size();
  }
  return bytes;
}

// Cuts between characters, not within one.
void Shorten(std::string* text, size_t most) {
  if (text->size() <= most) {
    return;
  }
  size_t end = most;
  while (end > 0 && (static_cast<unsigned char>((*text)[end]) & 0xC0) == 0x80) {
    --end;
  }
  const size_t left_out = text->size() - end;
  text->resize(end);
  text->shrink_to_fit();
  absl::StrAppend(text, "... (", left_out, " more bytes)");
}

bool SameLine(const LogRecord& a, const LogRecord& b) {
  return a.level == b.level && a.message == b.message && a.fields == b.fields;
}

}  // namespace

void ScriptLog::Write(LogRecord record) {
  redactor_.Redact(&record.message);
  for (auto& [key, value] : record.fields) {
    redactor_.Redact(&value);
  }
  Shorten(&record.message, kMaxLineBytes);
  const size_t bytes = SizeOf(record);
  MutexLock held(mutex_);
  if (bytes_ >= kFoldFromBytes && SameLine(waiting_.back().record, record)) {
    ++waiting_.back().times;
    return;
  }
  if (waiting_.size() >= kMaxWaiting || bytes_ + bytes > kMaxWaitingBytes) {
    ++suppressed_;
    return;
  }
  bytes_ += bytes;
  waiting_.push_back({.record = std::move(record), .bytes = bytes});
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
  size_t taken = 0;
  while (!waiting_.empty() && lines->lines_size() < max && taken < kMaxTakenBytes) {
    LogRecord& record = waiting_.front().record;
    v1::LogLine& line = *lines->add_lines();
    line.set_time_unix_ns(absl::ToUnixNanos(record.time));
    line.set_level(static_cast<v1::LogLine::Level>(record.level));
    line.set_message(std::move(record.message));
    for (auto& [key, value] : record.fields) {
      v1::LogLine::Field& field = *line.add_fields();
      field.set_key(std::move(key));
      field.set_value(std::move(value));
    }
    if (waiting_.front().times > 1) {
      line.set_times(waiting_.front().times);
    }
    taken += waiting_.front().bytes;
    bytes_ -= waiting_.front().bytes;
    waiting_.pop_front();
  }
  return lines->lines_size() > 0 || lines->suppressed() > 0;
}

}  // namespace lockstep::agent
