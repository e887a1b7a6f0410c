// Rows that the whole fleet shares, in a run: takes what agents say of them, and deals them out as
// they are wanted. Loop-bound.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "lockstep/v1/control.pb.h"

#include "coordinator/core/roster.h"
#include "coordinator/core/row_queues.h"
#include "coordinator/core/run_sender.h"

namespace lockstep::coordinator {

class RowLeases {
 public:
  // Both are borrowed and outlive this.
  RowLeases(const Roster& roster, RunSender& sender) : roster_(roster), sender_(sender) {}

  // Errors are those of RowQueues.
  absl::Status OnLease(const RunMember& member, const v1::RowLease& lease);
  absl::Status OnReturned(const RunMember& member, const v1::RowsReturned& returned);
  // As RowQueues::Lose; what others may get then is for Deal.
  std::string Lose(AgentId agent) { return queues_.Lose(agent); }
  // Sends what is due.
  void Deal();

  const std::map<std::string, RowQueues::Queue>& queues() const { return queues_.queues(); }
  void Restore(std::map<std::string, RowQueues::Queue> queues) {
    queues_ = RowQueues(std::move(queues));
  }

 private:
  const Roster& roster_;
  RunSender& sender_;
  RowQueues queues_;
};

}  // namespace lockstep::coordinator
