// Iterations that VUs share, or that belong to VUs, where work may move: takes what agents say of
// them, and deals them out as they are wanted. Loop-bound.
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "lockstep/v1/control.pb.h"

#include "coordinator/core/iteration_pools.h"
#include "coordinator/core/roster.h"
#include "coordinator/core/run_phase.h"
#include "coordinator/core/run_sender.h"
#include "coordinator/core/vu_leases.h"

namespace lockstep::coordinator {

class IterationLeases {
 public:
  // `phase`, `roster` and `sender` are borrowed and outlive this.
  IterationLeases(IterationPools pools, VuLeases vus, const RunPhase& phase, const Roster& roster,
                  RunSender& sender)
      : pools_(std::move(pools)),
        vus_(std::move(vus)),
        phase_(phase),
        roster_(roster),
        sender_(sender) {}

  // One of IterationLease, IterationsReturned and VuIterationsWanted. Errors are those of
  // IterationPools and VuLeases.
  absl::Status OnMessage(AgentId agent, const v1::AgentMessage& message);
  void OnDrained(AgentId agent, const v1::Progress& last);
  void OnLost(RunMember& member);
  // Until the run has drained: sends what is due.
  void Deal();
  // Makes the member's share of what is leased what it has got of it.
  void ShowGranted(RunMember& member) const;
  // Whether the iterations of this scenario are leased.
  bool Has(const std::string& scenario) const {
    return pools_.state().pools.contains(scenario) || vus_.scenarios().contains(scenario);
  }

  const IterationPools& pools() const { return pools_; }
  const VuLeases& vus() const { return vus_; }

 private:
  IterationPools pools_;
  VuLeases vus_;
  const RunPhase& phase_;
  const Roster& roster_;
  RunSender& sender_;
};

}  // namespace lockstep::coordinator
