#include "agent/exec/scenario_engine.h"

#include "absl/strings/str_cat.h"

#include "agent/exec/scenario_runner.h"
#include "common/base/check.h"

namespace lockstep::agent {

ScenarioEngine::ScenarioEngine(Config config, EventLoop& loop, VuPool& pool, Logger& logger,
                               EngineEvents& events)
    : config_(std::move(config)),
      loop_(loop),
      events_(events),
      scale_segment_(config_.segment),
      vus_(pool) {
  const ScenarioRunner::Run run{config_.moves, config_.first_number, loop, vus_, logger, events};
  for (size_t i = 0; i < config_.scenarios.size(); ++i) {
    runners_.push_back(std::make_unique<ScenarioRunner>(
        i, config_.scenarios[i], config_.plan.scenarios[i], run, [this] { CheckDone(); }));
    const auto* controlled =
        std::get_if<ExternallyControlledConfig>(&config_.scenarios[i].executor);
    scales_.push_back(controlled == nullptr ? std::optional<std::pair<int64_t, int64_t>>()
                                            : std::make_pair(controlled->vus, controlled->max_vus));
  }
}

ScenarioEngine::~ScenarioEngine() = default;

void ScenarioEngine::Start(MonoTime t0) {
  LOCKSTEP_CHECK(!t0_.has_value());
  t0_ = t0;
  held_ = paused_;
  if (!stopped_ && !held_) {
    ScheduleAll();
  }
}

void ScenarioEngine::ScheduleAll() {
  const MonoTime t0 = *t0_;
  t0_timer_.At(t0, [this, t0] {
    if (config_.first_number == 0) {  // else it has come late on purpose
      start_lateness_ = loop_.clock().Mono() - t0;
    }
    CheckDone();  // there may be no work at all
  });
  for (const std::unique_ptr<ScenarioRunner>& runner : runners_) {
    runner->Schedule(t0);
  }
}

absl::Status ScenarioEngine::Pause(MonoTime at) {
  if (paused_) {
    return absl::OkStatus();
  }
  if (!BegunBy(at)) {
    paused_ = true;
    held_ = t0_.has_value();
    t0_timer_.Cancel();
    for (const std::unique_ptr<ScenarioRunner>& runner : runners_) {
      runner->Unschedule();
    }
    return absl::OkStatus();
  }
  for (const std::unique_ptr<ScenarioRunner>& runner : runners_) {
    if (runner->has_work() && !runner->executor()->is_controllable()) {
      const ScenarioConfig& config = runner->config();
      return absl::FailedPreconditionError(
          absl::StrCat(ExecutorTypeName(config.executor), " executor '", config.name,
                       "' doesn't support pause and resume operations after its start"));
    }
  }
  paused_ = true;
  SwitchAt(at, true);
  return absl::OkStatus();
}

absl::Status ScenarioEngine::Resume(MonoTime at) {
  if (!paused_) {
    return absl::FailedPreconditionError("the run is not paused");
  }
  paused_ = false;
  if (held_) {
    held_ = false;
    t0_ = std::max({*t0_, at, loop_.clock().Mono()});
    if (!stopped_) {
      ScheduleAll();
    }
    return absl::OkStatus();
  }
  SwitchAt(at, false);
  return absl::OkStatus();
}

void ScenarioEngine::SwitchAt(MonoTime at, bool paused) {
  switches_.emplace_back(switches_.empty() ? at : std::max(at, switches_.back().first), paused);
  ApplySwitches();
}

void ScenarioEngine::ApplySwitches() {
  switch_timer_.Cancel();
  while (!switches_.empty() && switches_.front().first <= loop_.clock().Mono()) {
    const bool paused = switches_.front().second;
    switches_.pop_front();
    for (const std::unique_ptr<ScenarioRunner>& runner : runners_) {
      if (runner->has_work()) {
        runner->executor()->SetPaused(paused);
      }
    }
  }
  if (!switches_.empty()) {
    switch_timer_.At(switches_.front().first, [this] { ApplySwitches(); });
  }
}

absl::Status ScenarioEngine::Scale(int64_t vus, int64_t max_vus) {
  if (vus < -1 || max_vus < -1) {
    return absl::InvalidArgumentError(
        absl::StrCat("vus and maxVUs must be >= 0, got ", vus, " and ", max_vus));
  }
  auto wanted = scales_;
  bool found = false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i].has_value() || runners_[i]->state() == v1::ScenarioProgress::STOPPING ||
        (runners_[i]->has_work() && runners_[i]->ended())) {
      continue;
    }
    found = true;
    wanted[i]->first = vus < 0 ? wanted[i]->first : vus;
    wanted[i]->second = max_vus < 0 ? wanted[i]->second : max_vus;
    if (wanted[i]->first > wanted[i]->second) {
      return absl::InvalidArgumentError(absl::StrCat("scenarios.", config_.scenarios[i].name,
                                                     ": vus must be <= maxVUs, got ",
                                                     wanted[i]->first, " > ", wanted[i]->second));
    }
  }
  if (!found) {
    return absl::FailedPreconditionError(
        "there is no externally-controlled scenario that could be scaled");
  }
  scales_ = wanted;
  for (size_t i = 0; i < runners_.size(); ++i) {
    Rescale(i);
  }
  return absl::OkStatus();
}

void ScenarioEngine::SetTotals(absl::string_view scenario, int64_t vus, int64_t max_vus) {
  for (size_t i = 0; i < runners_.size(); ++i) {
    if (scales_[i].has_value() && config_.scenarios[i].name == scenario) {
      scales_[i] = {vus, max_vus};
      Rescale(i);
    }
  }
}

