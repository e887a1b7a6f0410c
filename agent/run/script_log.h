// Log lines of scripts and of the engine, on their way to the coordinator: written on any thread,
// kept in order, taken by the conductor. Bounded: beyond the limit, lines are dropped and counted.
#pragma once

#include <cstdint>
#include <deque>

#include "lockstep/v1/control.pb.h"

#include "common/base/event_loop.h"
#include "common/base/log.h"
#include "common/base/sync.h"

namespace lockstep::agent {

class ScriptLog final : public Logger {
 public:
  static constexpr size_t kMaxWaiting = 200'000;

  // `loop` is borrowed. `on_lines` is called on it, soon after lines came into an empty log.
  explicit ScriptLog(EventLoop& loop) : loop_(loop) {}
  // Set before anything is written.
  void SetOnLines(absl::AnyInvocable<void()> on_lines) { on_lines_ = std::move(on_lines); }

  void Write(LogRecord record) override;

  // Moves at most `max` lines out, oldest first. False if there are none.
  bool Take(int max, v1::LogLines* lines);

 private:
  EventLoop& loop_;
  absl::AnyInvocable<void()> on_lines_;
  Mutex mutex_;
  std::deque<LogRecord> waiting_ ABSL_GUARDED_BY(mutex_);
  int64_t suppressed_ ABSL_GUARDED_BY(mutex_) = 0;
  bool announced_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace lockstep::agent
