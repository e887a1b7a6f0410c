#include "coordinator/core/run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "common/options/options.h"
#include "coordinator/core/division.h"
#include "proto/words.h"

namespace lockstep::coordinator {
Run::Run(EventLoop& loop, Fleet& fleet, TestSource& source, RunResults& results, Logger& logger,
         RunSettings settings)
    : loop_(loop),
      fleet_(fleet),
      source_(source),
      results_(results),
      logger_(logger),
      settings_(std::move(settings)),
      roster_(settings_.agents, settings_.redistribute ? 100 : settings_.tolerated_loss_percent),
      agents_target_(settings_.agents) {}

Run::~Run() {
  loop_.Cancel(limit_timer_);
  loop_.Cancel(tick_timer_);
  loop_.Cancel(judge_timer_);
  loop_.Cancel(beat_timer_);
  loop_.Cancel(redivision_timer_);
  loop_.Cancel(catch_up_timer_);
}

void Run::Begin(Events events) {
  TakeEvents(std::move(events));
  SetState(v1::RunStatus::WAITING_FOR_AGENTS, settings_.wait_for_agents);
}

void Run::TakeEvents(Events events) {
  events_ = std::move(events);
  fleet_.SetEvents({
      .may_join = [this](const v1::Join& join) { return MayJoin(join); },
      .on_joined = [this](AgentId agent) { OnJoined(agent); },
      .on_message = [this](AgentId agent,
                           const v1::AgentMessage& message) { return OnMessage(agent, message); },
      .on_batch = [this](AgentId agent,
                         const v1::BatchMessage& message) { return OnBatch(agent, message); },
      .on_lost = [this](const AgentRecord& agent,
                        const absl::Status& reason) { OnLost(agent, reason); },
  });
}

// ---- people's wishes ----

void Run::Interrupt(const std::string& name) {
  ++interrupts_;
  EndEarly({ExitCode::kExternalAbort,
            absl::StrCat("test run was aborted because lockstep received a '", name, "' signal")},
           /*now=*/interrupts_ > 1);
}

void Run::Fail(ExitCode code, std::string message) {
  EndEarly({code, std::move(message)});
}

absl::Status Run::Stop(bool now) {
  if (state_ == v1::RunStatus::DONE) {
    return absl::FailedPreconditionError("the run is over");
  }
  EndEarly({ExitCode::kScriptStoppedFromRestApi, "test run stopped by a control command"}, now);
  return absl::OkStatus();
}

MonoTime Run::NextSwitch() {
  const MonoTime soon = loop_.clock().Mono() + T0Lead();
  switch_at_ = std::max(soon, std::max(t0_, switch_at_) + absl::Nanoseconds(1));
  return switch_at_;
}

absl::Status Run::Pause() {
  if (state_ > v1::RunStatus::RUNNING) {
    return absl::FailedPreconditionError(
        absl::StrCat("the run is in state ", WordOf(state_), " and cannot pause"));
  }
  if (paused_) {
    return absl::OkStatus();
  }
  if (state_ == v1::RunStatus::RUNNING) {
    for (const auto& [scenario, executor] : plan_->executors) {
      if (!plan_->controlled.contains(scenario)) {
        return absl::FailedPreconditionError(
            absl::StrCat(executor, " executor '", scenario,
                         "' doesn't support pause and resume operations after its start"));
      }
    }
    v1::CoordinatorMessage message;
    message.mutable_pause()->set_at_coordinator_mono_ns(NextSwitch().nanos());
    SendToAll(message);
  }
  paused_ = true;
  return absl::OkStatus();
}

absl::Status Run::Resume() {
  if (!paused_) {
    return absl::FailedPreconditionError("the run is not paused");
  }
  paused_ = false;
  if (state_ == v1::RunStatus::RUNNING) {
    v1::CoordinatorMessage message;
    message.mutable_resume()->set_at_coordinator_mono_ns(NextSwitch().nanos());
    SendToAll(message);
  }
  Advance();
  return absl::OkStatus();
}

absl::Status Run::Suspend(absl::AnyInvocable<void()> done) {
  if (state_ == v1::RunStatus::SETUP) {
    return absl::FailedPreconditionError("setup() cannot be held");
  }
  if (state_ > v1::RunStatus::RUNNING) {
    return absl::FailedPreconditionError("it is about to end");
  }
  if (!paused_) {
    LOCKSTEP_RETURN_IF_ERROR(Pause());
    paused_to_suspend_ = true;
  }
  on_at_rest_ = std::move(done);
  SendSuspend(/*over=*/false);
  TellIfAtRest();
  return absl::OkStatus();
}

void Run::SendSuspend(bool over) {
  v1::CoordinatorMessage message;
  message.mutable_suspend()->set_over(over);
  for (const AgentId id : fleet_.agents()) {  // spares, too
    if (RunMember* member = roster_.Find(id); member != nullptr) {
      member->at_rest = false;
    }
    SendTo(id, message);
  }
}

void Run::TellIfAtRest() {
  if (on_at_rest_ && state_ <= v1::RunStatus::RUNNING &&
      roster_.AllPresent([](const RunMember& m) { return m.at_rest; })) {
    std::exchange(on_at_rest_, nullptr)();
  }
}

void Run::Release() {
  fleet_.Forgive();
  last_beat_ = loop_.clock().Mono();
  SendSuspend(/*over=*/true);
  if (std::exchange(paused_to_suspend_, false)) {
    if (const absl::Status resumed = Resume(); !resumed.ok()) {
      logger_.Warn(absl::StrCat("cannot go on: ", resumed.message()));
    }
  }
}

absl::Status Run::Scale(int64_t vus, int64_t max_vus) {
  if (vus < -1 || max_vus < -1 || (vus == -1 && max_vus == -1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("vus, maxVUs: one must be >= 0, the other >= 0 or -1 for unchanged; got ", vus,
                     " and ", max_vus));
  }
  if (std::max(vus, max_vus) > kMostVus) {
    return absl::InvalidArgumentError(
        absl::StrCat("vus, maxVUs: must be at most ", kMostVus, ", got ", vus, " and ", max_vus));
  }
  if (state_ != v1::RunStatus::READY_BARRIER && state_ != v1::RunStatus::RUNNING) {
    return absl::FailedPreconditionError(absl::StrCat("the run is in state ", WordOf(state_),
                                                      "; it can be scaled while it is Running"));
  }
  if (plan_->controlled.empty()) {
    return absl::FailedPreconditionError(
        "only externally-controlled scenarios can be scaled, and this test has none");
  }
  std::map<std::string, ControlledVus> wanted;
  for (const auto& [scenario, now] : plan_->controlled) {
    if (roster_.HasEnded(scenario)) {
      continue;
    }
    ControlledVus& totals = wanted[scenario];
    totals = {vus < 0 ? now.vus : vus, max_vus < 0 ? now.max_vus : max_vus};
    if (totals.vus > totals.max_vus) {
      return absl::InvalidArgumentError(absl::StrCat("scenarios.", scenario,
                                                     ": vus must be <= maxVUs, got ", totals.vus,
                                                     " > ", totals.max_vus));
    }
  }
  if (wanted.empty()) {
    return absl::FailedPreconditionError("all externally-controlled scenarios have ended");
  }
  const std::vector<const RunMember*> staying = roster_.Staying();
  absl::StatusOr<SegmentSequence> cut = absl::NotFoundError("everybody is there");
  if (staying.size() < members().size()) {  // the part of those who are gone goes to the others
    cut = CutAmong(staying, plan_->partition);
    if (!cut.ok()) {
      return cut.status();
    }
  }
  for (const auto& [scenario, totals] : wanted) {
    plan_->controlled[scenario] = totals;
  }
  v1::CoordinatorMessage message;
  v1::Scale& scale = *message.mutable_scale();
  scale.set_vus(vus);
  scale.set_max_vus(max_vus);
  if (state_ == v1::RunStatus::READY_BARRIER) {
    scaled_ = scaled_.value_or(scale);
    scaled_->set_vus(vus < 0 ? scaled_->vus() : vus);
    scaled_->set_max_vus(max_vus < 0 ? scaled_->max_vus() : max_vus);
  }
  std::vector<AgentId> receivers;
  for (const RunMember* member : staying) {
    receivers.push_back(member->id);
  }
  for (size_t i = 0; i < receivers.size(); ++i) {
    if (cut.ok()) {
      scale.set_segment_sequence(cut->ToString());
      scale.set_segment_index(static_cast<int32_t>(i));
    }
    SendTo(receivers[i], message);
  }
  return absl::OkStatus();
}

// ---- what people see ----

absl::Duration Run::elapsed() const {
  if (t0_.infinite()) {
    return absl::ZeroDuration();
  }
  MonoTime until = std::min(loop_.clock().Mono(), drained_at_);
  return std::max(until - t0_, absl::ZeroDuration());
}

absl::Duration Run::measured() const {
  if (!t0_.infinite() || setup_began_.infinite()) {
    return elapsed();
  }
  return std::min(loop_.clock().Mono(), drained_at_) - setup_began_;
}

Judgement Run::judgement() const {
  Judgement judgement = JudgeRoster(roster_, standstills_);
  judgement.remarks = remarks_;
  return judgement;
}

absl::Duration Run::StopWithin() const {
  absl::Duration limit;
  if (state_ == v1::RunStatus::DRAINING && stopping_ == Stopping::kGracefully) {
    limit = plan_->graceful_stop;
  } else if (state_ == v1::RunStatus::TEARDOWN) {
    limit = interrupts_ > 1 ? std::min(plan_->teardown_timeout, kHurriedTeardown)
                            : plan_->teardown_timeout;
  } else if (state_ == v1::RunStatus::SUMMARISING) {
    limit = plan_->handle_summary_timeout;
  }
  return std::max(limit - (loop_.clock().Mono() - state_since_), absl::ZeroDuration());
}

v1::RunStatus Run::Snapshot() const {
  v1::RunStatus status = DescribeRun({.state = state_,
                                      .paused = paused_,
                                      .elapsed = elapsed(),
                                      .in_state = loop_.clock().Mono() - state_since_,
                                      .stop_within = StopWithin(),
                                      .interrupts = interrupts_,
                                      .script_url = source_.script().main_url,
                                      .plan = plan_,
                                      .outcome = verdict_.outcome(),
                                      .roster = roster_,
                                      .fleet = fleet_,
                                      .standstills = standstills_});
  results_.DescribeThresholds(&status);
  return status;
}

}  // namespace lockstep::coordinator
