// What one scenario's VUs count on their workers, and the conductor reads: plain sums, so that no
// iteration crosses threads for the sake of a number.
#pragma once

#include <atomic>
#include <cstdint>

#include "agent/exec/vu.h"

namespace lockstep::agent {

class ScenarioCounters {
 public:
  // Any thread.
  void Started() { started_.fetch_add(1, std::memory_order_relaxed); }
  void Ended(IterationEnd end) {
    (end == IterationEnd::kFull ? full_ : interrupted_).fetch_add(1, std::memory_order_relaxed);
  }
  // An iteration began at `now` that its schedule wanted at `intended`.
  void Late(MonoTime intended, MonoTime now) {
    const int64_t nanos = now.nanos() - intended.nanos();
    int64_t most = max_lateness_ns_.load(std::memory_order_relaxed);
    while (nanos > most &&
           !max_lateness_ns_.compare_exchange_weak(most, nanos, std::memory_order_relaxed)) {
    }
  }

  int64_t started() const { return started_.load(std::memory_order_relaxed); }
  int64_t full() const { return full_.load(std::memory_order_relaxed); }
  int64_t interrupted() const { return interrupted_.load(std::memory_order_relaxed); }
  absl::Duration max_lateness() const {
    return absl::Nanoseconds(max_lateness_ns_.load(std::memory_order_relaxed));
  }

 private:
  std::atomic<int64_t> started_ = 0;
  std::atomic<int64_t> full_ = 0;
  std::atomic<int64_t> interrupted_ = 0;
  std::atomic<int64_t> max_lateness_ns_ = 0;
};

}  // namespace lockstep::agent
