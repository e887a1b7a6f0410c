#include "agent/exec/scenario_runner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lockstep::agent {
namespace {

// The schedule of an arrival-rate scenario.
struct RateOf {
  std::optional<ArrivalTimes> operator()(const ConstantArrivalRateConfig& config) const {
    return *ArrivalTimesOf(config);
  }
  std::optional<ArrivalTimes> operator()(const RampingArrivalRateConfig& config) const {
    return *ArrivalTimesOf(config);
  }
  template <class Other>
  std::optional<ArrivalTimes> operator()(const Other&) const {
    return std::nullopt;
  }
};

bool CountsIterations(const ExecutorConfig& config) {
  return std::holds_alternative<SharedIterationsConfig>(config) ||
         std::holds_alternative<PerVuIterationsConfig>(config);
}

}  // namespace

ScenarioRunner::ScenarioRunner(size_t index, const ScenarioConfig& config, const Run& run,
                               absl::AnyInvocable<void()> on_ended)
    : index_(index),
      config_(config),
      loop_(run.loop),
      events_(run.events),
      on_ended_(std::move(on_ended)) {
  absl::StatusOr<ScenarioPlan> plan = PlanScenario(config, run.segment);
  if (!plan.ok()) {
    run.logger.Error(std::string(plan.status().message()));
    plan_.name = config.name;
    state_ = ScenarioState::kInterrupted;
    return;
  }
  plan_ = *std::move(plan);
  if (!plan_.has_work) {
    run.logger.Debug(
        absl::StrCat("scenario ", config.name, " has no work for this agent's execution segment"));
    state_ = ScenarioState::kDone;
    return;
  }
  rate_ = std::visit(RateOf{}, config.executor);
  executor_ = MakeExecutor({.scenario = index_,
                            .config = config_,
                            .plan = plan_,
                            .segment = run.segment,
                            .loop = loop_,
                            .vus = run.vus,
                            .counters = counters_,
                            .events = events_,
                            .logger = run.logger,
                            .changed = [this] { Check(); }});
}

ScenarioRunner::~ScenarioRunner() {
  for (const TimerId timer : {begin_timer_, end_timer_, interrupt_timer_, check_timer_}) {
    loop_.Cancel(timer);
  }
}

bool ScenarioRunner::ended() const {
  return state_ == ScenarioState::kDone || state_ == ScenarioState::kInterrupted;
}

void ScenarioRunner::Schedule(MonoTime t0) {
  if (state_ != ScenarioState::kWaiting) {
    return;
  }
  Unschedule();
  const MonoTime start = t0 + config_.start_time;
  begin_timer_ = loop_.At(start, [this, start] { Begin(start); });
}

void ScenarioRunner::Unschedule() {
  loop_.Cancel(std::exchange(begin_timer_, TimerId::kNone));
}

void ScenarioRunner::Begin(MonoTime start) {
  begin_timer_ = TimerId::kNone;
  state_ = ScenarioState::kRunning;
  start_ = start;
  const MonoTime end = start + plan_.regular_duration;
  executor_->Start(start);
  if (!end.infinite()) {
    end_timer_ = loop_.At(end, [this] {
      end_timer_ = TimerId::kNone;
      EndStarts(EndOfStarts::kTimeIsUp);
      InterruptAt(*start_ + plan_.regular_duration + config_.graceful_stop);
    });
  }
  Check();
}

void ScenarioRunner::EndStarts(EndOfStarts why) {
  loop_.Cancel(std::exchange(end_timer_, TimerId::kNone));
  state_ = ScenarioState::kStopping;
  executor_->EndStarts(why);
  Check();
}

void ScenarioRunner::InterruptAt(MonoTime when) {
  if (when >= interrupt_at_) {
    return;
  }
  interrupt_at_ = when;
  loop_.Cancel(std::exchange(interrupt_timer_, TimerId::kNone));
  if (when <= loop_.clock().Mono()) {
    executor_->Interrupt();
    return;
  }
  interrupt_timer_ = loop_.At(when, [this] {
    interrupt_timer_ = TimerId::kNone;
    executor_->Interrupt();
  });
}

