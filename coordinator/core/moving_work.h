// Work that moves between agents while the load runs: iterations that are leased, the rest that is
// divided anew when somebody is lost, leaves or comes, and how many agents share it. There from T0
// on in a run whose work moves (RunSettings::redistribute). Loop-bound.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "lockstep/v1/control.pb.h"

#include "common/base/log.h"
#include "coordinator/core/agent_scaling.h"
#include "coordinator/core/assignments.h"
#include "coordinator/core/fleet.h"
#include "coordinator/core/iteration_leases.h"
#include "coordinator/core/redivision.h"
#include "coordinator/core/roster.h"
#include "coordinator/core/run_clock.h"
#include "coordinator/core/run_phase.h"
#include "coordinator/core/run_sender.h"

namespace lockstep::coordinator {

class MovingWork {
 public:
  // All are borrowed and outlive this.
  struct Parts {
    EventLoop& loop;
    const RunPhase& phase;
    const RunClock& run_clock;
    TestPlan& plan;
    const Assignments& assignments;
    Fleet& fleet;
    Roster& roster;
    RunSender& sender;
    Logger& logger;
    absl::Duration lease;  // for how long a member may be silent
  };
  struct State {
    IterationPools::State pools = {};
    std::map<std::string, VuLeases::Scenario> vu_leases = {};
    Redivision::State division = {};
    AgentScaling::State scaling = {};
  };
  MovingWork(const Parts& parts, State state);
  MovingWork(const MovingWork&) = delete;
  MovingWork& operator=(const MovingWork&) = delete;

  // From now on the plan stands: who has got work keeps it.
  void Stop() { redivision_.Stop(); }
  bool stopped() const { return redivision_.stopped(); }

  // ---- who shares it: see AgentScaling ----
  void ScaleTo(size_t agents) { scaling_.ScaleTo(agents); }
  size_t agents_wanted() const { return scaling_.target(); }
  bool wants_more() const { return scaling_.wants_more(); }
  bool HasSpare() const { return scaling_.HasSpare(); }
  void LetJoin(AgentId agent) { scaling_.LetJoin(agent); }
  void StartLate(RunMember& member, v1::CoordinatorMessage start) {
    scaling_.StartLate(member, std::move(start));
  }
  void Bar(const std::string& name) { scaling_.Bar(name); }
  bool IsBarred(const std::string& name) const { return scaling_.IsBarred(name); }

  // ---- what members say ----
  // Held, IterationLease, IterationsReturned or VuIterationsWanted. Errors are those of
  // IterationLeases.
  absl::Status OnMessage(const RunMember& member, const v1::AgentMessage& message);
  // It is about to leave: the others take its work over.
  void OnLeaving();
  void OnDrained(RunMember& member, const v1::Drained& drained);

  // ---- losses ----
  // In any case, before it is looked at what the member has missed.
  void OnLost(RunMember& member) { leases_.OnLost(member); }
  // It had a part of the work, which goes to the others. `last_heard`: of it; nothing if it is
  // certain that it does nothing any more.
  void HandOver(std::optional<MonoTime> last_heard);
  // Others had taken over its work before.
  void OnLostWithoutWork(AgentId agent);

  State state() const;
  // Does what the former coordinator, whose state this was made of, was about to do.
  void GoOn(bool division_due);

 private:
  const absl::Duration lease_;
  IterationLeases leases_;
  Redivision redivision_;
  AgentScaling scaling_;
};

}  // namespace lockstep::coordinator
