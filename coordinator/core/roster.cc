#include "coordinator/core/roster.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lockstep::coordinator {
namespace {

// It has a part that has not ended, or had one until now.
bool IsAtWork(const RunMember& member) {
  return !member.lost && !member.joining && member.step < RunMember::Step::kDrained;
}

}  // namespace

void Roster::Add(const AgentRecord& record) {
  RunMember& member = members_.emplace_back();
  member.id = record.id;
  member.name = record.name;
  member.weight = record.weight;
  member.labels = record.labels;
}

void Roster::Restore(std::vector<RunMember> members, AgentId elected) {
  members_ = std::move(members);
  ForgetJoining();
  elected_ = elected;
}

void Roster::ForgetMember(AgentId agent) {
  std::erase_if(members_, [&](const RunMember& m) { return m.id == agent; });
}

void Roster::ForgetLost() {
  std::erase_if(members_, [](const RunMember& m) { return m.lost; });
}

void Roster::ForgetJoining() {
  std::erase_if(members_, [](const RunMember& m) { return m.joining; });
}

void Roster::Substitute(RunMember& lost, const AgentRecord& spare) {
  ForgetSpare(spare.id);
  if (elected_ == lost.id) {
    elected_ = spare.id;
  }
  RunMember substitute;
  substitute.id = spare.id;
  substitute.name = spare.name;
  substitute.weight = lost.weight;  // by which the work was divided
  substitute.labels = spare.labels;
  substitute.sequence = std::move(lost.sequence);
  substitute.segment_index = lost.segment_index;
  substitute.segment = std::move(lost.segment);
  substitute.tuple = lost.tuple;
  substitute.share = std::move(lost.share);
  substitute.rps_share = lost.rps_share;
  lost = std::move(substitute);
}

RunMember* Roster::Find(AgentId agent) {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const RunMember& m) { return m.id == agent && !m.lost; });
  return found == members_.end() ? nullptr : &*found;
}

std::vector<AgentId> Roster::Present() const {
  std::vector<AgentId> present;
  for (const RunMember& member : members_) {
    if (!member.lost) {
      present.push_back(member.id);
    }
  }
  return present;
}

std::vector<AgentId> Roster::Started() const {
  std::vector<AgentId> started;
  for (const RunMember& member : members_) {
    if (!member.lost && !member.joining) {
      started.push_back(member.id);
    }
  }
  return started;
}

std::vector<const RunMember*> Roster::Staying() const {
  std::vector<const RunMember*> staying;
  for (const RunMember& member : members_) {
    if (IsAtWork(member) && !member.leaving) {
      staying.push_back(&member);
    }
  }
  return staying;
}

std::vector<const RunMember*> Roster::Takers() const {
  std::vector<const RunMember*> takers = Staying();
  if (takers.empty()) {
    for (const RunMember& member : members_) {
      if (IsAtWork(member) && !member.handed_over) {
        takers.push_back(&member);
      }
    }
  }
  return takers;
}

std::vector<AgentId> Roster::AtWork() const {
  std::vector<AgentId> at_work;
  for (const RunMember& member : members_) {
    if (IsAtWork(member)) {
      at_work.push_back(member.id);
    }
  }
  return at_work;
}

bool Roster::MissCall(AgentId agent, absl::string_view function) {
  for (RunMember& member : members_) {
    if (member.id == agent && member.flushed()) {
      member.lost_call = std::string(function);
      return true;
    }
  }
  return false;
}

bool Roster::AllPresent(absl::FunctionRef<bool(const RunMember&)> predicate) const {
  return std::all_of(members_.begin(), members_.end(),
                     [&](const RunMember& m) { return m.lost || m.joining || predicate(m); });
}

bool Roster::AwaitsJoining() const {
  bool joining = false;
  bool left_over = false;
  for (const RunMember& member : members_) {
    joining = joining || member.joining;
    left_over = left_over || (member.lost && !member.handed_over && member.missed());
  }
  return joining && left_over;
}

bool Roster::HasEnded(const std::string& scenario) const {
  return AllPresent([&](const RunMember& member) {
    const auto& parts = member.progress.scenarios();
    return std::any_of(parts.begin(), parts.end(), [&](const v1::ScenarioProgress& part) {
      return part.name() == scenario && part.state() != v1::ScenarioProgress::WAITING &&
             part.state() != v1::ScenarioProgress::RUNNING;
    });
  });
}

std::vector<RunMember> Roster::Missed() const {
  std::vector<RunMember> missed;
  std::copy_if(members_.begin(), members_.end(), std::back_inserter(missed),
               [](const RunMember& m) { return m.missed(); });
  std::stable_sort(missed.begin(), missed.end(),
                   [](const RunMember& a, const RunMember& b) { return a.lost_at < b.lost_at; });
  return missed;
}

bool Roster::WithinTolerance() const {
  // Whoever had done all of its work is missed by nobody.
  const auto lost = static_cast<size_t>(std::count_if(
      members_.begin(), members_.end(), [](const RunMember& m) { return m.missed(); }));
  return lost < members_.size() &&
         static_cast<double>(lost) * 100 <=
             tolerated_loss_percent_ * static_cast<double>(members_.size());
}

double Roster::SlowestRoundTripMs() const {
  double slowest = 0;
  for (const RunMember& member : members_) {
    slowest = std::max(slowest, member.lost ? 0 : member.round_trip_ms);
  }
  return slowest;
}

void Roster::ElectFrom(absl::FunctionRef<bool(const RunMember&)> fits) {
  const auto first = std::find_if(members_.begin(), members_.end(), [&](const RunMember& member) {
    return !member.lost && !member.joining && fits(member);
  });
  if (first != members_.end()) {
    elected_ = first->id;
  } else if (FindElected() == nullptr) {
    elected_ = AgentId{};
  }
}

}  // namespace lockstep::coordinator
