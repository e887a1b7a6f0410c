#include "coordinator/core/iteration_pools.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

absl::Status NoSuchPool(const std::string& scenario) {
  return absl::InvalidArgumentError(
      absl::StrCat("scenario: no pool of iterations: \"", scenario, "\""));
}

void Begin(IterationPools::Taker& taker, int64_t begun) {
  while (taker.begun < begun) {
    taker.begun += taker.held.Take(begun - taker.begun).count;
  }
}

v1::IterationsLeased& AddGrant(AgentId to, const std::string& scenario,
                               std::vector<Addressed>& grants) {
  Addressed& grant = grants.emplace_back();
  grant.to = to;
  v1::IterationsLeased& leased = *grant.message.mutable_iterations_leased();
  leased.set_scenario(scenario);
  return leased;
}

}  // namespace

IterationPools::IterationPools(const std::map<std::string, int64_t>& iterations) {
  for (const auto& [scenario, count] : iterations) {
    Pool& pool = state_.pools[scenario];
    if (count > 0) {
      pool.left.PutLast({0, count});
    }
  }
}

absl::Status IterationPools::Ask(AgentId agent, const v1::IterationLease& lease) {
  const auto pool = state_.pools.find(lease.scenario());
  if (pool == state_.pools.end()) {
    return NoSuchPool(lease.scenario());
  }
  Taker& taker = pool->second.takers[agent];
  if (lease.begun() < taker.begun || lease.begun() > taker.granted || lease.wanted() < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("iteration_lease: begun ", lease.begun(), " of ", taker.granted, ", ",
                     taker.begun, " before; wants ", lease.wanted(), ": no such counts"));
  }
  Begin(taker, lease.begun());
  taker.wanted = lease.wanted();
  taker.turn = ++state_.turns;
  taker.over = taker.over || lease.over();
  return absl::OkStatus();
}

absl::Status IterationPools::Return(AgentId agent, const v1::IterationsReturned& returned) {
  const auto pool = state_.pools.find(returned.scenario());
  if (pool == state_.pools.end()) {
    return NoSuchPool(returned.scenario());
  }
  Taker& taker = pool->second.takers[agent];
  if (taker.ended) {
    return absl::OkStatus();
  }
  const Range back{returned.first(), returned.count()};
  if (back.first < 0 || back.count <= 0 || back.count > taker.held.count() ||
      !taker.held.Remove(back)) {
    return absl::InvalidArgumentError(absl::StrCat("iterations_returned: ", back.count, " from ",
                                                   back.first, ", of ", taker.held.count(),
                                                   " that have not begun: these are none of them"));
  }
  taker.granted -= back.count;
  pool->second.left.PutFirst(Ranges({back}));
  return absl::OkStatus();
}

void IterationPools::End(AgentId agent, const std::string& scenario, int64_t begun) {
  const auto pool = state_.pools.find(scenario);
  if (pool == state_.pools.end()) {
    return;
  }
  Taker& taker = pool->second.takers[agent];
  if (taker.ended || taker.over) {
    return;
  }
  taker.ended = true;
  taker.wanted.reset();
  Begin(taker, std::clamp(begun, taker.begun, taker.granted));
  taker.granted = taker.begun;
  pool->second.left.PutFirst(std::exchange(taker.held, {}));
}

std::vector<Addressed> IterationPools::Deal(const std::vector<AgentId>& at_work) {
  std::vector<Addressed> grants;
  for (auto& [scenario, pool] : state_.pools) {
    DealPool(scenario, pool, at_work, grants);
  }
  return grants;
}

void IterationPools::Give(const std::string& scenario, Pool& pool, AgentId to, int64_t most,
                          std::vector<Addressed>& grants) {
  const Range given = pool.left.Take(most);
  v1::IterationsLeased& leased = AddGrant(to, scenario, grants);
  leased.set_first(given.first);
  leased.set_count(given.count);
  pool.takers[to].granted += given.count;
  pool.takers[to].held.PutLast(given);
}

void IterationPools::DealPool(const std::string& scenario, Pool& pool,
                              const std::vector<AgentId>& at_work, std::vector<Addressed>& grants) {
  std::vector<std::pair<uint64_t, AgentId>> asking;
  for (const AgentId agent : at_work) {
    const auto found = pool.takers.find(agent);
    if (found != pool.takers.end() && found->second.wanted.has_value()) {
      asking.emplace_back(found->second.turn, agent);
    }
  }
  std::sort(asking.begin(), asking.end());
  for (const auto& [turn, agent] : asking) {
    Taker& taker = pool.takers[agent];
    if (taker.over) {
      while (!pool.left.empty()) {
        Give(scenario, pool, agent, pool.left.count(), grants);
      }
      continue;
    }
    const int64_t lacking = *taker.wanted - taker.held.count();
    if (*taker.wanted > 0 && lacking <= 0) {
      taker.wanted.reset();  // what it wants is on its way
    } else if (lacking > 0 && !pool.left.empty()) {
      const auto sharers = static_cast<int64_t>(at_work.size());
      const int64_t fair = (pool.left.count() + sharers - 1) / sharers;
      Give(scenario, pool, agent, std::min(lacking, fair), grants);
      taker.wanted.reset();
    }
  }
  const bool nobody_has_any = std::all_of(at_work.begin(), at_work.end(), [&](AgentId agent) {
    const auto found = pool.takers.find(agent);
    return found != pool.takers.end() &&
           (found->second.over || found->second.ended ||
            (found->second.wanted.has_value() && found->second.held.empty()));
  });
  for (const auto& [turn, agent] : asking) {
    Taker& taker = pool.takers[agent];
    if (taker.wanted.has_value() && pool.left.empty() && nobody_has_any) {
      taker.wanted.reset();
      taker.over = true;
      AddGrant(agent, scenario, grants);  // of none
    }
  }
}

int64_t IterationPools::GrantedTo(AgentId agent, const std::string& scenario) const {
  const auto pool = state_.pools.find(scenario);
  if (pool == state_.pools.end()) {
    return 0;
  }
  const auto taker = pool->second.takers.find(agent);
  return taker == pool->second.takers.end() ? 0 : taker->second.granted;
}

}  // namespace lockstep::coordinator
