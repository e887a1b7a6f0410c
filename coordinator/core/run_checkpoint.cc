// A Run that outlives its process: what another one needs, and how it goes on from there.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "common/messages/words.h"
#include "coordinator/core/division.h"
#include "coordinator/core/run.h"

namespace lockstep::coordinator {

namespace {

// An agent that has handed over nothing for longer had nothing to say.
constexpr absl::Duration kSilent = absl::Milliseconds(1500);

}  // namespace

absl::Duration MeasuredOf(const RunCheckpoint& saved, MonoTime kept) {
  absl::Time latest;
  for (const RunMember& member : saved.members) {
    latest = std::max(latest, member.kept_until);
  }
  if (!saved.clock.drained_at.infinite() || latest == absl::Time()) {
    return std::max(std::min(kept, saved.clock.drained_at) - saved.clock.t0, absl::ZeroDuration());
  }
  absl::Time until = latest;
  for (const RunMember& member : saved.members) {
    const bool goes_on = !member.lost && member.step < RunMember::Step::kDrained;
    if (goes_on && member.kept_until >= latest - kSilent) {
      until = std::min(until, member.kept_until);
    }
  }
  return std::max(until - absl::FromUnixNanos(saved.clock.t0_wall_ns), absl::ZeroDuration());
}

RunCheckpoint Run::Checkpoint() const {
  RunCheckpoint saved;
  saved.state = state();
  saved.state_since = phase_.since();
  saved.limit_at = phase_.limit_at();
  saved.members = members();
  saved.elected = roster_.elected();
  if (plan_.has_value()) {
    saved.sequence = plan_->sequence.has_value() ? plan_->sequence->ToString() : "";
    saved.controlled = plan_->controlled;
  }
  saved.stopping = stopping_;
  saved.interrupts = interrupts_;
  saved.deal = assignments_.deal();
  saved.faults = faults_.state();
  saved.script = script_.state();
  saved.clock = clock_.state();
  saved.pausing = pausing_.state();
  saved.standstills = standstill_watch_.state();
  saved.row_queues = rows_.queues();
  if (moving_.has_value()) {
    saved.moving = moving_->state();
  }
  return saved;
}

absl::Status Run::GoOn(Events events, RunCheckpoint saved, v1::Inspected inspected, Bundle bundle) {
  if (saved.state < v1::RunStatus::RUNNING || saved.state >= v1::RunStatus::DONE) {
    return absl::FailedPreconditionError(
        absl::StrCat("a run in state ", WordOf(saved.state), " cannot be gone on with"));
  }
  LearnSecrets(inspected.secrets());
  LOCKSTEP_ASSIGN_OR_RETURN(plan_, source_.MakePlan(inspected));
  inspected_ = std::move(inspected);
  TakeEvents(std::move(events));
  files_.Restore(std::move(bundle));
  const bool division_due = saved.moving.has_value() && saved.moving->division.due;
  LOCKSTEP_RETURN_IF_ERROR(TakeBack(saved));
  if (events_.on_planned) {
    events_.on_planned(*plan_);
  }
  SetState(saved.state, absl::InfiniteDuration());
  phase_.BeganAt(saved.state_since);
  StartTimersAgain(saved.limit_at);
  catch_up_timer_.At(loop_.clock().Mono(), [this, division_due] { CatchUpAfter(division_due); });
  return absl::OkStatus();
}

// What the former coordinator was about to do.
void Run::CatchUpAfter(bool division_due) {
  if (pausing_.suspended()) {
    Release();
  }
  if (moving_.has_value()) {
    moving_->GoOn(division_due);
  }
  Advance();
}

absl::Status Run::TakeBack(RunCheckpoint& saved) {
  assignments_.OnPlanned(*plan_);
  if (!saved.sequence.empty()) {
    LOCKSTEP_ASSIGN_OR_RETURN(plan_->sequence, SegmentSequence::Parse(saved.sequence));
  }
  for (const auto& [scenario, totals] : saved.controlled) {
    if (!plan_->controlled.contains(scenario)) {
      return absl::FailedPreconditionError(absl::StrCat("the test has no scenario ", scenario));
    }
    plan_->controlled[scenario] = totals;
  }
  for (RunMember& member : saved.members) {
    member.GoBackToKept();
    member.at_rest = false;
    if (member.lost) {  // and cannot send again what was merged and not kept
      CountDelivered(member);
    }
  }
  LOCKSTEP_RETURN_IF_ERROR(RecutMembers(saved.members, plan_->partition));
  roster_.Restore(std::move(saved.members), saved.elected);
  stopping_ = saved.stopping;
  interrupts_ = saved.interrupts;
  assignments_.Restore(saved.deal);
  faults_ = RunFaults(std::move(saved.faults));
  script_.Restore(std::move(saved.script));
  LearnSecrets(script_.setup_data().secrets());
  clock_.Restore(saved.clock);
  pausing_.Restore(saved.pausing);
  standstill_watch_.Restore(std::move(saved.standstills));
  rows_.Restore(std::move(saved.row_queues));
  if (saved.moving.has_value()) {
    LetWorkMove(*std::move(saved.moving));
    if (saved.state != v1::RunStatus::RUNNING) {
      moving_->Stop();
    }
  }
  return absl::OkStatus();
}

// The time that nobody was here counts as one in which the coordinator stood still; a limit that is
// over meanwhile leaves the agents a lease to come back and to answer.
void Run::StartTimersAgain(MonoTime limit_at) {
  if (!limit_at.infinite()) {
    phase_.Limit(std::max(limit_at - loop_.clock().Mono(), settings_.lease));
  }
  if (state() == v1::RunStatus::RUNNING || state() == v1::RunStatus::DRAINING) {
    ticker_.BeginTicking();
    standstill_watch_.Beat();
  }
  if (state() == v1::RunStatus::RUNNING) {
    ticker_.BeginJudging();
  }
}

}  // namespace lockstep::coordinator
