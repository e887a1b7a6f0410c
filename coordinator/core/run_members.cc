// What a Run makes of agents that join and that are lost.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "coordinator/core/division.h"
#include "coordinator/core/run.h"

namespace lockstep::coordinator {
namespace {

// Whether an agent's session ended for what it said or could not do, and would end so again.
bool IsItsOwnFault(const absl::Status& reason) {
  return absl::IsInvalidArgument(reason) || absl::IsInternal(reason) ||
         absl::IsFailedPrecondition(reason);
}

std::string LossOf(const AgentRecord& agent, const absl::Status& reason) {
  return absl::StrCat("agent ", agent.name, " was lost: ", reason.message());
}

}  // namespace

absl::Status Run::MayJoin(const v1::Join& join) const {
  const bool may_be_spare = state() < v1::RunStatus::RUNNING && !settings_.inspect_only;
  if (moving_.has_value() && moving_->IsBarred(join.name())) {
    return absl::UnavailableError(
        "it could not take part in the run that is in progress; wait for the next one");
  }
  if (MovesNow() && (settings_.late_agents_join || moving_->wants_more())) {
    return absl::OkStatus();
  }
  if (state() != v1::RunStatus::WAITING_FOR_AGENTS && !may_be_spare) {
    return absl::UnavailableError("a run is in progress; wait for the next one");
  }
  return absl::OkStatus();
}

void Run::OnJoined(AgentId agent) {
  const AgentRecord& record = *fleet_.Find(agent);
  if (MovesNow()) {
    moving_->LetJoin(agent);
    return;
  }
  if (state() != v1::RunStatus::WAITING_FOR_AGENTS || roster_.complete()) {
    roster_.AddSpare(agent);
    logger_.Info(absl::StrCat("agent ", record.name, " has joined as a spare"));
    return;
  }
  roster_.Add(record);
  logger_.Debug(absl::StrCat("agent ", record.name, " has joined, ", members().size(), " of ",
                             roster_.wanted()));
  Advance();
}

bool Run::Substitute(RunMember& lost) {
  const bool was_elected = lost.id == roster_.elected();
  if (roster_.spares().empty() || state() >= v1::RunStatus::RUNNING ||
      (state() == v1::RunStatus::SETUP && was_elected)) {
    return false;
  }
  const AgentRecord& spare = *fleet_.Find(roster_.spares().front());
  logger_.Warn(absl::StrCat("agent ", lost.name, " was lost: ", lost.loss, "; agent ", spare.name,
                            " takes its place"));
  roster_.Substitute(lost, spare);
  if (state() == v1::RunStatus::INSPECTING) {
    if (was_elected) {
      EnterInspecting();
    }
    return true;
  }
  // It has all of the state's time; in Setup and before Resume the limit is not its own.
  if (state() != v1::RunStatus::SETUP && !pausing_.paused()) {
    SetState(state(), settings_.prepare_within);
  }
  sender_.Send(lost.id, assignments_.MessageFor(lost, *plan_));
  return true;
}

// Nothing has begun: those who are there share all of the work, whatever the policy says of losses.
bool Run::DealAgain(const RunMember& lost, bool was_elected) {
  const bool inspecting = state() == v1::RunStatus::INSPECTING;
  const bool dealt = state() >= v1::RunStatus::ASSIGNING && state() <= v1::RunStatus::READY_BARRIER;
  // One may be lost by chance while it reads the script; a second one may be so by the script.
  const bool reader = was_elected && inspecting;
  const bool script_ran = (reader && std::exchange(reader_lost_, true)) ||
                          (was_elected && state() == v1::RunStatus::SETUP);
  const size_t staying = roster_.Present().size();
  if ((!inspecting && !dealt) || script_ran || staying == 0) {
    return false;
  }
  logger_.Warn(absl::StrCat("agent ", lost.name, " was lost before the start: ", lost.loss,
                            "; all work is dealt out again, among ", staying, " of ",
                            roster_.wanted(), " agents"));
  if (was_elected) {
    roster_.Elect();
  }
  if (reader) {
    EnterInspecting();
  } else if (state() == v1::RunStatus::SETUP) {
    assignments_.Postpone();  // the elected one is busy
  } else if (dealt) {
    EnterAssigning();
  }
  return true;
}

void Run::OnLost(const AgentRecord& agent, const absl::Status& reason) {
  RunMember* member = roster_.Find(agent.id);
  if (member == nullptr || state() == v1::RunStatus::DONE) {
    roster_.ForgetSpare(agent.id);
    return;
  }
  if (MovesNow() && IsItsOwnFault(reason)) {
    moving_->Bar(agent.name);
  }
  if (state() == v1::RunStatus::WAITING_FOR_AGENTS || member->joining) {  // it had no part yet
    const bool joining = member->joining;
    roster_.ForgetMember(agent.id);
    if (joining && MovesNow() && NobodyIsLeft()) {
      RecordNow(absl::StrCat(LossOf(agent, reason), "; nobody is left to do the others' work"));
      EndEarly(faults_.outcome());
    } else {
      logger_.Warn(LossOf(agent, reason));
    }
    return;
  }
  TakeNote(*member, reason);
  if (state() < v1::RunStatus::RUNNING && !member->lost_rows.empty()) {
    logger_.Warn(absl::StrCat("with agent ", agent.name, " are lost: ", member->lost_rows));
  }
  const bool was_elected = agent.id == roster_.elected();
  const bool was_leaving = member->leaving;
  if (Substitute(*member) || DealAgain(*member, was_elected)) {
    return;
  }
  ReportLoss(*member, agent, reason);
  const RunState before = state();
  if (was_elected) {
    roster_.Elect();  // first: what follows may go on to teardown at once
  }
  if (!roster_.WithinTolerance() || (was_elected && state() == v1::RunStatus::SETUP)) {
    // Those who were lost before, and whose loss alone would have been tolerated, have a share in
    // it.
    for (const RunMember& lost : roster_.Missed()) {
      faults_.RecordLoss(lost.name, lost.loss);
    }
    faults_.RecordLoss(agent.name, reason.message());
    EndEarly(faults_.outcome(), absl::IsCancelled(reason) ? Stopping::kGracefully : Stopping::kNow);
  }
  if (was_elected && state() == before) {
    AfterElectedLost(agent, was_leaving);
  }
  rows_.Deal();
  pausing_.TellIfAtRest();
  Advance();
}

void Run::TakeNote(RunMember& member, const absl::Status& reason) {
  member.lost = true;
  member.loss = std::string(reason.message());
  member.lost_rows = rows_.Lose(member.id);
  member.lost_at = loop_.clock().Wall();
  if (loop_.clock().Mono() >= clock_.t0()) {
    member.lost_after = loop_.clock().Mono() - clock_.t0();
  }
}

void Run::ReportLoss(RunMember& member, const AgentRecord& agent, const absl::Status& reason) {
  const bool on_purpose = absl::IsCancelled(reason);
  if (moving_.has_value()) {
    moving_->OnLost(member);
  }
  CountDelivered(member);
  std::string missing = member.missed() || !DidItsShare(member) ? MissingWork(member) : "";
  if (!missing.empty()) {
    missing = "; missing: " + missing;
  }
  if (on_purpose && !member.missed()) {
    logger_.Info(absl::StrCat("agent ", agent.name, " has left, its work was ",
                              member.handed_over ? "handed over: " : "done: ", reason.message()));
  } else if (MovesNow() && (member.handed_over || member.step == RunMember::Step::kDrained)) {
    logger_.Error(absl::StrCat(
        LossOf(agent, reason),
        member.handed_over ? "; others had taken over what it had not begun" : "", missing));
    moving_->OnLostWithoutWork(agent.id);
  } else if (MovesNow()) {
    LoseWhileWorkMoves(agent, LossOf(agent, reason), missing,
                       /*surely_gone=*/on_purpose || absl::IsAborted(reason));
  } else {
    logger_.Error(absl::StrCat(LossOf(agent, reason), missing));
  }
}

void Run::AfterElectedLost(const AgentRecord& agent, bool leaving) {
  if (state() == v1::RunStatus::INSPECTING) {
    EnterInspecting();
  } else if (state() == v1::RunStatus::TEARDOWN) {
    roster_.MissCall(agent.id, "teardown()");
    RecordNow(absl::StrCat("teardown() was lost with agent ", agent.name));
    EnterSummarising();
  } else if (state() == v1::RunStatus::SUMMARISING) {
    // One that was about to leave ends a call first, or has not heard of it.
    if (!leaving && roster_.MissCall(agent.id, "handleSummary()")) {
      FailSummary(absl::StrCat("it was lost with agent ", agent.name));
    } else {
      EnterSummarising();
    }
  }
}

void Run::LoseWhileWorkMoves(const AgentRecord& agent, const std::string& message,
                             const std::string& missing, bool surely_gone) {
  const bool spare = moving_->HasSpare();
  if (NobodyIsLeft() && !spare) {
    RecordNow(absl::StrCat(message, "; nobody is left to do its work"), missing);
    EndEarly(faults_.outcome());
    return;
  }
  const bool others = spare || !roster_.Takers().empty() || roster_.AwaitsJoining();
  logger_.Error(
      absl::StrCat(message, others ? "; what it has not begun goes to the others" : missing));
  moving_->HandOver(surely_gone ? std::nullopt : std::make_optional(agent.last_heard));
}

bool Run::NobodyIsLeft() const {
  return std::all_of(members().begin(), members().end(),
                     [](const RunMember& other) { return other.lost || other.handed_over; });
}

}  // namespace lockstep::coordinator
