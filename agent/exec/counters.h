// What one scenario's VUs count on their workers, and the conductor reads: plain sums, so that no
// iteration crosses threads for the sake of a number.
#pragma once

#include <atomic>
#include <cstdint>

#include "agent/exec/vu.h"
#include "common/health/lag.h"

namespace lockstep::agent {

class ScenarioCounters {
 public:
  // Any thread.
  void Started() { started_.fetch_add(1, std::memory_order_relaxed); }
  void Ended(IterationEnd end) {
    (end == IterationEnd::kFull ? full_ : interrupted_).fetch_add(1, std::memory_order_relaxed);
  }
  // An iteration began at `now` that its schedule wanted at `intended`.
  void Late(MonoTime intended, MonoTime now) { lateness_.Add(now - intended); }

  int64_t started() const { return started_.load(std::memory_order_relaxed); }
  int64_t full() const { return full_.load(std::memory_order_relaxed); }
  int64_t interrupted() const { return interrupted_.load(std::memory_order_relaxed); }
  v1::Lag lateness() const { return lateness_.Read(); }

 private:
  std::atomic<int64_t> started_ = 0;
  std::atomic<int64_t> full_ = 0;
  std::atomic<int64_t> interrupted_ = 0;
  LagRecorder lateness_;
};

}  // namespace lockstep::agent
