#include "coordinator/core/agent_scaling.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "common/base/counted.h"
#include "coordinator/core/division.h"

namespace lockstep::coordinator {

size_t AgentScaling::AgentsThere() const {
  const std::vector<RunMember>& members = parts_.roster.members();
  return static_cast<size_t>(
      std::count_if(members.begin(), members.end(), [](const RunMember& member) {
        return !member.lost && !member.leaving && member.step < RunMember::Step::kDrained;
      }));
}

void AgentScaling::Refill() {
  while (LetSpareJoin()) {
  }
  if (wants_more()) {
    TakeBack(state_.target - AgentsThere());
  }
}

void AgentScaling::TakeBack(size_t most) {
  std::vector<AgentId> back;
  for (const RunMember& member : parts_.roster.members()) {
    if (back.size() < most && !member.lost && member.handed_over && member.settled()) {
      back.push_back(member.id);
    }
  }
  for (const AgentId id : back) {
    parts_.fleet.Recall(id, absl::CancelledError("it is wanted again, and joins anew"));
  }
}

void AgentScaling::ScaleTo(size_t agents) {
  state_.target = agents;
  Refill();
  size_t there = AgentsThere();
  parts_.logger.Info(
      there < state_.target
          ? absl::StrCat("of ", state_.target, " agents that are wanted, ", there,
                         there == 1 ? " is there; " : " are there; ", state_.target - there,
                         " more ",
                         state_.target - there == 1 ? "joins as it comes" : "join as they come")
          : absl::StrCat("from now on ", Counted(state_.target, "agent"),
                         state_.target == 1 ? " is" : " are", " wanted, and ", there,
                         there == 1 ? " is there" : " are there"));
  bool some_leave = false;
  std::vector<RunMember>& members = parts_.roster.members();
  for (auto member = members.rbegin(); member != members.rend(); ++member) {
    if (there > state_.target && !member->lost && !member->leaving && !member->joining &&
        member->step < RunMember::Step::kDrained) {
      member->leaving = some_leave = true;
      --there;
    }
  }
  if (some_leave) {  // those who join tell when they are ready for a part
    parts_.redivision.Soon();
  }
}

bool AgentScaling::LetSpareJoin() {
  if (!HasSpare()) {
    return false;
  }
  const AgentId spare = parts_.roster.spares().front();
  parts_.roster.ForgetSpare(spare);
  LetJoin(spare);
  return true;
}

void AgentScaling::LetJoin(AgentId agent) {
  const AgentRecord& record = *parts_.fleet.Find(agent);
  parts_.roster.Add(record);
  RunMember& member = parts_.roster.members().back();
  member.joining = true;
  member.joined_late = ++state_.joined_late;
  member.tuple = SegmentTuple::None();
  ShowWork(parts_.plan, member);  // none, until a division gives it a part
  parts_.logger.Info(absl::StrCat("agent ", record.name,
                                  " has come, and takes part as soon as its VUs are there"));
  // So many VUs as it would have now; others may come and go until it has them.
  std::vector<const RunMember*> then = parts_.roster.Staying();
  then.push_back(&member);
  const absl::StatusOr<SegmentSequence> sequence = CutAmong(then, parts_.plan.partition);
  if (!sequence.ok()) {
    parts_.fleet.Expel(agent, sequence.status());
    return;
  }
  v1::CoordinatorMessage message = parts_.assignments.MessageFor(member, parts_.plan);
  v1::Assign& assign = *message.mutable_assign();
  assign.set_segment_sequence(sequence->ToString());
  assign.set_segment_index(static_cast<int32_t>(then.size() - 1));
  const std::vector<SegmentTuple> tuples = *SegmentTuple::MakeAll(*sequence, parts_.plan.partition);
  assign.set_rps_share(DivideRps(parts_.plan, tuples).back());
  assign.set_joined_late(member.joined_late);
  parts_.sender.Send(agent, std::move(message));
}

void AgentScaling::StartLate(RunMember& member, v1::CoordinatorMessage start) {
  member.joining = false;
  parts_.sender.Send(member.id, std::move(start));
  parts_.redivision.Soon();
}

}  // namespace lockstep::coordinator
