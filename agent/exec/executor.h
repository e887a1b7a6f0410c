// The rule that decides when which VU iterates: one class for each kind, made from a scenario's
// configuration by MakeExecutor, driven by a ScenarioRunner. Conductor's loop only, except for the
// iteration sources inside.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"

#include "agent/exec/counters.h"
#include "agent/exec/scenario_engine.h"
#include "agent/exec/vu.h"
#include "common/base/event_loop.h"
#include "common/base/log.h"
#include "common/options/options.h"
#include "common/plan/plan.h"

namespace lockstep::agent {

// What an executor works with. What is borrowed outlives it.
struct ExecutorContext {
  size_t scenario;  // index
  const ScenarioConfig& config;
  const ScenarioPlan& plan;  // this instance's part; changes just before Redivide
  // Work may move: see Redivide.
  bool moves = false;
  // Numbers in the test begin here, where no schedule gives them; > 0: they are all this
  // instance's.
  int64_t first_number = 0;
  EventLoop& loop;
  VuRequests& vus;
  std::shared_ptr<ScenarioCounters> counters;  // its VUs', too
  EngineEvents& events;
  Logger& logger;
  absl::AnyInvocable<void()> changed;  // finished() may have become true

  // By which iterations are numbered in the test, from `first_number` on.
  SegmentTuple numbering() const {
    return first_number > 0 ? SegmentTuple() : plan.iterations_segment;
  }
};

enum class EndOfStarts {
  kTimeIsUp,  // the regular duration is over
  kStopped,   // by the user
};

class Executor {
 public:
  explicit Executor(ExecutorContext context) : context_(std::move(context)) {}
  // Nothing begins any more; VUs that are at work are interrupted and go back to their pool.
  virtual ~Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Begins; the schedule counts from `start`, which may be in the past. Once.
  virtual void Start(MonoTime start) = 0;
  // Starts no more iterations; those that run go on. At most once, after Start.
  virtual void EndStarts(EndOfStarts why) = 0;
  // It waits for nobody but its VUs, if its starts have ended.
  virtual void StopWaiting() {}
  // Interrupts all running iterations. After EndStarts.
  virtual void Interrupt() = 0;
  // Nothing more will start, no VU is held, nothing is under way. Once true, it stays true.
  virtual bool finished() const = 0;
  // Reports the iterations that found no time. Once, when finished, unless the run was stopped:
  // what nobody wanted any more was not dropped.
  virtual void Settle() {}

  // VUs at work: those of a closed loop always are, those of an arrival rate while they iterate.
  virtual int64_t active_vus() const = 0;
  // VUs that it has got for its work. Only arrival rates take fewer than they may use.
  virtual int64_t allocated_vus() const { return max_vus(); }
  // The most VUs that it may use now.
  virtual int64_t max_vus() const { return context_.plan.max_vus; }
  // Iterations that found no VU or no time, so far.
  int64_t dropped() const { return dropped_; }
  // Those of them that an arrival rate had no free VU for.
  virtual int64_t starts_without_vu() const { return 0; }
  // Iterations per second that the whole test wants so long after the start, for arrival rates.
  virtual double rate_per_s(absl::Duration /*elapsed*/) const { return 0; }

  // ---- work that moves; offsets are from the scenario's start ----

  // The scenario is about to start: get what takes time.
  virtual void Prepare() {}
  // From now on nothing begins that is due at `offset` or later, until Redivide or another hold.
  // False, and all as before, if something of that has begun.
  virtual bool HoldFrom(absl::Duration /*offset*/) { return true; }
  // The plan is another one from `offset` on, which has come. After Start.
  virtual void Redivide(absl::Duration /*offset*/) {}
  // Nothing that is due at `until` or later begins: others may have got it by then.
  virtual void SetFence(MonoTime /*until*/) {}
  // Iterations first .. first + count - 1 of the fleet's pool are this instance's; 0: there are no
  // more, and there will be none.
  virtual void Lease(int64_t /*first*/, int64_t /*count*/) {}
  // What may begin here of VUs of the test.
  virtual void LeaseVus(const v1::VuIterationsLeased& /*leased*/) {}
  // Iterations that it was to do, of those that are counted beforehand.
  virtual int64_t granted() const { return context_.plan.iterations; }

  // See ScenarioEngine; only the externally-controlled executor does more than refuse.
  virtual bool is_controllable() const { return false; }
  virtual void SetPaused(bool) {}
  // This instance's shares.
  virtual void Scale(int64_t, int64_t) {}

 protected:
  EventLoop& loop() { return context_.loop; }
  MonoTime now() const { return context_.loop.clock().Mono(); }
  void Drop(int64_t count, int64_t vu_id_in_test) {
    dropped_ += count;
    context_.events.OnDropped(context_.scenario, count, vu_id_in_test);
  }

  ExecutorContext context_;

 private:
  int64_t dropped_ = 0;
};

// Never null.
std::unique_ptr<Executor> MakeExecutor(ExecutorContext context);

}  // namespace lockstep::agent
