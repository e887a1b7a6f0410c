// A Run that outlives its process: what another one needs, and how it goes on from there.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "coordinator/core/run.h"
#include "proto/words.h"

namespace lockstep::coordinator {

RunCheckpoint Run::Checkpoint() const {
  RunCheckpoint saved;
  saved.state = state_;
  saved.state_since = state_since_;
  saved.limit_at = limit_at_;
  saved.inspected = inspected_;
  saved.members = members();
  saved.elected = roster_.elected();
  if (plan_.has_value()) {
    saved.sequence = plan_->sequence.has_value() ? plan_->sequence->ToString() : "";
    saved.controlled = plan_->controlled;
  }
  saved.verdict = verdict_;
  saved.row_queues = row_queues_;
  saved.pools = pools_;
  saved.vu_leases = vu_leases_;
  saved.stopping = static_cast<int>(stopping_);
  saved.setup = static_cast<int>(setup_);
  saved.setup_data = setup_data_;
  saved.script_usable = script_usable_;
  saved.deal = deal_;
  saved.scaled = scaled_;
  saved.paused = paused_;
  saved.paused_to_suspend = paused_to_suspend_;
  saved.skew_reported = skew_reported_;
  saved.interrupts = interrupts_;
  saved.t0 = t0_;
  saved.t0_wall_ns = t0_wall_ns_;
  saved.switch_at = switch_at_;
  saved.drained_at = drained_at_;
  saved.setup_began = setup_began_;
  saved.last_beat = last_beat_;
  saved.standstills = standstills_;
  saved.redivisions = redivisions_;
  saved.division_due = redivision_.has_value() || redivision_timer_ != TimerId::kNone;
  saved.last_division = last_division_;
  saved.all_quiet = all_quiet_;
  saved.agents_target = agents_target_;
  saved.joined_late = joined_late_;
  saved.unfit = unfit_;
  return saved;
}

void Run::BatchesKept() {
  for (RunMember& member : roster_.members()) {
    // Only with news: who waits for an acknowledgement sends again what is not in it.
    if (const uint64_t last = member.batches.last();
        std::exchange(member.batches_kept, last) != last && !member.lost) {
      fleet_.AcknowledgeBatches(member.id, settings_.run_id, last);
    }
  }
}

absl::Status Run::GoOn(Events events, RunCheckpoint saved, Bundle bundle) {
  if (saved.state < v1::RunStatus::RUNNING || saved.state >= v1::RunStatus::DONE) {
    return absl::FailedPreconditionError(
        absl::StrCat("a run in state ", WordOf(saved.state), " cannot be gone on with"));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(plan_, source_.MakePlan(saved.inspected));
  TakeEvents(std::move(events));
  bundle_ = std::move(bundle);
  LOCKSTEP_RETURN_IF_ERROR(TakeBack(saved));
  if (events_.on_planned) {
    events_.on_planned(*plan_);
  }
  const MonoTime since = saved.state_since;
  SetState(saved.state, absl::InfiniteDuration());
  state_since_ = since;
  StartTimersAgain(saved.limit_at);
  catch_up_timer_ = loop_.At(loop_.clock().Mono(), [this, division_due = saved.division_due,
                                                    suspended = saved.paused_to_suspend] {
    catch_up_timer_ = TimerId::kNone;
    CatchUpAfter(division_due, suspended);
  });
  return absl::OkStatus();
}

// What the former coordinator was about to do.
void Run::CatchUpAfter(bool division_due, bool suspended) {
  if (suspended) {
    paused_to_suspend_ = true;
    Release();
  }
  DealIterations();
  if (division_due) {
    RedivideSoon();
  }
  Advance();
}

absl::Status Run::TakeBack(RunCheckpoint& saved) {
  inspected_ = std::move(saved.inspected);
  sequence_given_ = plan_->sequence.has_value();
  if (!saved.sequence.empty()) {
    LOCKSTEP_ASSIGN_OR_RETURN(plan_->sequence, SegmentSequence::Parse(saved.sequence));
  }
  for (const auto& [scenario, totals] : saved.controlled) {
    if (!plan_->controlled.contains(scenario)) {
      return absl::FailedPreconditionError(absl::StrCat("the test has no scenario ", scenario));
    }
    plan_->controlled[scenario] = totals;
  }
  LOCKSTEP_RETURN_IF_ERROR(TakeBackMembers(saved));
  verdict_ = std::move(saved.verdict);
  row_queues_ = std::move(saved.row_queues);
  pools_ = std::move(saved.pools);
  vu_leases_ = std::move(saved.vu_leases);
  stopping_ = static_cast<Stopping>(saved.stopping);
  setup_ = static_cast<Setup>(saved.setup);
  setup_data_ = std::move(saved.setup_data);
  script_usable_ = saved.script_usable;
  deal_ = saved.deal;
  scaled_ = std::move(saved.scaled);
  paused_ = saved.paused;
  skew_reported_ = saved.skew_reported;
  interrupts_ = saved.interrupts;
  t0_ = saved.t0;
  t0_wall_ns_ = saved.t0_wall_ns;
  switch_at_ = saved.switch_at;
  drained_at_ = saved.drained_at;
  setup_began_ = saved.setup_began;
  last_beat_ = saved.last_beat;
  standstills_ = std::move(saved.standstills);
  redivisions_ = saved.redivisions;
  last_division_ = saved.last_division;
  all_quiet_ = saved.all_quiet;
  agents_target_ = saved.agents_target;
  joined_late_ = saved.joined_late;
  unfit_ = std::move(saved.unfit);
  return absl::OkStatus();
}

absl::Status Run::TakeBackMembers(RunCheckpoint& saved) {
  std::map<std::string, std::vector<SegmentTuple>> cuts;
  for (RunMember& member : saved.members) {
    member.batches = ReceiveWindow(member.batches_kept);
    member.at_rest = false;
    if (member.sequence.empty()) {
      member.tuple = SegmentTuple::None();
      continue;
    }
    std::vector<SegmentTuple>& tuples = cuts[member.sequence];
    if (tuples.empty()) {
      LOCKSTEP_ASSIGN_OR_RETURN(const SegmentSequence sequence,
                                SegmentSequence::Parse(member.sequence));
      LOCKSTEP_ASSIGN_OR_RETURN(tuples, SegmentTuple::MakeAll(sequence, plan_->partition));
    }
    if (member.segment_index >= tuples.size()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "agent ", member.name, " has segment ", member.segment_index, " of ", tuples.size()));
    }
    member.tuple = tuples[member.segment_index];
  }
  roster_.Restore(std::move(saved.members), saved.elected);
  return absl::OkStatus();
}

// The time that nobody was here counts as one in which the coordinator stood still; a limit that is
// over meanwhile leaves the agents a lease to come back and to answer.
void Run::StartTimersAgain(MonoTime limit_at) {
  if (!limit_at.infinite()) {
    LimitState(std::max(limit_at - loop_.clock().Mono(), settings_.lease));
  }
  if (state_ == v1::RunStatus::RUNNING || state_ == v1::RunStatus::DRAINING) {
    TickSoon();
    Beat();
  }
  if (state_ == v1::RunStatus::RUNNING) {
    JudgeEachSecond();
  }
}

}  // namespace lockstep::coordinator
