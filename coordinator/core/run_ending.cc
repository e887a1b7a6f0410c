// How a Run comes to an end before its plan does: faults, time limits, losses and people's wishes.
#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "coordinator/core/run.h"
#include "proto/words.h"

namespace lockstep::coordinator {
namespace {

std::string Seconds(absl::Duration d) {
  return absl::FormatDuration(d);
}

}  // namespace

void Run::Record(ExitCode code, std::string message, bool script_fault) {
  if (!faulted_) {
    faulted_ = true;
    outcome_ = {code, std::move(message), script_fault};
  }
}

void Run::EndEarly(ExitCode code, std::string message, bool script_fault, bool now) {
  switch (state_) {
    case v1::RunStatus::WAITING_FOR_AGENTS:
    case v1::RunStatus::INSPECTING:
    case v1::RunStatus::ASSIGNING:
    case v1::RunStatus::PREPARING:
      Record(code, std::move(message), script_fault);
      Finish();
      return;
    case v1::RunStatus::SETUP:
      script_usable_ = setup_over_;  // otherwise setup() is being interrupted
      [[fallthrough]];
    case v1::RunStatus::READY_BARRIER:
      Record(code, std::move(message), script_fault);
      StopAll();
      EnterDraining();
      return;
    case v1::RunStatus::RUNNING:
      Record(code, std::move(message), script_fault);
      if (now) {
        StopAll();
      } else {
        GracefulStopAll();
      }
      EnterDraining();
      return;
    case v1::RunStatus::DRAINING:
      Record(code, std::move(message), script_fault);
      if (now && !stopped_now_) {
        StopAll();
        EnterDraining();
      }
      return;
    case v1::RunStatus::TEARDOWN:
      Record(code, std::move(message), script_fault);
      if (now) {
        script_usable_ = false;
        logger_.Warn("teardown() was given up");
        EnterSummarising();
      }
      return;
    case v1::RunStatus::SUMMARISING:
      Record(code, std::move(message), script_fault);
      if (now) {
        Conclude(std::nullopt);
      }
      return;
    default:
      return;
  }
}

void Run::OnLimit() {
  switch (state_) {
    case v1::RunStatus::WAITING_FOR_AGENTS:
      EndEarly(ExitCode::kOther,
               absl::StrCat("only ", members_.size(), " of ", settings_.agents,
                            " agents joined within ", Seconds(settings_.wait_for_agents)),
               false, true);
      return;
    case v1::RunStatus::INSPECTING:
      EndEarly(ExitCode::kGenericTimeout,
               absl::StrCat("the script's init code did not end within ",
                            Seconds(settings_.inspect_within)),
               false, true);
      return;
    case v1::RunStatus::ASSIGNING:
    case v1::RunStatus::PREPARING:
    case v1::RunStatus::READY_BARRIER: {
      std::string late;
      for (const RunMember& m : members_) {
        bool done = state_ == v1::RunStatus::ASSIGNING   ? m.assigned
                    : state_ == v1::RunStatus::PREPARING ? m.prepared
                                                         : m.ready;
        if (!m.lost && !done) {
          absl::StrAppend(&late, late.empty() ? "" : ", ", m.name);
        }
      }
      if (late.empty()) {
        return;  // a pause
      }
      EndEarly(ExitCode::kGenericTimeout,
               absl::StrCat("state ", WordOf(state_), " took too long on: ", late), false, true);
      return;
    }
    case v1::RunStatus::SETUP:
      EndEarly(ExitCode::kSetupTimeout,
               absl::StrCat("setup() execution timed out after ", Seconds(plan_->setup_timeout)),
               false, true);
      return;
    case v1::RunStatus::RUNNING:
      logger_.Warn("the plan's time is over, but iterations still run; they are interrupted");
      StopAll();
      EnterDraining();
      return;
    case v1::RunStatus::DRAINING: {
      if (!stopped_now_) {
        StopAll();
        EnterDraining();
        return;
      }
      std::vector<AgentId> late;
      for (const RunMember& m : members_) {
        if (!m.lost && !(m.drained && m.flushed())) {
          late.push_back(m.id);
        }
      }
      for (AgentId id : late) {
        fleet_.Expel(id, absl::DeadlineExceededError("it did not stop when it was told to"));
      }
      return;
    }
    case v1::RunStatus::TEARDOWN:
      script_usable_ = false;
      Record(
          ExitCode::kTeardownTimeout,
          absl::StrCat("teardown() execution timed out after ", Seconds(plan_->teardown_timeout)),
          false);
      EnterSummarising();
      return;
    case v1::RunStatus::SUMMARISING:
      logger_.Error("failed to handle the end-of-test summary: it took too long");
      Conclude(std::nullopt);
      return;
    default:
      return;
  }
}

void Run::GracefulStopAll() {
  stopping_ = true;
  v1::CoordinatorMessage message;
  message.mutable_graceful_stop();
  SendToAll(message);
}

void Run::StopAll() {
  stopping_ = true;
  stopped_now_ = true;
  v1::CoordinatorMessage message;
  message.mutable_stop();
  SendToAll(message);
}

bool Run::WithinTolerance() const {
  size_t lost = static_cast<size_t>(
      std::count_if(members_.begin(), members_.end(), [](const auto& m) { return m.lost; }));
  return lost < members_.size() &&
         static_cast<double>(lost) * 100 <=
             settings_.tolerated_loss_percent * static_cast<double>(members_.size());
}

}  // namespace lockstep::coordinator
