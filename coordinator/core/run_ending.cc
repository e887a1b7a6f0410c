// How a Run comes to an end before its plan does: faults, time limits, losses and people's wishes.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/messages/words.h"
#include "coordinator/core/run.h"

namespace lockstep::coordinator {

void Run::EndEarly(RunOutcome reason, Stopping how) {
  if (state() == v1::RunStatus::DONE) {
    return;
  }
  faults_.Record(std::move(reason));
  pausing_.GiveUp();
  switch (state()) {
    case v1::RunStatus::SETUP:
      script_.Interrupted(faults_.outcome().exit_code);
      Drain(Stopping::kNow);
      return;
    case v1::RunStatus::READY_BARRIER:
      Drain(Stopping::kNow);
      return;
    case v1::RunStatus::RUNNING:
      Drain(how);
      return;
    case v1::RunStatus::DRAINING:
      if (how == Stopping::kNow && stopping_ != how) {
        Drain(how);
      }
      return;
    case v1::RunStatus::TEARDOWN:
      if (how == Stopping::kNow) {
        script_.GiveUp();
        logger_.Warn("teardown() was given up");
        EnterSummarising();
      }
      return;
    case v1::RunStatus::SUMMARISING:
      if (how == Stopping::kNow) {
        logger_.Warn("handleSummary() was given up: what it was to write is missing");
        Conclude(std::nullopt);
      }
      return;
    default:  // nothing was run yet
      Finish();
  }
}

void Run::RecordNow(std::string fault, absl::string_view more) {
  logger_.Error(absl::StrCat(fault, more));
  faults_.Record({.exit_code = ExitCode::kOther, .message = std::move(fault), .logged = true});
}

void Run::EndInInit(const RunMember& member, RunOutcome reason) {
  if (state() != v1::RunStatus::PREPARING || !reason.script_fault) {
    EndEarly(std::move(reason));
    return;
  }
  faults_.Record(std::move(reason));
  pausing_.GiveUp();
  // It can surely run handleSummary(); others may not have come so far.
  roster_.ElectFrom([&member](const RunMember& other) { return other.id == member.id; });
  EnterSummarising();
}

void Run::OnLimit() {
  switch (state()) {
    case v1::RunStatus::WAITING_FOR_AGENTS:
      EndEarly({ExitCode::kOther, absl::StrCat("only ", members().size(), " of ", roster_.wanted(),
                                               " agents joined within ",
                                               absl::FormatDuration(settings_.wait_for_agents))});
      return;
    case v1::RunStatus::INSPECTING:
      EndEarly({ExitCode::kGenericTimeout,
                absl::StrCat("the script's init code did not end within ",
                             absl::FormatDuration(settings_.inspect_within))});
      return;
    case v1::RunStatus::ASSIGNING:
      EndForLate(RunMember::Step::kAssigned);
      return;
    case v1::RunStatus::PREPARING:
      EndForLate(RunMember::Step::kPrepared);
      return;
    case v1::RunStatus::READY_BARRIER:
      EndForLate(RunMember::Step::kReady);
      return;
    case v1::RunStatus::SETUP:
      EndEarly({ExitCode::kSetupTimeout, absl::StrCat("setup() execution timed out after ",
                                                      absl::FormatDuration(plan_->setup_timeout))});
      return;
    case v1::RunStatus::RUNNING:
      logger_.Warn("the plan's time is over, but iterations still run; they are interrupted");
      Drain(Stopping::kNow);
      return;
    case v1::RunStatus::DRAINING:
      if (stopping_ == Stopping::kNow) {
        ExpelLate();
        return;
      }
      Drain(Stopping::kNow);
      return;
    case v1::RunStatus::TEARDOWN:
      if (interrupts_ > 1) {
        EndEarly(faults_.outcome());  // which gives it up
        return;
      }
      script_.GiveUp();
      faults_.Record({ExitCode::kTeardownTimeout,
                      absl::StrCat("teardown() execution timed out after ",
                                   absl::FormatDuration(plan_->teardown_timeout))});
      EnterSummarising();
      return;
    case v1::RunStatus::SUMMARISING:
      FailSummary("it took too long");
      return;
    default:
      return;
  }
}

// A file that is missing is a failure.
void Run::FailSummary(absl::string_view why) {
  logger_.Error(absl::StrCat("failed to handle the end-of-test summary: ", why));
  faults_.Record({ExitCode::kOther, "handleSummary() failed, and what it was to write is missing"});
  Conclude(std::nullopt);
}

void Run::EndForLate(RunMember::Step step) {
  std::string late;
  for (const RunMember& m : members()) {
    if (!m.lost && m.step < step) {
      absl::StrAppend(&late, late.empty() ? "" : ", ", m.name);
    }
  }
  if (!late.empty()) {  // else it is a pause
    EndEarly({ExitCode::kGenericTimeout,
              absl::StrCat("state ", WordOf(state()), " took too long on: ", late)});
  }
}

void Run::ExpelLate() {
  for (const AgentId id : roster_.Present()) {
    if (const RunMember* member = roster_.Find(id); member != nullptr && !member->settled()) {
      fleet_.Expel(id, absl::DeadlineExceededError("it did not stop when it was told to"));
    }
  }
}

void Run::Drain(Stopping how) {
  stopping_ = how;
  if (moving_.has_value()) {
    moving_->Stop();
  }
  v1::CoordinatorMessage message;
  if (how == Stopping::kGracefully) {
    message.mutable_graceful_stop();
  } else {
    message.mutable_stop();
  }
  sender_.SendToAll(message);
  EnterDraining();
}

}  // namespace lockstep::coordinator