void ScenarioRunner::GracefulStop(MonoTime deadline) {
  switch (state_) {
    case ScenarioState::kWaiting:
      Unschedule();
      stopped_ = true;
      state_ = ScenarioState::kStopping;
      Check();
      return;
    case ScenarioState::kRunning:
      stopped_ = true;
      EndStarts(EndOfStarts::kStopped);
      InterruptAt(std::min(deadline, *start_ + plan_.regular_duration + config_.graceful_stop));
      return;
    case ScenarioState::kStopping:
      if (start_.has_value()) {
        InterruptAt(deadline);
      }
      return;
    case ScenarioState::kInterrupted:
    case ScenarioState::kDone:
      return;
  }
}

void ScenarioRunner::Stop() {
  GracefulStop(loop_.clock().Mono());
}

void ScenarioRunner::Check() {
  if (ended() || check_timer_ != TimerId::kNone) {
    return;
  }
  check_timer_ = loop_.At(loop_.clock().Mono(), [this] {
    check_timer_ = TimerId::kNone;
    const bool never_began = state_ == ScenarioState::kStopping && !start_.has_value();
    if (never_began || executor_->finished()) {
      End();
    }
  });
}

void ScenarioRunner::End() {
  for (TimerId* timer : {&begin_timer_, &end_timer_, &interrupt_timer_}) {
    loop_.Cancel(std::exchange(*timer, TimerId::kNone));
  }
  end_ = loop_.clock().Mono();
  if (start_.has_value()) {
    executor_->Settle();
  }
  state_ = Fulfilled() ? ScenarioState::kDone : ScenarioState::kInterrupted;
  events_.OnScenarioEnded(index_, state_);
  on_ended_();
}

bool ScenarioRunner::Fulfilled() const {
  if (CountsIterations(config_.executor)) {
    return counters_.full() == plan_.iterations;
  }
  return !stopped_ || (plan_.regular_duration == absl::InfiniteDuration() && start_.has_value());
}

absl::Duration ScenarioRunner::Elapsed() const {
  if (!start_.has_value()) {
    return absl::ZeroDuration();
  }
  const MonoTime until = ended() ? end_ : loop_.clock().Mono();
  return std::clamp(until - *start_, absl::ZeroDuration(), plan_.regular_duration);
}

double ScenarioRunner::Progress(absl::Duration elapsed) const {
  if (state_ == ScenarioState::kDone) {
    return 1;
  }
  if (CountsIterations(config_.executor)) {
    return plan_.iterations <= 0
               ? 0
               : static_cast<double>(counters_.full()) / static_cast<double>(plan_.iterations);
  }
  return plan_.regular_duration == absl::InfiniteDuration() ||
                 plan_.regular_duration == absl::ZeroDuration()
             ? 0
             : absl::FDivDuration(elapsed, plan_.regular_duration);
}

ScenarioSnapshot ScenarioRunner::Snapshot() const {
  ScenarioSnapshot snapshot;
  snapshot.name = plan_.name;
  snapshot.state = state_;
  snapshot.has_work = plan_.has_work;
  snapshot.regular_duration = plan_.regular_duration;
  snapshot.iterations_planned = plan_.iterations;
  snapshot.elapsed = Elapsed();
  snapshot.progress = Progress(snapshot.elapsed);
  snapshot.iterations_full = counters_.full();
  snapshot.iterations_interrupted = counters_.interrupted();
  // Read after its parts, so that it is never less than they are.
  snapshot.iterations_started = counters_.started();
  snapshot.lateness = counters_.lateness();
  if (executor_ != nullptr) {
    snapshot.vus_max = executor_->max_vus();
    snapshot.vus_active = executor_->active_vus();
    snapshot.vus_busy = executor_->busy_vus();
    snapshot.iterations_dropped = executor_->dropped();
    snapshot.starts_without_vu = executor_->starts_without_vu();
  }
  if (rate_.has_value() && state_ == ScenarioState::kRunning) {
    snapshot.rate_per_s = rate_->RatePerSecondAt(snapshot.elapsed);
  }
  return snapshot;
}

}  // namespace lockstep::agent
