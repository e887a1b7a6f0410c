#include "coordinator/core/redivision.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/counted.h"
#include "coordinator/core/division.h"

namespace lockstep::coordinator {
namespace {

// Until agents have certainly carried out the division before, whose instant their clocks know to
// within a round trip.
constexpr absl::Duration kAfterDivision = absl::Milliseconds(100);
// What the initialisation of a VU is reckoned to take, and the most that a division waits for it:
// VUs that come later begin later.
constexpr absl::Duration kPerVu = absl::Milliseconds(20);
constexpr absl::Duration kMostLead = absl::Seconds(5);
constexpr int kMostDoublings = 8;

}  // namespace

void Redivision::Soon() {
  if (stopped_) {
    return;
  }
  proposal_.reset();  // what was proposed counts no longer
  const MonoTime earliest = parts_.run_clock.t0() + state_.last_division + kAfterDivision;
  const MonoTime now = parts_.loop.clock().Mono();
  const bool divided_before = state_.last_division > absl::ZeroDuration();
  timer_.At(divided_before ? std::max(now, earliest) : now, [this] { Propose(); });
}

absl::Duration Redivision::NextInstant(const std::vector<const RunMember*>& takers,
                                       const std::vector<SegmentTuple>& tuples) const {
  const TestPlan& plan = parts_.plan;
  int64_t most_added = 0;
  for (size_t i = 0; i < takers.size() && plan.share_of; ++i) {
    most_added = std::max(most_added,
                          plan.share_of(tuples[i]).max_vus - takers[i]->progress.vus_initialised());
  }
  const absl::Duration told = parts_.run_clock.Lead();
  absl::Duration lead = std::max(told, absl::Milliseconds(20));
  lead = lead * (1 << std::min(late_in_a_row_, kMostDoublings)) + kPerVu * most_added;
  const MonoTime at =
      std::max(parts_.loop.clock().Mono() + std::min(lead, kMostLead), state_.all_quiet + told);
  return std::max(at - parts_.run_clock.t0(), absl::ZeroDuration());
}

MonoTime Redivision::SilentUntil(const std::vector<AgentId>& agents, MonoTime since) const {
  MonoTime until;
  for (const AgentId id : agents) {
    const AgentRecord* const record = parts_.fleet.Find(id);
    const MonoTime heard = parts_.fleet.LastHeard(id);
    if (record != nullptr && (!record->connected || heard < since)) {
      until = std::max(until, heard + parts_.lease);
    }
  }
  return until;
}

// Who was silent is not slow: the others need no more time for its sake, unless it is so again.
void Redivision::OnMissed() {
  const MonoTime silent_until = SilentUntil(proposal_->awaited, proposal_->sent);
  if (silent_until == MonoTime() || std::exchange(waited_, true)) {
    ++late_in_a_row_;
  }
  Propose(silent_until);
}

void Redivision::Propose(MonoTime silent_until) {
  proposal_.reset();
  const std::vector<const RunMember*> takers = parts_.roster.Takers();
  if (takers.empty()) {
    return;
  }
  absl::StatusOr<SegmentSequence> sequence = CutAmong(takers, parts_.plan.partition);
  if (!sequence.ok()) {
    parts_.logger.Error(
        absl::StrCat("the work cannot be divided anew, and what nobody does is missing: ",
                     sequence.status().message()));
    return;
  }
  Proposal& next = proposal_.emplace(Proposal());
  next.sequence = *std::move(sequence);
  next.tuples = *SegmentTuple::MakeAll(next.sequence, parts_.plan.partition);
  next.rps = DivideRps(parts_.plan, next.tuples);
  for (const RunMember* member : takers) {
    next.takers.push_back(member->id);
  }
  next.at = NextInstant(takers, next.tuples);
  next.awaited = next.receivers = parts_.roster.AtWork();
  next.sent = parts_.loop.clock().Mono();
  silent_until = std::max(silent_until, SilentUntil(next.receivers, MonoTime()));
  if (silent_until > MonoTime()) {
    next.waits = true;
    next.at = std::max(next.at, silent_until + parts_.run_clock.Lead() - parts_.run_clock.t0());
  }
  ++state_.proposals;
  timer_.At(parts_.run_clock.t0() + next.at + kAfterDivision, [this] { OnMissed(); });
  SendProposal();
}

void Redivision::SendProposal() {
  const Proposal sent = *proposal_;  // sending may lose one, and propose another division
  v1::CoordinatorMessage message;
  v1::Redivide& redivide = *message.mutable_redivide();
  redivide.set_number(state_.proposals);
  redivide.set_after_t0_ns(absl::ToInt64Nanoseconds(sent.at));
  redivide.set_segment_sequence(sent.sequence.ToString());
  for (const AgentId id : sent.receivers) {
    const auto part = std::find(sent.takers.begin(), sent.takers.end(), id);
    const bool has_part = part != sent.takers.end();
    const auto index = static_cast<size_t>(part - sent.takers.begin());
    redivide.set_segment_index(has_part ? static_cast<int32_t>(index) : -1);
    redivide.set_rps_share(has_part ? sent.rps[index] : 0);
    parts_.sender.Send(id, message);
  }
}

void Redivision::OnHeld(const RunMember& member, const v1::Held& held) {
  if (!proposal_.has_value() || held.number() != state_.proposals) {
    return;
  }
  if (held.too_late()) {
    ++late_in_a_row_;
    Soon();
    return;
  }
  std::erase(proposal_->awaited, member.id);
  if (!proposal_->awaited.empty()) {
    return;
  }
  if (proposal_->waits) {
    Soon();  // all are there again: there is no need to wait any longer
  } else {
    Commit();
  }
}

void Redivision::OnLostWithoutWork(AgentId agent) {
  if (proposal_.has_value() &&
      std::count(proposal_->awaited.begin(), proposal_->awaited.end(), agent) > 0) {
    Soon();
  }
}

void Redivision::Commit() {
  const Proposal agreed = *std::exchange(proposal_, std::nullopt);
  timer_.Cancel();
  late_in_a_row_ = 0;
  waited_ = false;
  state_.last_division = agreed.at;
  for (RunMember& member : parts_.roster.members()) {
    const bool has_ended = member.step == RunMember::Step::kDrained && !member.lost;
    if (member.joining || member.handed_over || has_ended) {
      continue;
    }
    CountWork(parts_.plan, member, agreed.at);
    member.cut_at = agreed.at;
    const auto part = std::find(agreed.takers.begin(), agreed.takers.end(), member.id);
    if (member.lost || part == agreed.takers.end()) {
      SettleFor(member);
    } else {
      const auto index = static_cast<size_t>(part - agreed.takers.begin());
      member.tuple = agreed.tuples[index];
      member.sequence = agreed.sequence.ToString();
      member.segment_index = index;
      member.segment = agreed.sequence.segments()[index].ToString();
      ShowWork(parts_.plan, member);
    }
  }
  parts_.logger.Info(
      absl::StrCat("from ", absl::FormatDuration(absl::Floor(agreed.at, absl::Milliseconds(1))),
                   " on, the work is divided among ", Counted(agreed.takers.size(), "agent")));
  v1::CoordinatorMessage message;
  message.mutable_divided()->set_number(state_.proposals);
  for (const AgentId id : agreed.receivers) {
    parts_.sender.Send(id, message);
  }
}

void Redivision::SettleFor(RunMember& member) {
  member.handed_over = true;
  parts_.leases.ShowGranted(member);
  for (size_t i = 0; i < member.share.scenarios.size(); ++i) {
    AgentShare::Scenario& scenario = member.share.scenarios[i];
    if (!parts_.leases.Has(scenario.name) && scenario.iterations >= 0 &&
        i < member.starts_before.size()) {
      scenario.iterations = member.starts_before[i];
    }
  }
  const std::string missing = member.lost && !member.settled() ? MissingWork(member) : "";
  if (!missing.empty()) {
    parts_.logger.Error(absl::StrCat("of agent ", member.name, " is missing: ", missing));
  }
}

void Redivision::Stop() {
  stopped_ = true;
  timer_.Cancel();
  proposal_.reset();
}

Redivision::State Redivision::state() const {
  State state = state_;
  state.due = proposal_.has_value() || timer_.set();
  return state;
}

}  // namespace lockstep::coordinator
