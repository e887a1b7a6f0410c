// How many agents share the work while the load runs: takes in those that come late, and has the
// last ones hand their work over if there are to be fewer. Loop-bound.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "lockstep/v1/control.pb.h"

#include "common/base/log.h"
#include "coordinator/core/assignments.h"
#include "coordinator/core/fleet.h"
#include "coordinator/core/redivision.h"
#include "coordinator/core/roster.h"
#include "coordinator/core/run_sender.h"

namespace lockstep::coordinator {

class AgentScaling {
 public:
  // All are borrowed and outlive this.
  struct Parts {
    const TestPlan& plan;
    const Assignments& assignments;
    Fleet& fleet;
    Roster& roster;
    Redivision& redivision;
    RunSender& sender;
    Logger& logger;
  };
  struct State {
    size_t target = 1;  // so many are to share the work
    uint32_t joined_late = 0;
    std::set<std::string> unfit = {};  // names
  };
  AgentScaling(Parts parts, State state) : parts_(parts), state_(std::move(state)) {}

  // So many share the rest of the work, 1 to kMostAgents.
  void ScaleTo(size_t agents);
  size_t target() const { return state_.target; }
  // Whether there are fewer agents than there are to be.
  bool wants_more() const { return AgentsThere() < state_.target; }
  // Whether one that is wanted is there and waits.
  bool HasSpare() const { return wants_more() && !parts_.roster.spares().empty(); }
  // As many join as are wanted and there: spares, and then those that have handed their work over.
  void Refill();
  // An agent that has come gets what it needs for a part of its own.
  void LetJoin(AgentId agent);
  // It has got that: it starts, as `start` says, and the work is divided anew.
  void StartLate(RunMember& member, v1::CoordinatorMessage start);
  // The agent of this name was lost by its own fault, and may not come again.
  void Bar(const std::string& name) { state_.unfit.insert(name); }
  bool IsBarred(const std::string& name) const { return state_.unfit.contains(name); }

  const State& state() const { return state_; }

 private:
  size_t AgentsThere() const;
  bool LetSpareJoin();
  // Those that have handed their work over join again, as agents that come late do.
  void TakeBack(size_t most);

  const Parts parts_;
  State state_;
};

}  // namespace lockstep::coordinator
