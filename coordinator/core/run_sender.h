// Sends the messages of one run to its agents. Sending may lose an agent. Loop-bound.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "lockstep/v1/control.pb.h"

#include "coordinator/core/addressed.h"
#include "coordinator/core/fleet.h"
#include "coordinator/core/roster.h"

namespace lockstep::coordinator {

class RunSender {
 public:
  // Both are borrowed and outlive this.
  RunSender(Fleet& fleet, const Roster& roster, uint64_t run_id)
      : fleet_(fleet), roster_(roster), run_id_(run_id) {}

  void Send(AgentId agent, v1::CoordinatorMessage message) {
    fleet_.Send(agent, run_id_, std::move(message));
  }
  void SendEach(std::vector<Addressed> messages) {
    for (Addressed& each : messages) {
      Send(each.to, std::move(each.message));
    }
  }
  // To the members who are not lost.
  void SendToAll(const v1::CoordinatorMessage& message) {
    for (const AgentId id : roster_.Present()) {
      Send(id, message);
    }
  }
  // To those of them who have started.
  void SendToStarted(const v1::CoordinatorMessage& message) {
    for (const AgentId id : roster_.Started()) {
      Send(id, message);
    }
  }

 private:
  Fleet& fleet_;
  const Roster& roster_;
  const uint64_t run_id_;
};

}  // namespace lockstep::coordinator
