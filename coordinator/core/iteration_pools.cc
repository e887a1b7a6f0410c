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
  for (int64_t more = begun - taker.begun; more > 0;) {
    auto& [first, count] = taker.held.front();
    const int64_t taken = std::min(more, count);
    first += taken;
    count -= taken;
    more -= taken;
    if (count == 0) {
      taker.held.pop_front();
    }
  }
  taker.begun = begun;
}

// Whether it held all of `back`, which it does not hold any more then.
bool LetGo(std::deque<IterationPools::Range>& held, const IterationPools::Range& back) {
  const int64_t end = back.first + back.second;
  const auto found = std::find_if(held.begin(), held.end(), [&](const auto& range) {
    return range.first <= back.first && range.first + range.second >= end;
  });
  if (found == held.end()) {
    return false;
  }
  const auto [first, count] = *found;
  auto next = held.erase(found);
  if (first + count > end) {
    next = held.insert(next, {end, first + count - end});
  }
  if (first < back.first) {
    held.insert(next, {first, back.first - first});
  }
  return true;
}

}  // namespace

IterationPools::IterationPools(const std::map<std::string, int64_t>& iterations) {
  for (const auto& [scenario, count] : iterations) {
    Pool& pool = pools_[scenario];
    pool.count = count;
    if (count > 0) {
      pool.left.emplace_back(0, count);
    }
  }
}

absl::Status IterationPools::Ask(AgentId agent, const v1::IterationLease& lease) {
  const auto pool = pools_.find(lease.scenario());
  if (pool == pools_.end()) {
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
  taker.turn = ++turns_;
  taker.over = taker.over || lease.over();
  return absl::OkStatus();
}

absl::Status IterationPools::Return(AgentId agent, const v1::IterationsReturned& returned) {
  const auto pool = pools_.find(returned.scenario());
  if (pool == pools_.end()) {
    return NoSuchPool(returned.scenario());
  }
  Taker& taker = pool->second.takers[agent];
  if (taker.ended) {
    return absl::OkStatus();
  }
  if (returned.first() < 0 || returned.count() <= 0 ||
      returned.count() > taker.granted - taker.begun ||
      !LetGo(taker.held, {returned.first(), returned.count()})) {
    return absl::InvalidArgumentError(
        absl::StrCat("iterations_returned: ", returned.count(), " from ", returned.first(), ", of ",
                     taker.granted - taker.begun, " that have not begun: these are none of them"));
  }
  taker.granted -= returned.count();
  pool->second.count += returned.count();
  pool->second.left.emplace_front(returned.first(), returned.count());
  return absl::OkStatus();
}

void IterationPools::End(AgentId agent, const std::string& scenario, int64_t begun) {
  const auto pool = pools_.find(scenario);
  if (pool == pools_.end()) {
    return;
  }
  Taker& taker = pool->second.takers[agent];
  if (taker.ended || taker.over) {
    return;
  }
  taker.ended = true;
  taker.wanted.reset();
  Begin(taker, std::clamp(begun, taker.begun, taker.granted));
  pool->second.count += taker.granted - taker.begun;
  taker.granted = taker.begun;
  pool->second.left.insert(pool->second.left.begin(), taker.held.begin(), taker.held.end());
  taker.held.clear();
}

std::vector<IterationPools::Grant> IterationPools::Deal(const std::vector<AgentId>& at_work) {
  std::vector<Grant> grants;
  for (auto& [scenario, pool] : pools_) {
    DealPool(scenario, pool, at_work, grants);
  }
  return grants;
}

void IterationPools::Give(const std::string& scenario, Pool& pool, AgentId to, int64_t most,
                          std::vector<Grant>& grants) {
  auto& [first, count] = pool.left.front();
  const int64_t given = std::min(most, count);
  Grant& grant = grants.emplace_back();
  grant.to = to;
  grant.message.set_scenario(scenario);
  grant.message.set_first(first);
  grant.message.set_count(given);
  pool.takers[to].granted += given;
  pool.takers[to].held.emplace_back(first, given);
  pool.count -= given;
  first += given;
  count -= given;
  if (count == 0) {
    pool.left.pop_front();
  }
}

void IterationPools::DealPool(const std::string& scenario, Pool& pool,
                              const std::vector<AgentId>& at_work, std::vector<Grant>& grants) {
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
      while (pool.count > 0) {
        Give(scenario, pool, agent, pool.count, grants);
      }
      continue;
    }
    const int64_t lacking = *taker.wanted - (taker.granted - taker.begun);
    if (*taker.wanted > 0 && lacking <= 0) {
      taker.wanted.reset();  // what it wants is on its way
    } else if (lacking > 0 && pool.count > 0) {
      const auto sharers = static_cast<int64_t>(at_work.size());
      const int64_t fair = (pool.count + sharers - 1) / sharers;
      Give(scenario, pool, agent, std::min(lacking, fair), grants);
      taker.wanted.reset();
    }
  }
  const bool nobody_has_any = std::all_of(at_work.begin(), at_work.end(), [&](AgentId agent) {
    const auto found = pool.takers.find(agent);
    return found != pool.takers.end() &&
           (found->second.over || found->second.ended ||
            (found->second.wanted.has_value() && found->second.begun == found->second.granted));
  });
  for (const auto& [turn, agent] : asking) {
    Taker& taker = pool.takers[agent];
    if (taker.wanted.has_value() && pool.count == 0 && nobody_has_any) {
      taker.wanted.reset();
      taker.over = true;
      Grant& grant = grants.emplace_back();
      grant.to = agent;
      grant.message.set_scenario(scenario);
    }
  }
}

int64_t IterationPools::GrantedTo(AgentId agent, const std::string& scenario) const {
  const auto pool = pools_.find(scenario);
  if (pool == pools_.end()) {
    return 0;
  }
  const auto taker = pool->second.takers.find(agent);
  return taker == pool->second.takers.end() ? 0 : taker->second.granted;
}

}  // namespace lockstep::coordinator
