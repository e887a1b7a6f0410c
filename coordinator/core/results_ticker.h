// What a run tells its results, and asks them, each second. Loop-bound.
#pragma once

#include <string>

#include "absl/functional/any_invocable.h"

#include "common/base/timer.h"
#include "coordinator/core/roster.h"
#include "coordinator/core/run_clock.h"
#include "coordinator/core/run_parts.h"
#include "coordinator/core/run_phase.h"

namespace lockstep::coordinator {

class ResultsTicker {
 public:
  struct Events {
    absl::AnyInvocable<void()> on_tick;  // each second, once the VUs are counted
    // The VUs that the test has at most, where those of agents that came and went are more.
    absl::AnyInvocable<int64_t()> most_vus;
    // A threshold that is to end the run is crossed; they are judged no more.
    absl::AnyInvocable<void(std::string)> on_crossed;
  };
  // All are borrowed and outlive this.
  ResultsTicker(EventLoop& loop, RunResults& results, const Roster& roster, const RunPhase& phase,
                const RunClock& run_clock, Events events);

  // Counts the VUs of all agents, each second from now on.
  void BeginTicking();
  void StopTicking() { tick_timer_.Cancel(); }
  // Judges the thresholds each second after T0, while the run is Running.
  void BeginJudging();

 private:
  void Tick();
  void Judge();

  const Clock& clock_;
  RunResults& results_;
  const Roster& roster_;
  const RunPhase& phase_;
  const RunClock& run_clock_;
  Events events_;
  Timer tick_timer_;
  Timer judge_timer_;
};

}  // namespace lockstep::coordinator
