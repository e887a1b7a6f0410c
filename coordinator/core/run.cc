#include "coordinator/core/run.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/message_limits.h"
#include "common/base/status_macros.h"
#include "common/messages/words.h"
#include "coordinator/core/run_status.h"

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
      phase_(loop, [this] { OnLimit(); }),
      clock_(loop.clock(), roster_, settings_.held_back),
      sender_(fleet, roster_, settings_.run_id),
      standstill_watch_(loop, phase_, clock_),
      slow_init_(loop, phase_, roster_, files_, logger),
      ticker_(loop, results, roster_, phase_, clock_,
              {.on_tick =
                   [this] {
                     if (events_.on_tick) {
                       events_.on_tick();
                     }
                   },
               .most_vus =
                   [this] {
                     return moving_.has_value() ? MostVus(*plan_)
                                                : std::numeric_limits<int64_t>::max();
                   },
               .on_crossed =
                   [this](std::string reason) {
                     EndEarly({ExitCode::kThresholdsHaveFailed, std::move(reason)});
                   }}),
      pausing_({.run_clock = clock_,
                .phase = phase_,
                .fleet = fleet,
                .roster = roster_,
                .sender = sender_,
                .logger = logger}),
      vu_scaling_(phase_, roster_, sender_),
      files_(source, phase_, roster_, sender_),
      assignments_(settings_, source, files_.bundle()),
      rows_(roster_, sender_),
      intake_(plan_, results, fleet, roster_, settings_.run_id),
      preparation_(phase_, roster_, sender_, script_),
      catch_up_timer_(loop) {}

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
           interrupts_ > 1 ? Stopping::kNow : Stopping::kGracefully);
}

void Run::Fail(ExitCode code, std::string message) {
  EndEarly({code, std::move(message)});
}

absl::Status Run::Stop(Stopping how) {
  if (state() == v1::RunStatus::DONE) {
    return absl::FailedPreconditionError("the run is over");
  }
  EndEarly({ExitCode::kScriptStoppedFromRestApi, "test run stopped by a control command"}, how);
  return absl::OkStatus();
}

absl::Status Run::Pause() {
  return pausing_.Pause(plan_);
}

absl::Status Run::Resume() {
  LOCKSTEP_RETURN_IF_ERROR(pausing_.Resume());
  Advance();
  return absl::OkStatus();
}

absl::Status Run::Suspend(absl::AnyInvocable<void()> done) {
  return pausing_.Suspend(plan_, std::move(done));
}

void Run::Release() {
  fleet_.Forgive();
  standstill_watch_.Forgive();
  if (pausing_.Release()) {
    Advance();
  }
}

absl::Status Run::Scale(int64_t vus, int64_t max_vus) {
  return vu_scaling_.Scale(plan_, vus, max_vus);
}

absl::Status Run::MayScaleAgents(int64_t agents) const {
  if (agents < 1 || agents > kMostAgents) {
    return absl::InvalidArgumentError(
        absl::StrCat("agents: must be 1 to ", kMostAgents, ", got ", agents));
  }
  if (!settings_.redistribute) {
    return absl::FailedPreconditionError(
        "work does not move in this run: it was not started with --on-agent-loss redistribute");
  }
  if (!MovesNow()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the run is in state ", WordOf(state()),
                     "; its agents can be more or fewer while it is Running"));
  }
  return absl::OkStatus();
}

absl::Status Run::ScaleAgents(int64_t agents) {
  LOCKSTEP_RETURN_IF_ERROR(MayScaleAgents(agents));
  moving_->ScaleTo(static_cast<size_t>(agents));
  return absl::OkStatus();
}

// ---- what people see ----

Judgement Run::judgement() const {
  Judgement judgement = JudgeRoster(roster_, standstill_watch_.standstills(), elapsed());
  judgement.remarks = remarks_;
  return judgement;
}

absl::Duration Run::StopWithin() const {
  absl::Duration limit;
  if (state() == v1::RunStatus::DRAINING && stopping_ == Stopping::kGracefully) {
    limit = plan_->graceful_stop;
  } else if (state() == v1::RunStatus::TEARDOWN) {
    limit = interrupts_ > 1 ? std::min(plan_->teardown_timeout, kHurriedTeardown)
                            : plan_->teardown_timeout;
  } else if (state() == v1::RunStatus::SUMMARISING) {
    limit = plan_->handle_summary_timeout;
  }
  return std::max(limit - phase_.lasted(), absl::ZeroDuration());
}

v1::RunStatus Run::Snapshot() const {
  v1::RunStatus status = DescribeRun(
      {.state = state(),
       .paused = pausing_.paused(),
       .elapsed = elapsed(),
       .in_state = phase_.lasted(),
       .stop_within = StopWithin(),
       .interrupts = interrupts_,
       .work_moves = moving_.has_value(),
       .agents_wanted = moving_.has_value() ? moving_->agents_wanted() : roster_.wanted(),
       .script_url = source_.script().main_url,
       .plan = plan_,
       .outcome = faults_.outcome(),
       .roster = roster_,
       .fleet = fleet_,
       .standstills = standstill_watch_.standstills()});
  results_.DescribeThresholds(&status);
  return status;
}

}  // namespace lockstep::coordinator
