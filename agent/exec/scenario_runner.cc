#include "agent/exec/scenario_runner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "agent/exec/progress.h"

namespace lockstep::agent {
namespace {

// How long before its start a scenario gets what it needs from elsewhere.
constexpr absl::Duration kPrepareAhead = absl::Seconds(1);

}  // namespace

ScenarioRunner::ScenarioRunner(size_t index, const ScenarioConfig& config, ScenarioPlan plan,
                               const Run& run, absl::AnyInvocable<void()> on_ended)
    : index_(index),
      config_(config),
      moves_(run.moves),
      loop_(run.loop),
      events_(run.events),
      plan_(std::move(plan)),
      on_ended_(std::move(on_ended)) {
  if (!plan_.has_work && !run.moves) {
    run.logger.Debug(
        absl::StrCat("scenario ", config.name, " has no work for this agent's execution segment"));
    state_ = v1::ScenarioProgress::DONE;
    return;
  }
  executor_ = MakeExecutor({.scenario = index_,
                            .config = config_,
                            .plan = plan_,
                            .moves = run.moves,
                            .first_number = run.first_number,
                            .loop = loop_,
                            .vus = run.vus,
                            .counters = counters_,
                            .events = events_,
                            .logger = run.logger,
                            .changed = [this] { Check(); }});
}

bool ScenarioRunner::ended() const {
  return state_ == v1::ScenarioProgress::DONE || state_ == v1::ScenarioProgress::INTERRUPTED;
}

void ScenarioRunner::Schedule(MonoTime t0) {
  if (state_ != v1::ScenarioProgress::WAITING) {
    return;
  }
  Unschedule();
  const MonoTime start = t0 + plan_.start_time;
  if (moves_) {
    prepare_timer_.At(start - kPrepareAhead, [this] { executor_->Prepare(); });
  }
  begin_timer_.At(start, [this, start] { Begin(start); });
}

void ScenarioRunner::Unschedule() {
  prepare_timer_.Cancel();
  begin_timer_.Cancel();
}

bool ScenarioRunner::HoldFrom(absl::Duration after) {
  return executor_ == nullptr || ended() || executor_->HoldFrom(after - plan_.start_time);
}

void ScenarioRunner::Redivide(ScenarioPlan plan, absl::Duration after) {
  if (executor_ == nullptr || ended()) {
    return;
  }
  plan_ = std::move(plan);
  if (start_.has_value()) {
    executor_->Redivide(after - plan_.start_time);
  } else {
    executor_->HoldFrom(absl::InfiniteDuration());
  }
}

void ScenarioRunner::Begin(MonoTime start) {
  state_ = v1::ScenarioProgress::RUNNING;
  start_ = start;
  const MonoTime end = start + plan_.regular_duration;
  executor_->Start(start);
  if (!end.infinite()) {
    end_timer_.At(end, [this] {
      EndStarts(EndOfStarts::kTimeIsUp);
      InterruptAt(*start_ + plan_.regular_duration + plan_.graceful_stop);
    });
  }
  Check();
}

void ScenarioRunner::EndStarts(EndOfStarts why) {
  end_timer_.Cancel();
  state_ = v1::ScenarioProgress::STOPPING;
  executor_->EndStarts(why);
  Check();
}

void ScenarioRunner::InterruptAt(MonoTime when) {
  if (when >= interrupt_at_) {
    return;
  }
  interrupt_at_ = when;
  interrupt_timer_.Cancel();
  if (when <= loop_.clock().Mono()) {
    executor_->Interrupt();
    return;
  }
  interrupt_timer_.At(when, [this] { executor_->Interrupt(); });
}

void ScenarioRunner::GracefulStop(MonoTime deadline) {
  switch (state_) {
    case v1::ScenarioProgress::WAITING:
      Unschedule();
      stopped_ = true;
      state_ = v1::ScenarioProgress::STOPPING;
      executor_->EndStarts(EndOfStarts::kStopped);  // what it may have got goes back
      Check();
      return;
    case v1::ScenarioProgress::RUNNING:
      stopped_ = true;
      EndStarts(EndOfStarts::kStopped);
      InterruptAt(std::min(deadline, *start_ + plan_.regular_duration + plan_.graceful_stop));
      return;
    case v1::ScenarioProgress::STOPPING:
      if (start_.has_value()) {
        InterruptAt(deadline);
      }
      return;
    default:  // it has ended
      return;
  }
}

void ScenarioRunner::Leave(MonoTime deadline) {
  left_ = !ended();
  GracefulStop(deadline);
}

void ScenarioRunner::Stop() {
  GracefulStop(loop_.clock().Mono());
}

void ScenarioRunner::Check() {
  if (ended() || check_timer_.set()) {
    return;
  }
  check_timer_.At(loop_.clock().Mono(), [this] {
    const bool never_began = state_ == v1::ScenarioProgress::STOPPING && !start_.has_value();
    if (never_began || executor_->finished()) {
      End();
    }
  });
}

void ScenarioRunner::End() {
  for (Timer* timer : {&prepare_timer_, &begin_timer_, &end_timer_, &interrupt_timer_}) {
    timer->Cancel();
  }
  end_ = loop_.clock().Mono();
  if (start_.has_value() && !stopped_) {
    executor_->Settle();
  }
  state_ = Fulfilled() ? v1::ScenarioProgress::DONE : v1::ScenarioProgress::INTERRUPTED;
  events_.OnScenarioEnded(index_, state_);
  on_ended_();
}

bool ScenarioRunner::Fulfilled() const {
  if (!plan_.by_clock()) {
    return counters_->full() == executor_->granted();
  }
  const bool endless = plan_.regular_duration == absl::InfiniteDuration();
  return !stopped_ || (endless && start_.has_value() && !left_);
}

absl::Duration ScenarioRunner::Elapsed() const {
  if (!start_.has_value()) {
    return absl::ZeroDuration();
  }
  const MonoTime until = ended() ? end_ : loop_.clock().Mono();
  return std::clamp(until - *start_, absl::ZeroDuration(), plan_.regular_duration);
}

ScenarioSnapshot ScenarioRunner::Snapshot() const {
  ScenarioSnapshot snapshot;
  snapshot.name = plan_.name;
  snapshot.state = state_;
  snapshot.has_work = has_work();
  snapshot.regular_duration = plan_.regular_duration;
  snapshot.iterations_planned = plan_.iterations;
  snapshot.elapsed = Elapsed();
  snapshot.iterations_full = counters_->full();
  snapshot.progress = state_ == v1::ScenarioProgress::DONE
                          ? 1
                          : PlannedProgress(plan_, snapshot.elapsed, snapshot.iterations_full);
  snapshot.iterations_interrupted = counters_->interrupted();
  // Read after its parts, so that it is never less than they are.
  snapshot.iterations_started = counters_->started();
  snapshot.lateness = counters_->lateness();
  if (executor_ != nullptr) {
    snapshot.vus_max = executor_->max_vus();
    snapshot.vus_active = executor_->active_vus();
    snapshot.vus_allocated = executor_->allocated_vus();
    snapshot.iterations_dropped = executor_->dropped();
    snapshot.starts_without_vu = executor_->starts_without_vu();
    if (state_ == v1::ScenarioProgress::RUNNING) {
      snapshot.rate_per_s = executor_->rate_per_s(snapshot.elapsed);
    }
  }
  return snapshot;
}

}  // namespace lockstep::agent