void ScenarioEngine::Rescale(size_t i) {
  if (scales_[i].has_value() && runners_[i]->has_work() && !runners_[i]->ended()) {
    runners_[i]->executor()->Scale(scale_segment_.Scale(scales_[i]->first),
                                   scale_segment_.Scale(scales_[i]->second));
  }
}

bool ScenarioEngine::Hold(absl::Duration after) {
  if (division_timer_.set()) {
    return false;  // the division before this one is still to come
  }
  const absl::Duration before = hold_;
  for (size_t i = 0; i < runners_.size(); ++i) {
    if (!runners_[i]->HoldFrom(after)) {
      while (i > 0) {
        runners_[--i]->HoldFrom(before);
      }
      return false;
    }
  }
  hold_ = after;
  return true;
}

void ScenarioEngine::Expect(const InstancePlan& plan) {
  const int64_t existing = vus_.initialised() + (initialising_ ? 1 : 0);
  missing_ = std::max<int64_t>(plan.planned_vus - existing, 0);
  InitialiseMissing();
}

void ScenarioEngine::InitialiseMissing() {
  if (initialising_ || missing_ == 0 || done_) {
    return;
  }
  --missing_;
  initialising_ = true;
  vus_.InitialiseOne([this](LentVu vu) {
    initialising_ = false;
    if (!vu) {  // the reason is logged; further ones would fail of it, too
      missing_ = 0;
    } else {
      vu.GiveBack();
    }
    InitialiseMissing();
  });
}

void ScenarioEngine::Divide(InstancePlan plan, SegmentTuple segment) {
  division_ = {std::move(plan), std::move(segment)};
  division_timer_.At(*t0_ + hold_, [this] { DivideNow(); });
}

void ScenarioEngine::EndAtHold() {
  division_timer_.At(*t0_ + hold_, [this] { Leave(); });
}

void ScenarioEngine::DivideNow() {
  auto [plan, segment] = *std::exchange(division_, std::nullopt);
  const absl::Duration at = std::exchange(hold_, absl::InfiniteDuration());
  scale_segment_ = std::move(segment);
  for (size_t i = 0; i < runners_.size(); ++i) {
    runners_[i]->Redivide(std::move(plan.scenarios[i]), at);
    Rescale(i);
  }
}

void ScenarioEngine::SetFence(MonoTime until) {
  for (const std::unique_ptr<ScenarioRunner>& runner : runners_) {
    if (runner->has_work() && !runner->ended()) {
      runner->executor()->SetFence(until);
    }
  }
}

void ScenarioEngine::Lease(absl::string_view scenario, int64_t first, int64_t count) {
  for (size_t i = 0; i < runners_.size(); ++i) {
    ScenarioRunner& runner = *runners_[i];
    if (runner.config().name != scenario || !runner.has_work()) {
      continue;
    }
    if (!runner.ended()) {
      runner.executor()->Lease(first, count);
    } else if (count > 0) {  // it was on its way while the scenario ended here
      events_.OnIterationsReturned(i, first, count);
    }
  }
}

void ScenarioEngine::LeaseVus(const v1::VuIterationsLeased& leased) {
  for (const std::unique_ptr<ScenarioRunner>& runner : runners_) {
    if (runner->config().name == leased.scenario() && runner->has_work() && !runner->ended()) {
      runner->executor()->LeaseVus(leased);
    }
  }
}

void ScenarioEngine::GracefulStop() {
  End(/*leaving=*/false);
}

void ScenarioEngine::Leave() {
  End(/*leaving=*/true);
}

void ScenarioEngine::End(bool leaving) {
  stopped_ = true;
  absl::Duration longest;
  for (const std::unique_ptr<ScenarioRunner>& runner : runners_) {
    longest = std::max(longest, runner->config().graceful_stop);
  }
  const MonoTime now = loop_.clock().Mono();
  for (size_t i = 0; i < runners_.size(); ++i) {
    if (leaving) {
      const bool controlled = scales_[i].has_value();
      runners_[i]->Leave(
          now + (controlled ? std::max(longest, ScenarioConfig().graceful_stop) : longest));
    } else {
      runners_[i]->GracefulStop(now + longest);
    }
  }
  CheckDone();
}

void ScenarioEngine::StopWaiting() {
  for (const std::unique_ptr<ScenarioRunner>& runner : runners_) {
    if (runner->has_work() && !runner->ended()) {
      runner->executor()->StopWaiting();
    }
  }
}

void ScenarioEngine::Stop() {
  stopped_ = true;
  StopWaiting();
  for (const std::unique_ptr<ScenarioRunner>& runner : runners_) {
    runner->Stop();
  }
  CheckDone();
}

void ScenarioEngine::CheckDone() {
  const bool all_ended =
      std::all_of(runners_.begin(), runners_.end(),
                  [](const std::unique_ptr<ScenarioRunner>& runner) { return runner->ended(); });
  if (all_ended && !std::exchange(done_, true)) {
    t0_timer_.Cancel();
    done_timer_.At(loop_.clock().Mono(), [this] { events_.OnDone(); });
  }
}

EngineSnapshot ScenarioEngine::Snapshot() const {
  EngineSnapshot snapshot;
  for (const std::unique_ptr<ScenarioRunner>& runner : runners_) {
    snapshot.scenarios.push_back(runner->Snapshot());
    snapshot.vus_active += snapshot.scenarios.back().vus_active;
  }
  snapshot.vus_initialised = vus_.initialised();
  snapshot.start_lateness = start_lateness_;
  snapshot.paused = paused_ && switches_.empty();
  return snapshot;
}

}  // namespace lockstep::agent
