// A run's own time: T0, the instant at which all agents start together, and what is counted from
// it. Loop-bound; reads the loop's clock.
#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "lockstep/v1/control.pb.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "coordinator/core/roster.h"

namespace lockstep::coordinator {

class RunClock {
 public:
  // `clock` and `roster` are borrowed and outlive this. `held_back`: see RunSettings.
  RunClock(const Clock& clock, const Roster& roster, absl::Duration held_back)
      : clock_(clock), roster_(roster), held_back_(held_back) {}

  // How long before an instant the agents must be told of it, to be there in time.
  absl::Duration Lead() const;
  // The first instant of which they can still be told so.
  MonoTime Soonest() const { return clock_.Mono() + Lead(); }
  // Chooses T0: a Lead() from now, which it returns.
  absl::Duration ChooseT0();
  MonoTime t0() const { return state_.t0; }  // Infinite before it is chosen
  // Tells an agent T0.
  v1::CoordinatorMessage StartMessage() const;

  void SetupBegins() { state_.setup_began = clock_.Mono(); }
  void AllHaveDrained();  // the first time counts
  // Since T0, until the last agent has drained; 0 before T0.
  absl::Duration elapsed() const;
  // elapsed(), or the time since setup() began where there was no T0.
  absl::Duration measured() const;

  // The instant from which measured() counts; now, if it does not yet.
  absl::Time began() const;

  // Logs, once all agents have told how long after T0 they came to start, the longest of that.
  void ReportStartSkew(Logger& logger);

  struct State {
    MonoTime t0 = MonoTime::Infinite();
    int64_t t0_wall_ns = 0;
    MonoTime setup_began = MonoTime::Infinite();
    MonoTime drained_at = MonoTime::Infinite();
    bool skew_reported = false;
  };
  const State& state() const { return state_; }
  void Restore(const State& state) { state_ = state; }

 private:
  const Clock& clock_;
  const Roster& roster_;
  const absl::Duration held_back_;
  State state_;
};

}  // namespace lockstep::coordinator
