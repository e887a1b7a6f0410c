// One scenario from waiting to its end: when its executor begins, when it may no longer start
// anything, when it is interrupted. Conductor's loop only.
#pragma once

#include <memory>
#include <optional>

#include "agent/exec/counters.h"
#include "agent/exec/executor.h"
#include "agent/exec/scenario_engine.h"
#include "agent/exec/vu.h"
#include "common/base/event_loop.h"
#include "common/base/timer.h"
#include "common/plan/plan.h"

namespace lockstep::agent {

class ScenarioRunner {
 public:
  // The parts of a run that its scenarios share; borrowed.
  struct Run {
    bool moves;
    int64_t first_number;
    EventLoop& loop;
    VuRequests& vus;
    Logger& logger;
    EngineEvents& events;
  };

  // `config` is borrowed; `plan` is this instance's part of it. `on_ended` is called once, in a
  // task of its own, but not if there is no work.
  ScenarioRunner(size_t index, const ScenarioConfig& config, ScenarioPlan plan, const Run& run,
                 absl::AnyInvocable<void()> on_ended);
  ScenarioRunner(const ScenarioRunner&) = delete;
  ScenarioRunner& operator=(const ScenarioRunner&) = delete;

  // Begins at t0 + startTime. May be called again while the scenario waits, for another T0.
  void Schedule(MonoTime t0);
  // Waits for the next Schedule. Only while waiting.
  void Unschedule();

  // No new iterations; what still runs is interrupted at `deadline` or at the scenario's own end,
  // whichever comes first.
  void GracefulStop(MonoTime deadline);
  // GracefulStop, and the test goes on elsewhere: what would have gone on here until somebody ends
  // the test has not come to its end.
  void Leave(MonoTime deadline);
  void Stop();

  // See ScenarioEngine; `after` is since T0.
  bool HoldFrom(absl::Duration after);
  void Redivide(ScenarioPlan plan, absl::Duration after);

  bool has_work() const { return executor_ != nullptr; }
  bool ended() const;
  v1::ScenarioProgress::State state() const { return state_; }
  const ScenarioConfig& config() const { return config_; }
  // Null without work.
  Executor* executor() { return executor_.get(); }
  ScenarioSnapshot Snapshot() const;

 private:
  void Begin(MonoTime start);
  void EndStarts(EndOfStarts why);
  void InterruptAt(MonoTime when);
  // Sees, in a task of its own, whether the executor has finished.
  void Check();
  void End();
  bool Fulfilled() const;
  absl::Duration Elapsed() const;

  const size_t index_;
  const ScenarioConfig& config_;
  const bool moves_;
  EventLoop& loop_;
  EngineEvents& events_;
  ScenarioPlan plan_;
  const std::shared_ptr<ScenarioCounters> counters_ = std::make_shared<ScenarioCounters>();
  std::unique_ptr<Executor> executor_;
  absl::AnyInvocable<void()> on_ended_;

  v1::ScenarioProgress::State state_ = v1::ScenarioProgress::WAITING;
  bool stopped_ = false;           // by the user, before its time was up
  bool left_ = false;              // while the test goes on
  std::optional<MonoTime> start_;  // once begun
  MonoTime end_;                   // once ended
  Timer prepare_timer_{loop_};
  Timer begin_timer_{loop_};
  Timer end_timer_{loop_};
  Timer interrupt_timer_{loop_};
  Timer check_timer_{loop_};  // a timer, as a posted task could not be taken back
  MonoTime interrupt_at_ = MonoTime::Infinite();
};

}  // namespace lockstep::agent
