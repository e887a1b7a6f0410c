// Divides the work anew while the load runs, whenever an agent is lost, leaves or has come: from
// one instant on, which all agents agree to before anybody acts on it; see Redivide in
// control.proto. Loop-bound.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "lockstep/v1/control.pb.h"

#include "common/base/log.h"
#include "common/base/timer.h"
#include "common/segment/execution_segment.h"
#include "coordinator/core/fleet.h"
#include "coordinator/core/iteration_leases.h"
#include "coordinator/core/roster.h"
#include "coordinator/core/run_clock.h"
#include "coordinator/core/run_sender.h"

namespace lockstep::coordinator {

class Redivision {
 public:
  // All are borrowed and outlive this.
  struct Parts {
    EventLoop& loop;
    const RunClock& run_clock;
    const TestPlan& plan;
    const Fleet& fleet;
    Roster& roster;
    IterationLeases& leases;
    RunSender& sender;
    Logger& logger;
    absl::Duration lease;  // for how long a member may be silent
  };
  struct State {
    uint32_t proposals = 0;        // so far
    bool due = false;              // one is made, or about to be
    absl::Duration last_division;  // after T0
    MonoTime all_quiet;            // no agent that was lost begins anything from then on
  };
  // With a `state` that has one due, nothing is proposed before Soon.
  Redivision(Parts parts, const State& state) : parts_(parts), state_(state), timer_(parts.loop) {}

  // The work is divided anew among those who stay, soon. Does nothing once it is stopped.
  void Soon();
  // No division takes effect before then: an agent that was lost may go on until then.
  void NotBefore(MonoTime quiet) { state_.all_quiet = std::max(state_.all_quiet, quiet); }
  void OnHeld(const RunMember& member, const v1::Held& held);
  // A member was lost whose work others had taken over: nobody waits for its answer.
  void OnLostWithoutWork(AgentId agent);
  // From now on the plan stands.
  void Stop();
  bool stopped() const { return stopped_; }

  State state() const;

 private:
  struct Proposal {
    absl::Duration at;  // after T0
    SegmentSequence sequence;
    std::vector<SegmentTuple> tuples;
    std::vector<double> rps;
    std::vector<AgentId> takers;   // of the parts, in the order of the sequence
    std::vector<AgentId> awaited;  // that have not answered Held
    std::vector<AgentId> receivers;
    MonoTime sent;
    // For somebody who is silent: it holds the others no earlier than that one is lost. Another one
    // takes its place as soon as all have answered.
    bool waits = false;
  };

  // `silent_until`: those who are silent are lost then; MonoTime(): nobody is known to be.
  void Propose(MonoTime silent_until = MonoTime());
  // Somebody has not answered until the instant of the proposal, and so does not know of it.
  void OnMissed();
  // When the last of these is lost whose connection is broken, or who has not been heard since
  // then;
  // MonoTime(): they are all there.
  MonoTime SilentUntil(const std::vector<AgentId>& agents, MonoTime since) const;
  // To all receivers of the present proposal.
  void SendProposal();
  absl::Duration NextInstant(const std::vector<const RunMember*>& takers,
                             const std::vector<SegmentTuple>& tuples) const;
  void Commit();
  // The member has no part from this division on: settles for good what its parts have come to.
  void SettleFor(RunMember& member);

  const Parts parts_;
  State state_;  // but for `due`
  Timer timer_;  // until the next proposal, or for the answers to this one
  bool stopped_ = false;
  std::optional<Proposal> proposal_;  // not yet agreed to
  int late_in_a_row_ = 0;             // that somebody was too late for
  bool waited_ = false;               // for somebody who was silent, since the last division
};

}  // namespace lockstep::coordinator
