// What an agent says about itself over HTTP, if it is asked to (--metrics-address): /metrics for
// Prometheus, /healthz and /readyz for container platforms. A function from what is known to the
// answer.
#pragma once

#include <string>

#include "lockstep/v1/control.pb.h"

#include "common/web/web_server.h"

namespace lockstep::agent {

struct AgentFacts {
  std::string name;
  std::string version;
  bool joined = false;           // it is a member of a fleet
  bool in_run = false;           // it has an assignment
  bool leaving = false;          // it has been told to end
  uint64_t batches = 0;          // sealed in this run
  uint64_t batches_waiting = 0;  // of them, not acknowledged yet
  v1::Progress progress;
};

// /healthz: 200, as the loop has answered. /readyz: 200 and whether the agent is a member of a
// fleet or waits for one, which are both what it is there for; 503 once it is about to leave.
WebResponse AnswerAgent(const WebRequest& request, const AgentFacts& facts);

}  // namespace lockstep::agent
