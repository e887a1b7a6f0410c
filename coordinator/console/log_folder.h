// Folds log lines of one cause, so that a server that is down fills no screen: the first ones are
// written, the others counted, and told now and then as one line with the field `times`.
//
// Only warnings and errors of the engine are folded: what a script prints is its own. Two lines
// have one cause if they differ in nothing but numbers, quoted text, and who had it (agent, VU,
// scenario).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"

#include "common/base/log.h"
#include "common/base/sync.h"

namespace lockstep::coordinator {

// Thread-safe.
class LogFolder {
 public:
  static constexpr size_t kMostCauses = 500;  // lines of others are all written

  // Writes `whole` lines of each cause one by one.
  explicit LogFolder(int64_t whole) : whole_(whole) {}

  // Whether `record` is to be written now; if not, it is counted.
  bool Admit(const LogRecord& record);
  // What was counted since the last call: for each cause its last line, with the field `times`, in
  // the order in which the causes were first seen.
  std::vector<LogRecord> Take();

 private:
  struct Cause {
    int64_t written = 0;
    int64_t held = 0;
    size_t order = 0;
    LogRecord last;  // of those held
  };

  const int64_t whole_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, Cause> causes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace lockstep::coordinator
