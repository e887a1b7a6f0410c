// A Run whose work moves: whenever an agent is lost, leaves or has come after T0, the work that is
// left is divided anew from one instant on, which all agents agree to before anybody acts on it; see
// Redivide in control.proto. Iterations that VUs share are dealt out as they are wanted.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "coordinator/core/division.h"
#include "coordinator/core/run.h"
#include "proto/words.h"

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
constexpr size_t kMostAgentsTarget = 100'000;

}  // namespace

void Run::RedivideSoon() {
  if (!MovesNow()) {
    return;
  }
  redivision_.reset();  // what was proposed counts no longer
  loop_.Cancel(redivision_timer_);
  const MonoTime earliest = t0_ + last_division_ + kAfterDivision;
  const MonoTime now = loop_.clock().Mono();
  const bool divided_before = last_division_ > absl::ZeroDuration();
  redivision_timer_ = loop_.At(divided_before ? std::max(now, earliest) : now, [this] {
    redivision_timer_ = TimerId::kNone;
    ProposeRedivision();
  });
}

absl::Duration Run::NextDivision(const std::vector<const RunMember*>& staying,
                                 const std::vector<SegmentTuple>& tuples) const {
  int64_t most_added = 0;
  for (size_t i = 0; i < staying.size() && plan_->share_of; ++i) {
    most_added = std::max(
        most_added, plan_->share_of(tuples[i]).max_vus - staying[i]->progress.vus_initialised());
  }
  absl::Duration lead = std::max(T0Lead(), absl::Milliseconds(20));
  lead = lead * (1 << std::min(late_in_a_row_, kMostDoublings)) + kPerVu * most_added;
  const MonoTime at =
      std::max(loop_.clock().Mono() + std::min(lead, kMostLead), all_quiet_ + T0Lead());
  return std::max(at - t0_, absl::ZeroDuration());
}

void Run::ProposeRedivision() {
  redivision_.reset();
  const std::vector<const RunMember*> staying = roster_.Staying();
  const std::vector<AgentId> receivers = roster_.AtWork();
  if (!MovesNow() || staying.empty()) {
    return;  // those who leave end their work themselves then, and what they do not begin is missing
  }
  absl::StatusOr<SegmentSequence> sequence = CutAmong(staying, plan_->partition);
  if (!sequence.ok()) {
    logger_.Error(absl::StrCat("the work cannot be divided anew, and what nobody does is missing: ",
                               sequence.status().message()));
    return;
  }
  Redivision& next = redivision_.emplace();
  next.sequence = *std::move(sequence);
  next.tuples = *SegmentTuple::MakeAll(next.sequence, plan_->partition);
  next.rps = DivideRps(*plan_, next.tuples);
  for (const RunMember* member : staying) {
    next.staying.push_back(member->id);
  }
  next.at = NextDivision(staying, next.tuples);
  next.awaited = next.receivers = receivers;
  ++redivisions_;
  // Whoever has not answered by then does not know of it.
  redivision_timer_ = loop_.At(t0_ + next.at + kAfterDivision, [this] {
    redivision_timer_ = TimerId::kNone;
    ++late_in_a_row_;
    ProposeRedivision();
  });
  v1::CoordinatorMessage message;
  v1::Redivide& redivide = *message.mutable_redivide();
  redivide.set_number(redivisions_);
  redivide.set_after_t0_ns(absl::ToInt64Nanoseconds(next.at));
  redivide.set_segment_sequence(next.sequence.ToString());
  const std::vector<AgentId> parts = next.staying;
  const std::vector<double> rps = next.rps;
  for (const AgentId id : receivers) {  // sending may lose one, and propose another division
    const auto part = std::find(parts.begin(), parts.end(), id);
    const bool has_part = part != parts.end();
    redivide.set_segment_index(has_part ? static_cast<int32_t>(part - parts.begin()) : -1);
    redivide.set_rps_share(has_part ? rps[static_cast<size_t>(part - parts.begin())] : 0);
    SendTo(id, message);
  }
}

void Run::OnHeld(const RunMember& member, const v1::Held& held) {
  if (!redivision_.has_value() || held.number() != redivisions_) {
    return;
  }
  if (held.too_late()) {
    ++late_in_a_row_;
    RedivideSoon();
    return;
  }
  std::erase(redivision_->awaited, member.id);
  if (redivision_->awaited.empty()) {
    CommitRedivision();
  }
}

