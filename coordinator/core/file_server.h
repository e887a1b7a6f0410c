// Answers the agents that ask for files of the script: gathers them while the elected agent
// inspects it, which alone may ask for others, and gives those, and secrets, to all. Loop-bound.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "lockstep/v1/control.pb.h"

#include "coordinator/core/bundle.h"
#include "coordinator/core/roster.h"
#include "coordinator/core/run_parts.h"
#include "coordinator/core/run_phase.h"
#include "coordinator/core/run_sender.h"

namespace lockstep::coordinator {

class FileServer {
 public:
  // All are borrowed and outlive this.
  FileServer(TestSource& source, const RunPhase& phase, const Roster& roster, RunSender& sender)
      : source_(source), phase_(phase), roster_(roster), sender_(sender) {}

  // A bundle of the script alone, to which the files that are asked for in Inspecting are added.
  void BeginBundle();
  void Restore(Bundle bundle) { bundle_ = std::move(bundle); }
  const Bundle& bundle() const { return bundle_; }
  void OnRequest(const RunMember& member, const v1::FileRequest& request);
  // A file of the script that has been asked for and is not there yet; "": none.
  std::string awaited() const { return awaited_.empty() ? "" : *awaited_.begin(); }

 private:
  // Whether this agent inspects the script now.
  bool Inspects(AgentId agent) const;
  void SendPiece(AgentId agent, const v1::FileRequest& request,
                 const absl::StatusOr<std::string>& content);

  TestSource& source_;
  const RunPhase& phase_;
  const Roster& roster_;
  RunSender& sender_;
  Bundle bundle_;
  std::multiset<std::string> awaited_;
};

}  // namespace lockstep::coordinator
