// The pools of iterations that a fleet shares where work may move: each is dealt out in ranges to
// the agents that ask, and what an agent has not begun it may give back. So no iteration is
// anybody's before it is about to begin, none is given out twice, and none is lost with an agent
// but those that it had. Nobody hears that there are no more while somebody may still give some
// back. Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "lockstep/v1/control.pb.h"

#include "coordinator/core/addressed.h"
#include "coordinator/core/ids.h"
#include "coordinator/core/ranges.h"

namespace lockstep::coordinator {

class IterationPools {
 public:
  // `iterations` >= 0 of each scenario.
  explicit IterationPools(const std::map<std::string, int64_t>& iterations);

  // An agent wants iterations. InvalidArgument: no such pool, or counts that cannot be.
  absl::Status Ask(AgentId agent, const v1::IterationLease& lease);
  // An agent gives some back. Errors likewise; but of one that has ended, all are back.
  absl::Status Return(AgentId agent, const v1::IterationsReturned& returned);
  // An agent has ended after it has begun so many iterations of `scenario`: what it has beyond them
  // was on its way to it, and goes back. Nothing happens if its time was over: it has dropped the
  // rest.
  void End(AgentId agent, const std::string& scenario, int64_t begun);
  // IterationsLeased that are to be sent now, if `at_work` are those who may still begin
  // iterations, or give some back: ranges to those who have asked, fair shares of what is left; or
  // word that there are no more, once nobody can give any back.
  std::vector<Addressed> Deal(const std::vector<AgentId>& at_work);
  // Iterations of `scenario` that this agent has got and not given back.
  int64_t GrantedTo(AgentId agent, const std::string& scenario) const;

  struct Taker {
    int64_t granted = 0;
    int64_t begun = 0;              // as it says
    Ranges held = {};               // granted and not begun, in the order in which it begins them
    std::optional<int64_t> wanted;  // unset: it has no open request
    uint64_t turn = 0;              // of the open request
    // It has heard that there are no more, or its time is over and it takes what is left: it begins
    // nothing any more.
    bool over = false;
    bool ended = false;  // so has the agent
  };
  struct Pool {
    Ranges left;
    std::map<AgentId, Taker> takers;
  };
  // What to make pools of that go on from here.
  struct State {
    std::map<std::string, Pool> pools = {};
    uint64_t turns = 0;
  };
  const State& state() const { return state_; }
  explicit IterationPools(State state) : state_(std::move(state)) {}

 private:
  static void DealPool(const std::string& scenario, Pool& pool, const std::vector<AgentId>& at_work,
                       std::vector<Addressed>& grants);
  static void Give(const std::string& scenario, Pool& pool, AgentId to, int64_t most,
                   std::vector<Addressed>& grants);

  State state_;
};

}  // namespace lockstep::coordinator
