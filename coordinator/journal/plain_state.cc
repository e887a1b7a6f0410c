#include "coordinator/journal/plain_state.h"

#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace lockstep::coordinator {

std::string VusText(const std::vector<VuLeases::Vu>& vus) {
  std::string text;
  for (const VuLeases::Vu& vu : vus) {
    const AgentId holder = vu.holder.value_or(AgentId{});
    absl::StrAppend(&text, vu.next, " ", vu.end, " ", static_cast<uint32_t>(holder));
    for (const VuLeases::Waiter& waiter : vu.waiting) {
      absl::StrAppend(&text, " ", static_cast<uint32_t>(waiter.agent), " ", waiter.ask, " ",
                      waiter.wanted, " ", waiter.over ? 1 : 0);
    }
    text += ';';
  }
  return text;
}

bool ReadVus(absl::string_view text, std::vector<VuLeases::Vu>* vus) {
  for (const absl::string_view part : absl::StrSplit(text, ';', absl::SkipEmpty())) {
    std::vector<int64_t> numbers;
    for (const absl::string_view word : absl::StrSplit(part, ' ')) {
      if (!absl::SimpleAtoi(word, &numbers.emplace_back())) {
        return false;
      }
    }
    if (numbers.size() < 3 || numbers.size() % 4 != 3) {
      return false;
    }
    VuLeases::Vu& vu = vus->emplace_back();
    vu.next = numbers[0];
    vu.end = numbers[1];
    if (numbers[2] != 0) {
      vu.holder = AgentId{static_cast<uint32_t>(numbers[2])};
    }
    for (size_t i = 3; i < numbers.size(); i += 4) {
      vu.waiting.push_back({.agent = AgentId{static_cast<uint32_t>(numbers[i])},
                            .ask = numbers[i + 1],
                            .wanted = numbers[i + 2],
                            .over = numbers[i + 3] != 0});
    }
  }
  return true;
}

PlainRun Plain(RunCheckpoint& state) {
  PlainRun plain{.state = &state, .members = {}, .outcome = state.faults.outcome()};
  for (const RunMember& member : state.members) {
    plain.members.push_back(member.id);
  }
  plain.marked = state.faults.marked();
  plain.judged = state.faults.judged();
  plain.losses = state.faults.losses();
  for (const auto& [scenario, vus] : state.controlled) {
    plain.controlled.push_back({scenario, vus});
  }
  for (const auto& [name, queue] : state.row_queues.queues()) {
    PlainQueue& out = plain.queues.emplace_back();
    out = {.name = name,
           .queue = queue,
           .back = queue.back.ranges(),
           .waiting = {queue.waiting.begin(), queue.waiting.end()}};
    for (const auto& [agent, block] : queue.held) {
      out.held.push_back({agent, block});
    }
  }
  plain.has_pools = state.pools.has_value();
  if (plain.has_pools) {
    plain.turns = state.pools->turns();
    for (const auto& [scenario, pool] : state.pools->pools()) {
      PlainPool& out = plain.pools.emplace_back();
      out.scenario = scenario;
      out.left = pool.left.ranges();
      for (const auto& [agent, taker] : pool.takers) {
        out.takers.push_back({agent, taker, taker.held.ranges()});
      }
    }
  }
  if (state.vu_leases.has_value()) {
    for (const auto& [name, scenario] : state.vu_leases->scenarios()) {
      PlainVuLeases& out = plain.vu_leases.emplace_back();
      out = {.scenario = name, .iterations = scenario.iterations, .vus = VusText(scenario.vus)};
      std::map<AgentId, PlainVuGrant> agents;
      for (const auto& [agent, granted] : scenario.granted) {
        agents[agent].granted = granted;
      }
      for (const AgentId agent : scenario.untold) {
        agents[agent].untold = true;
      }
      for (auto& [agent, grant] : agents) {
        grant.agent = agent;
        out.granted.push_back(grant);
      }
    }
  }
  plain.unfit.assign(state.unfit.begin(), state.unfit.end());
  return plain;
}

absl::Status TakeBack(PlainRun& plain) {
  RunCheckpoint& state = *plain.state;
  state.faults = RunFaults(plain.outcome, plain.marked, plain.judged, plain.losses);
  for (const PlainTotals& totals : plain.controlled) {
    state.controlled[totals.scenario] = totals.vus;
  }
  std::map<std::string, RowQueues::Queue> queues;
  for (const PlainQueue& queue : plain.queues) {
    RowQueues::Queue& to = queues[queue.name] = queue.queue;
    to.back = Ranges(queue.back);
    to.waiting.assign(queue.waiting.begin(), queue.waiting.end());
    for (const PlainBlock& held : queue.held) {
      to.held[held.agent] = held.block;
    }
  }
  state.row_queues = RowQueues(std::move(queues));
  if (plain.has_pools) {
    std::map<std::string, IterationPools::Pool> pools;
    for (const PlainPool& from : plain.pools) {
      IterationPools::Pool& pool = pools[from.scenario];
      pool.left = Ranges(from.left);
      for (const PlainTaker& taker : from.takers) {
        IterationPools::Taker& to = pool.takers[taker.agent];
        to = taker.taker;
        to.held = Ranges(taker.held);
      }
    }
    state.pools.emplace(std::move(pools), plain.turns);
    std::map<std::string, VuLeases::Scenario> leases;
    for (PlainVuLeases& from : plain.vu_leases) {
      VuLeases::Scenario& scenario = leases[from.scenario];
      scenario.iterations = from.iterations;
      if (!ReadVus(from.vus, &scenario.vus)) {
        return absl::DataLossError(
            absl::StrCat("journal: the VUs of scenario ", from.scenario, " make no sense"));
      }
      for (const PlainVuGrant& grant : from.granted) {
        scenario.granted[grant.agent] = grant.granted;
        if (grant.untold) {
          scenario.untold.insert(grant.agent);
        }
      }
    }
    state.vu_leases.emplace(std::move(leases));
  }
  state.unfit.insert(plain.unfit.begin(), plain.unfit.end());
  return absl::OkStatus();
}

}  // namespace lockstep::coordinator
