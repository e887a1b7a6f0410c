// Rows of queues that the fleet shares, on their way to the scripts that ask for them, and back
// where no script has taken them. Loop-bound.
#pragma once

#include <map>
#include <string>

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
  void OnRecalled(const v1::RowsRecalled& recalled);
  // No iteration takes any more: what is left goes back, and what is on its way will.
  void GiveBack();
  // The same, and the scripts that have asked are gone.
  void Forget();
  // So is the session, with all that it was about.
  void Clear() { queues_.clear(); }

 private:
  struct Queue {
    RowLease lease;          // the last one; without functions: who asked is gone
    bool asked = false;      // it has not been answered
    bool goes_back = false;  // and what comes goes back
  };
  void Return(const std::string& name, Queue& queue);
  void Send(const std::string& name, RowRange rows);

  RunSender& sender_;
  std::map<std::string, Queue> queues_;  // by name
};

}  // namespace lockstep::agent