void Run::CommitRedivision() {
  const Redivision agreed = *std::exchange(redivision_, std::nullopt);
  loop_.Cancel(std::exchange(redivision_timer_, TimerId::kNone));
  late_in_a_row_ = 0;
  last_division_ = agreed.at;
  for (RunMember& member : roster_.members()) {
    const bool has_ended = member.step == RunMember::Step::kDrained && !member.lost;
    if (member.joining || member.handed_over || has_ended) {
      continue;
    }
    AccountFor(member, agreed.at);
    const auto part = std::find(agreed.staying.begin(), agreed.staying.end(), member.id);
    if (part != agreed.staying.end()) {
      const auto index = static_cast<size_t>(part - agreed.staying.begin());
      member.tuple = agreed.tuples[index];
      member.sequence = agreed.sequence.ToString();
      member.segment_index = index;
      member.segment = agreed.sequence.segments()[index].ToString();
      ShowWork(*plan_, member);
    }
  }
  logger_.Info(absl::StrCat("from ",
                            absl::FormatDuration(absl::Floor(agreed.at, absl::Milliseconds(1))),
                            " on, the work is divided among ", agreed.staying.size(),
                            agreed.staying.size() == 1 ? " agent" : " agents"));
  v1::CoordinatorMessage message;
  message.mutable_divided()->set_number(redivisions_);
  for (const AgentId id : agreed.receivers) {
    SendTo(id, message);
  }
}

// Settles what the member's part comes to until `at`; if it has no part from then on, for good.
void Run::AccountFor(RunMember& member, absl::Duration at) {
  CountWork(*plan_, member, at);
  member.cut_at = at;
  if (!member.lost && !member.leaving) {
    return;
  }
  member.handed_over = true;
  ShowLeased(member);
  for (size_t i = 0; i < member.share.scenarios.size(); ++i) {
    AgentShare::Scenario& scenario = member.share.scenarios[i];
    if (!plan_->pools.contains(scenario.name) && !plan_->vu_bound.contains(scenario.name) &&
        scenario.iterations >= 0 && i < member.starts_before.size()) {
      scenario.iterations = member.starts_before[i];
    }
  }
  if (member.lost && !member.settled()) {
    logger_.Error(absl::StrCat("of agent ", member.name, " is missing: ", MissingWork(member)));
  }
}

void Run::ShowLeased(RunMember& member) const {
  if (!pools_.has_value()) {
    return;
  }
  for (AgentShare::Scenario& scenario : member.share.scenarios) {
    if (plan_->pools.contains(scenario.name)) {
      scenario.iterations = pools_->GrantedTo(member.id, scenario.name);
    } else if (plan_->vu_bound.contains(scenario.name)) {
      scenario.iterations = vu_leases_->GrantedTo(member.id, scenario.name);
    }
  }
}

void Run::HandOver(std::optional<MonoTime> last_heard) {
  if (last_heard.has_value()) {
    all_quiet_ = std::max(all_quiet_, *last_heard + settings_.lease);
  }
  DealIterations();
  if (!roster_.spares().empty() && AgentsThere() < agents_target_) {
    const AgentId spare = roster_.spares().front();
    roster_.ForgetSpare(spare);
    LetJoin(spare);
  }
  RedivideSoon();
}

// ---- coming and going ----

size_t Run::AgentsThere() const {
  return static_cast<size_t>(
      std::count_if(members().begin(), members().end(), [](const RunMember& member) {
        return !member.lost && !member.leaving && member.step < RunMember::Step::kDrained;
      }));
}

