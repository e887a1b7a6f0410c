// Log lines of scripts and of the engine, on their way to the coordinator: written on any thread,
// kept in order, taken by the conductor. Bounded in lines and in bytes: beyond the limits, lines
// are dropped and counted, and before that, equal ones in a row become one with a count.
#pragma once

#include <cstdint>
#include <deque>

#include "lockstep/v1/control.pb.h"

#include "common/base/event_loop.h"
#include "common/base/log.h"
#include "common/base/secrets.h"
#include "common/base/sync.h"

namespace lockstep::agent {

class ScriptLog final : public Logger {
 public:
  static constexpr size_t kMaxWaiting = 200'000;
  static constexpr size_t kMaxWaitingBytes = 16 << 20;
  // With so much waiting, equal lines in a row are folded.
  static constexpr size_t kFoldFromBytes = 1 << 20;
  // The rest of a longer line is cut off, and said to be.
  static constexpr size_t kMaxLineBytes = 1 << 20;
  // Of one Take, and a line more.
  static constexpr size_t kMaxTakenBytes = 1 << 20;

  // `loop` is borrowed. `on_lines` is called on it, soon after lines came into an empty log.
  explicit ScriptLog(EventLoop& loop) : loop_(loop) {}
  // Set before anything is written.
  void SetOnLines(absl::AnyInvocable<void()> on_lines) { on_lines_ = std::move(on_lines); }

  void Write(LogRecord record) override;
  // What it knows is taken out of all lines that are written from then on.
  Redactor& redactor() { return redactor_; }

  // Moves at most `max` lines and about kMaxTakenBytes out, oldest first. False if there are none.
  bool Take(int max, v1::LogLines* lines);

 private:
  EventLoop& loop_;
  Redactor redactor_;
  absl::AnyInvocable<void()> on_lines_;
  Mutex mutex_;
  struct Waiting {
    LogRecord record;
    int64_t times = 1;
    size_t bytes = 0;
  };
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t suppressed_ ABSL_GUARDED_BY(mutex_) = 0;
  bool announced_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace lockstep::agent
