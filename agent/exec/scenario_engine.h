// Runs the scenarios of a test on one agent: starts each one's executor when it is due, gives it
// VUs, ends it when its time or its work is over, and counts. Created by the control session for
// each run, after the VUs are initialised.
//
// Everything here runs on the conductor's loop and never blocks. VUs ask for iterations on their
// own worker threads; the iteration sources of closed-loop executors answer there without crossing
// threads, and count in atomics.
//
// State of a scenario:
//   waiting     its startTime has not come (or the run is paused before its start)
//   running     iterations may start
//   stopping    no new iterations; those that run have until the end of gracefulStop
//   done        ended with its plan fulfilled: the duration is over, all iterations have run, or
//               there was nothing to do
//   interrupted ended before that: stopped by GracefulStop or Stop, or out of maxDuration with
//               iterations left
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lockstep/v1/control.pb.h"
#include "lockstep/v1/health.pb.h"

#include "agent/exec/vu.h"
#include "common/base/event_loop.h"
#include "common/base/log.h"
#include "common/base/timer.h"
#include "common/options/options.h"
#include "common/plan/plan.h"
#include "common/segment/execution_segment.h"

namespace lockstep::agent {

// One scenario on this agent, now.
struct ScenarioSnapshot {
  std::string name;
  v1::ScenarioProgress::State state = v1::ScenarioProgress::WAITING;
  bool has_work = false;           // false: this agent's segment has no part in it; it is skipped
  int64_t vus_active = 0;          // VUs at work: of an arrival rate, those that run an iteration
  int64_t vus_allocated = 0;       // that it has for its work; vus_max but for arrival rates
  int64_t vus_max = 0;             // this agent's share of what the scenario may use
  int64_t iterations_started = 0;  // = full + interrupted + those that run
  int64_t iterations_full = 0;
  int64_t iterations_interrupted = 0;
  int64_t iterations_dropped = 0;
  int64_t iterations_planned = -1;  // this agent's share; -1: not known beforehand
  double progress = 0;              // 0 to 1
  double rate_per_s = 0;            // wanted now from the whole test, for arrival rates; else 0
  absl::Duration elapsed;           // since the scenario's start, at most its regular duration
  absl::Duration regular_duration;  // duration or maxDuration; infinite: until stopped
  v1::Lag lateness;                 // of the starts of iterations after their schedule
  int64_t starts_without_vu = 0;    // dropped because no VU was free, for arrival rates
};

struct EngineSnapshot {
  std::vector<ScenarioSnapshot> scenarios;  // in the order of the options
  int64_t vus_active = 0;                   // over all scenarios
  int64_t vus_initialised = 0;
  absl::Duration start_lateness;  // how long after T0 the engine actually started; zero before
  bool paused = false;            // in effect: the instant of the pause has come
};

// What an agent wants of a pool of iterations that the fleet shares.
struct IterationsWanted {
  size_t scenario = 0;
  int64_t begun = 0;   // of all that it has got
  int64_t wanted = 0;  // 0: none, but to know when there are no more
  bool over = false;   // the time is over: all that is left, as dropped
};

// What the engine tells while it runs, on the conductor's loop.
class EngineEvents {
 public:
  virtual ~EngineEvents() = default;
  // `count` iterations of scenario `scenario` (an index into the options') never started.
  // `vu_id_in_test` names the VU whose iterations they were (per-vu-iterations); 0: no
  // particular VU's.
  virtual void OnDropped(size_t scenario, int64_t count, int64_t vu_id_in_test) = 0;
  // Scenario `scenario` has ended: its state is done or interrupted, and none of its VUs is at work
  // any more.
  virtual void OnScenarioEnded(size_t scenario, v1::ScenarioProgress::State state) = 0;
  // Where work moves: see Lease.
  virtual void OnIterationsWanted(const IterationsWanted&) {}
  // Of what Lease gave, these will not begin here.
  virtual void OnIterationsReturned(size_t /*scenario*/, int64_t /*first*/, int64_t /*count*/) {}
  // Likewise, see LeaseVus.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): whoever takes it moves it on.
  virtual void OnVusWanted(v1::VuIterationsWanted) {}
  // All scenarios have ended and all VUs are back in the pool. Once.
  virtual void OnDone() = 0;
};

class ScenarioRunner;

class ScenarioEngine {
 public:
  struct Config {
    std::vector<ScenarioConfig> scenarios;  // consolidated and validated
    InstancePlan plan;                      // of them, for `segment`
    SegmentTuple segment;
    // Work may move between agents: scenarios last until their time is over, with or without work.
    bool moves = false;
    // Iterations that no schedule numbers are numbered from here on.
    int64_t first_number = 0;
  };

  // Everything is borrowed and must outlive the engine, but for `pool`, which may go at any time.
  ScenarioEngine(Config config, EventLoop& loop, VuPool& pool, Logger& logger,
                 EngineEvents& events);
  // At any moment but within one of its calls: VUs that are at work are interrupted, and go back to
  // their pool when they have stopped. The engine's timers and tasks go with it.
  ~ScenarioEngine();
  ScenarioEngine(const ScenarioEngine&) = delete;
  ScenarioEngine& operator=(const ScenarioEngine&) = delete;