void Run::LetJoin(AgentId agent) {
  const AgentRecord& record = *fleet_.Find(agent);
  roster_.Add(record);
  RunMember& member = roster_.members().back();
  member.joining = true;
  member.joined_late = ++joined_late_;
  member.tuple = SegmentTuple::None();
  ShowWork(*plan_, member);  // none, until a division gives it a part
  logger_.Info(absl::StrCat("agent ", record.name,
                            " has come, and takes part as soon as its VUs "
                            "are there"));
  // So many VUs as it would have now; others may come and go until it has them.
  std::vector<const RunMember*> then = roster_.Staying();
  then.push_back(&member);
  const absl::StatusOr<SegmentSequence> sequence = CutAmong(then, plan_->partition);
  if (!sequence.ok()) {
    fleet_.Expel(agent, sequence.status());
    return;
  }
  v1::CoordinatorMessage message = AssignFor(member);
  v1::Assign& assign = *message.mutable_assign();
  assign.set_segment_sequence(sequence->ToString());
  assign.set_segment_index(static_cast<int32_t>(then.size() - 1));
  const std::vector<SegmentTuple> tuples = *SegmentTuple::MakeAll(*sequence, plan_->partition);
  assign.set_rps_share(DivideRps(*plan_, tuples).back());
  assign.set_joined_late(member.joined_late);
  SendTo(agent, std::move(message));
}

void Run::StartLate(RunMember& member) {
  v1::CoordinatorMessage message;
  message.mutable_start()->set_t0_coordinator_mono_ns(t0_.nanos());
  message.mutable_start()->set_t0_wall_unix_ns(t0_wall_ns_);
  member.joining = false;
  SendTo(member.id, std::move(message));
  RedivideSoon();
}

absl::Status Run::ScaleAgents(int64_t agents) {
  if (agents < 1 || agents > static_cast<int64_t>(kMostAgentsTarget)) {
    return absl::InvalidArgumentError(
        absl::StrCat("agents: must be 1 to ", kMostAgentsTarget, ", got ", agents));
  }
  if (!settings_.redistribute) {
    return absl::FailedPreconditionError(
        "work does not move in this run: it was not started with --on-agent-loss redistribute");
  }
  if (!MovesNow()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the run is in state ", WordOf(state_),
                     "; its agents can be more or fewer while it is "
                     "Running"));
  }
  agents_target_ = static_cast<size_t>(agents);
  while (AgentsThere() < agents_target_ && !roster_.spares().empty()) {
    const AgentId spare = roster_.spares().front();
    roster_.ForgetSpare(spare);
    LetJoin(spare);
  }
  size_t there = AgentsThere();
  for (auto member = roster_.members().rbegin(); member != roster_.members().rend(); ++member) {
    if (there > agents_target_ && !member->lost && !member->leaving && !member->joining &&
        member->step < RunMember::Step::kDrained) {
      member->leaving = true;
      --there;
    }
  }
  RedivideSoon();
  return absl::OkStatus();
}

// ---- iterations that are leased ----

absl::Status Run::OnIterationLease(AgentId agent, const v1::IterationLease& lease) {
  if (!pools_.has_value()) {
    return absl::InvalidArgumentError("iteration_lease: no work moves in this run");
  }
  absl::Status asked = pools_->Ask(agent, lease);
  if (asked.ok()) {
    DealIterations();
  }
  return asked;
}

absl::Status Run::OnIterationsReturned(AgentId agent, const v1::IterationsReturned& returned) {
  if (!pools_.has_value()) {
    return absl::InvalidArgumentError("iterations_returned: no work moves in this run");
  }
  absl::Status taken = pools_->Return(agent, returned);
  if (taken.ok()) {
    DealIterations();
  }
  return taken;
}

absl::Status Run::OnVuIterationsWanted(AgentId agent, const v1::VuIterationsWanted& wanted) {
  if (!vu_leases_.has_value()) {
    return absl::InvalidArgumentError("vu_iterations_wanted: no work moves in this run");
  }
  absl::Status asked = vu_leases_->Ask(agent, wanted);
  if (asked.ok()) {
    DealIterations();
  }
  return asked;
}

void Run::DealIterations() {
  if (!pools_.has_value() || state_ > v1::RunStatus::DRAINING) {
    return;
  }
  for (IterationPools::Grant& grant : pools_->Deal(roster_.AtWork())) {
    v1::CoordinatorMessage message;
    *message.mutable_iterations_leased() = std::move(grant.message);
    SendTo(grant.to, std::move(message));
  }
  for (VuLeases::Grant& grant : vu_leases_->Deal()) {
    v1::CoordinatorMessage message;
    *message.mutable_vu_iterations_leased() = std::move(grant.message);
    SendTo(grant.to, std::move(message));
  }
}

}  // namespace lockstep::coordinator
