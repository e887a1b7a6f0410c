// Time as a parameter. Everything that waits, paces or measures takes a `Clock&` (or an EventLoop,
// which has one), so that a ten-minute test plays in milliseconds on simulated time.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

#include "absl/time/time.h"

namespace lockstep {

// An instant on a monotonic clock: nanoseconds from an arbitrary origin that is the same for all
// threads of a process. Only differences mean anything, and those are absl::Duration.
class MonoTime {
 public:
  constexpr MonoTime() = default;
  static constexpr MonoTime FromNanos(int64_t nanos) { return MonoTime(nanos); }
  // Later than every instant that occurs.
  static constexpr MonoTime Infinite() { return MonoTime(std::numeric_limits<int64_t>::max()); }

  constexpr int64_t nanos() const { return nanos_; }
  constexpr bool infinite() const { return *this == Infinite(); }

  friend constexpr auto operator<=>(MonoTime, MonoTime) = default;
  // Infinite stays infinite; otherwise saturates at Infinite().
  friend MonoTime operator+(MonoTime t, absl::Duration d);
  friend MonoTime operator-(MonoTime t, absl::Duration d) { return t + -d; }
  friend absl::Duration operator-(MonoTime a, MonoTime b);

 private:
  explicit constexpr MonoTime(int64_t nanos) : nanos_(nanos) {}
  int64_t nanos_ = 0;
};

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // For latency, pacing and time-outs: never steps.
  virtual MonoTime Mono() const = 0;
  // For stamps that people and other systems read: may step.
  virtual absl::Time Wall() const = 0;
};

// CLOCK_MONOTONIC and the system's wall clock.
class SystemClock final : public Clock {
 public:
  MonoTime Mono() const override;
  absl::Time Wall() const override;
};

}  // namespace lockstep
