// The last lines of the log, for pages that show them.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "common/base/log.h"
#include "common/base/sync.h"

namespace lockstep::coordinator {

// Thread-safe.
class LogTail {
 public:
  static constexpr size_t kMostLines = 200;
  static constexpr size_t kMostBytesOfLine = 2000;

  // Debug messages are left out.
  void Add(const LogRecord& record);

  struct Line {
    absl::Time time;
    LogLevel level;
    std::string text;  // with its fields: `message key=value`
  };
  // The earliest first.
  std::vector<Line> Lines() const;
  // Lines that are not among them any more.
  uint64_t dropped() const;

 private:
  mutable Mutex mutex_;
  std::deque<Line> lines_ ABSL_GUARDED_BY(mutex_);
  uint64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace lockstep::coordinator
