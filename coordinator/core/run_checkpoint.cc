// A Run that outlives its process: what another one needs, and how it goes on from there.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "coordinator/core/division.h"
#include "coordinator/core/run.h"
#include "proto/words.h"

namespace lockstep::coordinator {

RunCheckpoint Run::Checkpoint() const {
  RunCheckpoint saved;
  saved.state = state();
  saved.state_since = phase_.since();
  saved.limit_at = phase_.limit_at();
  saved.inspected = inspected_;
  saved.members = members();
  saved.elected = roster_.elected();
  if (plan_.has_value()) {
    saved.sequence = plan_->sequence.has_value() ? plan_->sequence->ToString() : "";
    saved.controlled = plan_->controlled;
  }
  saved.faults = faults_;
  saved.stopping = stopping_;
  saved.interrupts = interrupts_;
  rows_.SaveTo(saved);
  script_.SaveTo(saved);
  assignments_.SaveTo(saved);
  clock_.SaveTo(saved);
  pausing_.SaveTo(saved);
  standstill_watch_.SaveTo(saved);
  if (moving_.has_value()) {
    moving_->SaveTo(saved);
  }
  return saved;
}

absl::Status Run::GoOn(Events events, RunCheckpoint saved, Bundle bundle) {
  if (saved.state < v1::RunStatus::RUNNING || saved.state >= v1::RunStatus::DONE) {
    return absl::FailedPreconditionError(
        absl::StrCat("a run in state ", WordOf(saved.state), " cannot be gone on with"));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(plan_, source_.MakePlan(saved.inspected));
  TakeEvents(std::move(events));
  files_.Restore(std::move(bundle));
  LOCKSTEP_RETURN_IF_ERROR(TakeBack(saved));
  if (events_.on_planned) {
    events_.on_planned(*plan_);
  }
  SetState(saved.state, absl::InfiniteDuration());
  phase_.BeganAt(saved.state_since);
  StartTimersAgain(saved.limit_at);
  catch_up_timer_.At(loop_.clock().Mono(),
                     [this, division_due = saved.division_due] { CatchUpAfter(division_due); });
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
  inspected_ = std::move(saved.inspected);
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
  faults_ = std::move(saved.faults);
  stopping_ = saved.stopping;
  rows_.Restore(saved);
  script_.Restore(saved);
  interrupts_ = saved.interrupts;
  assignments_.Restore(saved);
  clock_.Restore(saved);
  pausing_.Restore(saved);
  standstill_watch_.Restore(saved);
  if (saved.pools.has_value() && saved.vu_leases.has_value()) {
    LetWorkMove(*std::move(saved.pools), *std::move(saved.vu_leases));
    moving_->Restore(saved);
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
