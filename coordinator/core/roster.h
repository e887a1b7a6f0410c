// Who takes part in a run: its members, the spares that wait to replace one, the member that
// answers the calls of the script's own functions (the elected one), and how many losses the run
// survives. Sends nothing. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

#include "coordinator/core/fleet.h"
#include "coordinator/core/run_member.h"

namespace lockstep::coordinator {

class Roster {
 public:
  // `wanted` > 0 members; the run survives the loss of `tolerated_loss_percent` of them, though
  // never of all.
  Roster(size_t wanted, double tolerated_loss_percent)
      : wanted_(wanted), tolerated_loss_percent_(tolerated_loss_percent) {}

  // In the order of their joining; lost ones too, once work is assigned.
  const std::vector<RunMember>& members() const { return members_; }
  std::vector<RunMember>& members() { return members_; }
  const std::vector<AgentId>& spares() const { return spares_; }  // in the order of their joining
  size_t wanted() const { return wanted_; }
  bool complete() const { return members_.size() >= wanted_; }

  void Add(const AgentRecord& record);
  // As another roster was, but for its spares and those who had no part yet.
  void Restore(std::vector<RunMember> members, AgentId elected);
  void AddSpare(AgentId agent) { spares_.push_back(agent); }
  void ForgetSpare(AgentId agent) { std::erase(spares_, agent); }
  void ForgetMember(AgentId agent);
  void ForgetLost();
  void ForgetJoining();
  // The first spare takes over the work, and the election, of `lost`. There must be a spare.
  void Substitute(RunMember& lost, const AgentRecord& spare);

  // Null: no member, or one that is lost.
  RunMember* Find(AgentId agent);
  // Those who are not lost. Sending to an agent may lose it, and change who is here: look each up.
  std::vector<AgentId> Present() const;
  // Of these, all that have a part, or have had one: not those that are joining.
  std::vector<AgentId> Started() const;
  // Of these, those who have a part that has not ended, and are not about to leave.
  std::vector<const RunMember*> Staying() const;
  // Whose the work is from the next division on: theirs who stay. Where nobody does, it remains
  // with those who are about to leave, for as long as they work on.
  std::vector<const RunMember*> Takers() const;
  // This agent was lost: the end of `function`, which it was calling, is missing, if it had been
  // asked to call it. It is only once it has delivered everything.
  bool MissCall(AgentId agent, absl::string_view function);
  // All but those who have no part yet.
  bool AllPresent(absl::FunctionRef<bool(const RunMember&)> predicate) const;
  bool AllHave(RunMember::Step step) const {
    return AllPresent([step](const RunMember& m) { return m.step >= step; });
  }
  // Who has a part that has not ended, or had one until now.
  std::vector<AgentId> AtWork() const;
  // Work of a lost member is nobody's, and somebody is joining who may do it.
  bool AwaitsJoining() const;
  // On all who are present.
  bool HasEnded(const std::string& scenario) const;
  bool WithinTolerance() const;
  // Who was lost with something of its work, in the order of the losses.
  std::vector<RunMember> Missed() const;
  // The longest of those who are not lost, of their best clock probes.
  double SlowestRoundTripMs() const;

  // The first who is not lost, and has come so far, answers from now on, if there is one.
  void Elect() {
    ElectFrom([](const RunMember&) { return true; });
  }
  // The first of these who fits, if there is one; else whoever it was stays.
  void ElectFrom(absl::FunctionRef<bool(const RunMember&)> fits);
  AgentId elected() const { return elected_; }
  RunMember* FindElected() { return Find(elected_); }

 private:
  const size_t wanted_;
  const double tolerated_loss_percent_;
  std::vector<RunMember> members_;
  std::vector<AgentId> spares_;
  AgentId elected_{};
};

}  // namespace lockstep::coordinator
