// The VUs of per-vu-iterations, where work may move: each VU of the test is one agent's at a time,
// and that agent may begin the VU's iterations up to a limit, which moves on as it asks. Whoever
// gets the VU next goes on where the one before it has ended; after an agent that was lost, at its
// limit: what lies before that it may have begun. So no iteration begins twice, none before the one
// that precedes it has ended, and none is lost with an agent but those that it had. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "lockstep/v1/control.pb.h"

#include "coordinator/core/addressed.h"
#include "coordinator/core/ids.h"

namespace lockstep::coordinator {

// Of a scenario with per-vu-iterations, in the whole test.
struct VuWork {
  int64_t vus = 0;
  int64_t iterations = 0;  // of each
};

class VuLeases {
 public:
  struct Waiter {
    AgentId agent{};
    int64_t ask = 0;
    int64_t wanted = 0;
    bool over = false;  // its time is: it takes what is left, as dropped
  };
  struct Vu {
    int64_t next = 0;  // the first iteration that has not begun, as its agent says
    int64_t end = 0;   // the first that nobody has got
    std::optional<AgentId> holder = {};
    std::vector<Waiter> waiting = {};  // the first one gets it next
  };
  struct Scenario {
    int64_t iterations = 0;
    std::vector<Vu> vus;
    // Iterations that each agent has got and not given back.
    std::map<AgentId, int64_t> granted;
    std::set<AgentId> untold;  // who wants to know when all has begun
  };

  explicit VuLeases(const std::map<std::string, VuWork>& work);

  // What an agent says of VUs; what follows from it, Deal tells. InvalidArgument: no such scenario
  // or VU, or counts that cannot be.
  absl::Status Ask(AgentId agent, const v1::VuIterationsWanted& wanted);
  // The agent begins nothing any more. If it is lost, it may have begun all that it had.
  void End(AgentId agent, bool lost);
  // VuIterationsLeased that are to be sent now.
  std::vector<Addressed> Deal();
  int64_t GrantedTo(AgentId agent, const std::string& scenario) const;

  // What to make leases of that go on from here; with nothing left for Deal.
  const std::map<std::string, Scenario>& scenarios() const { return scenarios_; }
  explicit VuLeases(std::map<std::string, Scenario> scenarios) : scenarios_(std::move(scenarios)) {}

 private:
  absl::Status AskVu(AgentId agent, const std::string& name, Scenario& scenario,
                     const v1::VuIterationsWanted::Vu& wanted);
  // Of the VU's holder, which has said how far it is.
  void GoOn(const std::string& name, Scenario& scenario, const v1::VuIterationsWanted::Vu& wanted);
  // Whoever has waited longest gets it, if nobody has it.
  void Pass(const std::string& name, Scenario& scenario, size_t index);
  // What is left up to `end`, as the answer to `ask`.
  struct Answer {
    AgentId to{};
    int64_t ask = 0;
    int64_t end = 0;
  };
  void Lease(const std::string& name, Scenario& scenario, size_t index, const Answer& answer);

  std::map<std::string, Scenario> scenarios_;
  std::map<std::pair<AgentId, std::string>, v1::CoordinatorMessage> granted_;  // to be told
};

}  // namespace lockstep::coordinator
