#include "coordinator/console/log_folder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace lockstep::coordinator {
namespace {

// Appends `text` without what differs from case to case: numbers become "#", quotes lose their
// text.
void AppendLasting(absl::string_view text, std::string* key) {
  bool in_number = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      const size_t end = text.find('"', i + 1);
      if (end != absl::string_view::npos) {
        i = end;
      }
    }
    const bool digit = absl::ascii_isdigit(static_cast<unsigned char>(text[i]));
    if (!digit || !in_number) {
      key->push_back(digit ? '#' : text[i]);
    }
    in_number = digit;
  }
  key->push_back('\0');
}

// Empty: the line is not to be folded.
std::string CauseOf(const LogRecord& record) {
  if (record.level < LogLevel::kWarn) {
    return "";
  }
  std::string key = absl::StrCat(LogLevelName(record.level), " ");
  AppendLasting(record.message, &key);
  for (const auto& [name, value] : record.fields) {
    if (name == "source" && value == "console") {
      return "";
    }
    if (name == "error") {
      AppendLasting(value, &key);
    }
  }
  return key;
}

// That the line stands for already, as its agent has folded some.
int64_t TimesOf(const LogRecord& record) {
  int64_t times = 1;
  for (const auto& [name, value] : record.fields) {
    if (name == "times" && !absl::SimpleAtoi(value, &times)) {
      return 1;
    }
  }
  return times;
}

}  // namespace

bool LogFolder::Admit(const LogRecord& record) {
  const std::string key = CauseOf(record);
  if (key.empty()) {
    return true;
  }
  MutexLock lock(mutex_);
  auto found = causes_.find(key);
  if (found == causes_.end()) {
    if (causes_.size() >= kMostCauses) {
      return true;
    }
    found = causes_.emplace(key, Cause{.order = causes_.size(), .last = {}}).first;
  }
  Cause& cause = found->second;
  if (cause.written < whole_) {
    ++cause.written;
    return true;
  }
  cause.held += TimesOf(record);
  cause.last = record;
  return false;
}

std::vector<LogRecord> LogFolder::Take() {
  std::vector<std::pair<size_t, LogRecord>> taken;
  MutexLock lock(mutex_);
  for (auto& [key, cause] : causes_) {
    if (cause.held == 0) {
      continue;
    }
    LogRecord record = std::exchange(cause.last, LogRecord());
    std::erase_if(record.fields, [](const auto& field) { return field.first == "times"; });
    record.fields.emplace_back("times", absl::StrCat(std::exchange(cause.held, 0)));
    taken.emplace_back(cause.order, std::move(record));
  }
  std::sort(taken.begin(), taken.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<LogRecord> records;
  for (auto& [order, record] : taken) {
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace lockstep::coordinator
