#include "coordinator/core/pausing.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "proto/words.h"

namespace lockstep::coordinator {

MonoTime Pausing::NextSwitch() {
  const MonoTime soon = parts_.run_clock.Soonest();
  switch_at_ = std::max(soon, std::max(parts_.run_clock.t0(), switch_at_) + absl::Nanoseconds(1));
  return switch_at_;
}

absl::Status Pausing::Pause(const std::optional<TestPlan>& plan) {
  const RunState state = parts_.phase.state();
  if (state > v1::RunStatus::RUNNING) {
    return absl::FailedPreconditionError(
        absl::StrCat("the run is in state ", WordOf(state), " and cannot pause"));
  }
  if (paused_) {
    return absl::OkStatus();
  }
  if (state == v1::RunStatus::RUNNING) {
    for (const auto& [scenario, executor] : plan->executors) {
      if (!plan->controlled.contains(scenario)) {
        return absl::FailedPreconditionError(
            absl::StrCat(executor, " executor '", scenario,
                         "' doesn't support pause and resume operations after its start"));
      }
    }
    v1::CoordinatorMessage message;
    message.mutable_pause()->set_at_coordinator_mono_ns(NextSwitch().nanos());
    parts_.sender.SendToStarted(message);
  }
  paused_ = true;
  return absl::OkStatus();
}

absl::Status Pausing::Resume() {
  if (!paused_) {
    return absl::FailedPreconditionError("the run is not paused");
  }
  paused_ = false;
  GiveUp();  // holding: whoever lets the run go on has decided otherwise
  paused_to_suspend_ = false;
  if (parts_.phase.state() == v1::RunStatus::RUNNING) {
    v1::CoordinatorMessage message;
    message.mutable_resume()->set_at_coordinator_mono_ns(NextSwitch().nanos());
    parts_.sender.SendToStarted(message);
  }
  return absl::OkStatus();
}

absl::Status Pausing::Suspend(const std::optional<TestPlan>& plan,
                              absl::AnyInvocable<void()> done) {
  if (parts_.phase.state() == v1::RunStatus::SETUP) {
    return absl::FailedPreconditionError("setup() cannot be held");
  }
  if (parts_.phase.state() > v1::RunStatus::RUNNING) {
    return absl::FailedPreconditionError("it is about to end");
  }
  if (!paused_) {
    LOCKSTEP_RETURN_IF_ERROR(Pause(plan));
    paused_to_suspend_ = true;
  }
  on_at_rest_ = std::move(done);
  SendSuspend(/*over=*/false);
  TellIfAtRest();
  return absl::OkStatus();
}

bool Pausing::Release() {
  SendSuspend(/*over=*/true);
  if (!std::exchange(paused_to_suspend_, false)) {
    return false;
  }
  const absl::Status resumed = Resume();
  if (!resumed.ok()) {
    parts_.logger.Warn(absl::StrCat("cannot go on: ", resumed.message()));
  }
  return resumed.ok();
}

void Pausing::GiveUp() {
  if (on_at_rest_) {
    on_at_rest_ = nullptr;
    paused_to_suspend_ = false;
    SendSuspend(/*over=*/true);
  }
}

void Pausing::SendSuspend(bool over) {
  v1::CoordinatorMessage message;
  message.mutable_suspend()->set_over(over);
  for (const AgentId id : parts_.fleet.agents()) {  // spares, too
    if (RunMember* member = parts_.roster.Find(id); member != nullptr) {
      member->at_rest = false;
    }
    parts_.sender.Send(id, message);
  }
}

void Pausing::OnAtRest(RunMember& member, const v1::AtRest&) {
  member.at_rest = true;
  TellIfAtRest();
}

void Pausing::TellIfAtRest() {
  if (on_at_rest_ && parts_.phase.state() <= v1::RunStatus::RUNNING &&
      parts_.roster.AllPresent([](const RunMember& m) { return m.at_rest; })) {
    std::exchange(on_at_rest_, nullptr)();
  }
}

void Pausing::SaveTo(RunCheckpoint& saved) const {
  saved.paused = paused_;
  saved.paused_to_suspend = paused_to_suspend_;
  saved.switch_at = switch_at_;
}

void Pausing::Restore(const RunCheckpoint& saved) {
  paused_ = saved.paused;
  paused_to_suspend_ = saved.paused_to_suspend;
  switch_at_ = saved.switch_at;
}

}  // namespace lockstep::coordinator