  // Runs the scenarios from `t0` on. If that has passed already, it starts late, with the schedule
  // still counted from `t0`. Once.
  void Start(MonoTime t0);

  // Holds the run from `at` on, or at once if that has passed. Before T0: all scenarios wait for
  // Resume, and their schedule then counts from there if T0 has passed. After it:
  // externally-controlled scenarios start no iterations until Resume; FailedPrecondition (naming
  // the scenario) and no change if there is an executor of any other kind. Pausing twice changes
  // nothing.
  absl::Status Pause(MonoTime at = MonoTime());
  // Goes on at `at`, or at once if that has passed, but not before the pause. FailedPrecondition if
  // not paused.
  absl::Status Resume(MonoTime at = MonoTime());

  // Sets VUs and maximum of all externally-controlled scenarios, as totals of the test; -1:
  // unchanged. FailedPrecondition if there is no such scenario that has not ended; InvalidArgument
  // if vus > max_vus or < 0.
  absl::Status Scale(int64_t vus, int64_t max_vus);
  // The same for one of them, by its name, without errors: whoever tells it has checked it.
  void SetTotals(absl::string_view scenario, int64_t vus, int64_t max_vus);
  // ---- work that moves ----

  // Nothing begins any more that is due at T0 + `after` or later, until Divide or another Hold,
  // which replaces this one. False, and all as before, if something of that has begun.
  bool Hold(absl::Duration after);
  // The VUs that `plan` wants and that are missing are initialised in the background.
  void Expect(const InstancePlan& plan);
  // From the instant of the last Hold on, or at once if that has passed, the work is `plan`, which
  // is the part `segment` of the test.
  void Divide(InstancePlan plan, SegmentTuple segment);
  // At the instant of the last Hold: as Leave.
  void EndAtHold();
  // Nothing that is due at `until` or later begins, so long as nobody moves it further.
  void SetFence(MonoTime until);
  // Iterations of the pool of the scenario of this name; see Executor::Lease.
  void Lease(absl::string_view scenario, int64_t first, int64_t count);
  // Iterations of VUs of the test; see Executor::LeaseVus.
  void LeaseVus(const v1::VuIterationsLeased& leased);

  // From now on Scale takes the part of its totals that is `segment`'s: the work of others who have
  // left is cut anew.
  void ScaleBy(SegmentTuple segment) { scale_segment_ = std::move(segment); }

  // Scenarios whose time is up wait no longer for what others have to say: nobody wants to know it.
  void StopWaiting();
  // No new iterations anywhere; those that run have until their scenario's end or the longest
  // gracefulStop from now, whichever comes first. Waiting scenarios end without having run.
  // Harmless after the end. Works before Start, too.
  void GracefulStop();
  // As GracefulStop, but the test goes on elsewhere: externally controlled scenarios, which have no
  // gracefulStop as a rule, let their iterations end within that of all others, and have not come
  // to their end if they have none.
  void Leave();
  // Interrupts all iterations now; OnDone follows once the VUs have stopped.
  void Stop();

  // Any time. Counters of running scenarios are those of this moment, possibly inconsistent with
  // one another because of iterations that end meanwhile; after OnScenarioEnded they are exact.
  EngineSnapshot Snapshot() const;

 private:
  void ScheduleAll();
  // Pauses or resumes the executors at `at`.
  void SwitchAt(MonoTime at, bool paused);
  void ApplySwitches();
  // GracefulStop or Leave.
  void End(bool leaving);
  // Tells of the end, in a task of its own, once all runners have ended.
  void CheckDone();
  // Whether the run has begun by `at`, or now.
  bool BegunBy(MonoTime at) const {
    return t0_.has_value() && std::max(at, loop_.clock().Mono()) >= *t0_ && !held_;
  }

  // The part of scenario `i`'s totals that its executor has is that of now.
  void Rescale(size_t i);
  void DivideNow();
  void InitialiseMissing();

  const Config config_;
  EventLoop& loop_;
  EngineEvents& events_;
  std::vector<std::unique_ptr<ScenarioRunner>> runners_;
  SegmentTuple scale_segment_;
  // Totals of the test, of the externally-controlled scenarios.
  std::vector<std::optional<std::pair<int64_t, int64_t>>> scales_;
  std::optional<MonoTime> t0_;
  absl::Duration start_lateness_;
  Timer t0_timer_{loop_};
  Timer done_timer_{loop_};
  // Pauses and resumptions after T0 that are still to come, in order.
  std::deque<std::pair<MonoTime, bool>> switches_;
  Timer switch_timer_{loop_};
  bool paused_ = false;
  bool held_ = false;  // paused before T0
  bool stopped_ = false;
  bool done_ = false;
  // Of the last Hold; of Divide, until its instant has come.
  absl::Duration hold_ = absl::InfiniteDuration();
  std::optional<std::pair<InstancePlan, SegmentTuple>> division_;
  Timer division_timer_{loop_};
  int64_t missing_ = 0;  // VUs that are to be initialised
  bool initialising_ = false;

  // Last: nothing of the above is called any more while it goes.
  VuRequests vus_;
};

}  // namespace lockstep::agent
