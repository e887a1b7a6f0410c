// Rows of queues that the fleet shares, on their way to the scripts that ask for them. Loop-bound.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/functional/any_invocable.h"
#include "lockstep/v1/control.pb.h"

#include "agent/run/run_sender.h"
#include "agent/run/script_host.h"

namespace lockstep::agent {

class RowLeases {
 public:
  // Borrowed, and outlives this.
  explicit RowLeases(RunSender& sender) : sender_(sender) {}

  void Ask(RowLease lease);
  void OnLeased(const v1::RowsLeased& leased);
  // Whoever has asked gets no answer.
  void Clear() { waiting_.clear(); }

 private:
  RunSender& sender_;
  // Who waits, by the queue's name.
  std::map<std::string, absl::AnyInvocable<void(int64_t first, int64_t count)>> waiting_;
};

}  // namespace lockstep::agent
