// Holds a run: before setup() with all VUs initialised, at the ReadyBarrier, or while the load
// runs, where all agents pause and resume at the same instants. A coordinator that itself stands
// still (Ctrl+Z) first has its agents come to rest. Loop-bound.
#pragma once

#include <optional>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "common/base/log.h"
#include "coordinator/core/fleet.h"
#include "coordinator/core/roster.h"
#include "coordinator/core/run_clock.h"
#include "coordinator/core/run_phase.h"
#include "coordinator/core/run_sender.h"

namespace lockstep::coordinator {

class Pausing {
 public:
  // All are borrowed and outlive this.
  struct Parts {
    const RunClock& run_clock;
    const RunPhase& phase;
    Fleet& fleet;
    Roster& roster;
    RunSender& sender;
    Logger& logger;
  };
  explicit Pausing(Parts parts) : parts_(parts) {}

  bool paused() const { return state_.paused; }
  void BeginPaused() { state_.paused = true; }
  // `plan`: set once the run is Running. Errors are those of Run::Pause.
  absl::Status Pause(const std::optional<TestPlan>& plan);
  // Whoever waits for it may go on.
  absl::Status Resume();
  // Errors are those of Run::Suspend.
  absl::Status Suspend(const std::optional<TestPlan>& plan, absl::AnyInvocable<void()> done);
  // The run is paused for the sake of Suspend alone.
  bool suspended() const { return state_.to_suspend; }
  // The coordinator goes on. Whether the run has resumed with it.
  bool Release();
  // The run ends: nobody waits for rest any more.
  void GiveUp();

  void OnAtRest(RunMember& member, const v1::AtRest&);
  // Calls what Suspend was given, if all have come to rest.
  void TellIfAtRest();

  struct State {
    bool paused = false;
    bool to_suspend = false;  // and for nothing else
    MonoTime switch_at;       // of the last pause or resume after T0
  };
  const State& state() const { return state_; }
  void Restore(const State& state) { state_ = state; }

 private:
  // The instant at which all agents pause or resume: soon, after T0 and after the one before.
  MonoTime NextSwitch();
  void SendSuspend(bool over);

  const Parts parts_;
  State state_;
  absl::AnyInvocable<void()> on_at_rest_;  // null: nobody waits
};

}  // namespace lockstep::coordinator
