#include "coordinator/core/pausing.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "common/messages/words.h"

namespace lockstep::coordinator {

MonoTime Pausing::NextSwitch() {
  const MonoTime soon = parts_.run_clock.Soonest();
  state_.switch_at =
      std::max(soon, std::max(parts_.run_clock.t0(), state_.switch_at) + absl::Nanoseconds(1));
  return state_.switch_at;
}

absl::Status Pausing::Pause(const std::optional<TestPlan>& plan) {
  const RunState state = parts_.phase.state();
  if (state > v1::RunStatus::RUNNING) {
    return absl::FailedPreconditionError(
        absl::StrCat("the run is in state ", WordOf(state), " and cannot pause"));
  }
  if (state_.paused) {
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
  state_.paused = true;
  return absl::OkStatus();
}

absl::Status Pausing::Resume() {
  if (!state_.paused) {
    return absl::FailedPreconditionError("the run is not paused");
  }
  state_.paused = false;
  GiveUp();  // holding: whoever lets the run go on has decided otherwise
  state_.to_suspend = false;
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
  if (!state_.paused) {
    LOCKSTEP_RETURN_IF_ERROR(Pause(plan));
    state_.to_suspend = true;
  }
  on_at_rest_ = std::move(done);
  SendSuspend(/*over=*/false);
  TellIfAtRest();
  return absl::OkStatus();
}

bool Pausing::Release() {
  SendSuspend(/*over=*/true);
  if (!std::exchange(state_.to_suspend, false)) {
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
    state_.to_suspend = false;
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

}  // namespace lockstep::coordinator
