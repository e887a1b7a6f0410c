// Notices when the coordinator itself stood still while the load ran: it beats four times a second,
// and a beat that comes late shows it. Loop-bound.
#pragma once

#include <utility>
#include <vector>

#include "common/base/timer.h"
#include "common/health/judge.h"
#include "coordinator/core/run_clock.h"
#include "coordinator/core/run_phase.h"

namespace lockstep::coordinator {

class StandstillWatch {
 public:
  // All are borrowed and outlive this.
  StandstillWatch(EventLoop& loop, const RunPhase& phase, const RunClock& run_clock)
      : clock_(loop.clock()), phase_(phase), run_clock_(run_clock), timer_(loop) {}

  // Watches from T0 on, until all have drained.
  void Begin();
  // Goes on after Restore: the time since the last beat of another process counts.
  void Beat();
  // Standing still until now was on purpose.
  void Forgive() { state_.last_beat = clock_.Mono(); }
  // Since T0, the first ones.
  const std::vector<Standstill>& standstills() const { return state_.standstills; }

  struct State {
    MonoTime last_beat;
    std::vector<Standstill> standstills;
  };
  const State& state() const { return state_; }
  // As of another process.
  void Restore(State state) {
    state_ = std::move(state);
    restored_ = true;
  }

 private:
  const Clock& clock_;
  const RunPhase& phase_;
  const RunClock& run_clock_;
  Timer timer_;
  State state_;
  bool restored_ = false;  // its last beat was another process's
};

}  // namespace lockstep::coordinator
