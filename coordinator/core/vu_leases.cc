#include "coordinator/core/vu_leases.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"

namespace lockstep::coordinator {

VuLeases::VuLeases(const std::map<std::string, VuWork>& work) {
  for (const auto& [name, of] : work) {
    Scenario& scenario = scenarios_[name];
    scenario.iterations = of.iterations;
    scenario.vus.resize(static_cast<size_t>(of.vus));
  }
}

absl::Status VuLeases::Ask(AgentId agent, const v1::VuIterationsWanted& wanted) {
  const auto found = scenarios_.find(wanted.scenario());
  if (found == scenarios_.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("vu_iterations_wanted.scenario: no scenario with VUs that move: \"",
                     wanted.scenario(), "\""));
  }
  found->second.untold.insert(agent);
  for (const v1::VuIterationsWanted::Vu& vu : wanted.vus()) {
    LOCKSTEP_RETURN_IF_ERROR(AskVu(agent, found->first, found->second, vu));
  }
  return absl::OkStatus();
}

absl::Status VuLeases::AskVu(AgentId agent, const std::string& name, Scenario& scenario,
                             const v1::VuIterationsWanted::Vu& wanted) {
  if (wanted.vu() < 0 || wanted.vu() >= static_cast<int64_t>(scenario.vus.size()) ||
      wanted.wanted() < 0) {
    return absl::InvalidArgumentError(absl::StrCat("vu_iterations_wanted: VU ", wanted.vu(), " of ",
                                                   scenario.vus.size(), " wants ", wanted.wanted(),
                                                   ": no such VU, or no such count"));
  }
  const auto index = static_cast<size_t>(wanted.vu());
  Vu& vu = scenario.vus[index];
  if (vu.holder == agent && !wanted.has_next()) {
    // That it has got it is still on the way to it.
    scenario.granted[agent] -= vu.end - vu.next;
    vu.end = vu.next;
    vu.holder.reset();
  }
  if (vu.holder == agent) {
    if (wanted.next() < vu.next || wanted.next() > vu.end) {
      return absl::InvalidArgumentError(
          absl::StrCat("vu_iterations_wanted: VU ", wanted.vu(), " has begun ", wanted.next(),
                       " iterations: expected ", vu.next, " to ", vu.end));
    }
    GoOn(name, scenario, wanted);
  } else {
    const auto found = std::find_if(vu.waiting.begin(), vu.waiting.end(),
                                    [agent](const Waiter& other) { return other.agent == agent; });
    const bool wants = wanted.wanted() > 0 || wanted.over();
    const Waiter waiter = {
        .agent = agent, .ask = wanted.ask(), .wanted = wanted.wanted(), .over = wanted.over()};
    if (found == vu.waiting.end() && wants) {
      vu.waiting.push_back(waiter);
    } else if (found != vu.waiting.end() && wants) {
      *found = waiter;
    } else if (found != vu.waiting.end()) {
      vu.waiting.erase(found);
    }
  }
  Pass(name, scenario, index);
  return absl::OkStatus();
}

void VuLeases::GoOn(const std::string& name, Scenario& scenario,
                    const v1::VuIterationsWanted::Vu& wanted) {
  const auto index = static_cast<size_t>(wanted.vu());
  Vu& vu = scenario.vus[index];
  const AgentId agent = *vu.holder;
  vu.next = wanted.next();
  if (wanted.over()) {
    scenario.granted[agent] += scenario.iterations - vu.end;
    vu.next = vu.end = scenario.iterations;
  } else if (wanted.wanted() > 0) {
    const int64_t end = vu.next + std::min(wanted.wanted(), scenario.iterations - vu.next);
    if (end > vu.end) {
      Lease(name, scenario, index, {.to = agent, .ask = wanted.ask(), .end = end});
    }
  } else {
    scenario.granted[agent] -= vu.end - vu.next;
    vu.end = vu.next;
    vu.holder.reset();
  }
  if (vu.next == scenario.iterations) {
    vu.holder.reset();
  }
}

void VuLeases::Pass(const std::string& name, Scenario& scenario, size_t index) {
  Vu& vu = scenario.vus[index];
  while (!vu.holder.has_value() && !vu.waiting.empty()) {
    const Waiter to = vu.waiting.front();
    vu.waiting.erase(vu.waiting.begin());
    const int64_t left = scenario.iterations - vu.end;
    if (left > 0 && !to.over) {
      vu.holder = to.agent;
      Lease(name, scenario, index,
            {.to = to.agent, .ask = to.ask, .end = vu.end + std::min(to.wanted, left)});
    } else {
      Lease(name, scenario, index, {.to = to.agent, .ask = to.ask, .end = scenario.iterations});
      vu.next = vu.end;
    }
  }
}

void VuLeases::Lease(const std::string& name, Scenario& scenario, size_t index,
                     const Answer& answer) {
  Vu& vu = scenario.vus[index];
  v1::VuIterationsLeased& message = *granted_[{answer.to, name}].mutable_vu_iterations_leased();
  message.set_scenario(name);
  v1::VuIterationsLeased::Vu& leased = *message.add_vus();
  leased.set_vu(static_cast<int64_t>(index));
  leased.set_first(vu.end);
  leased.set_end(answer.end);
  leased.set_ask(answer.ask);
  scenario.granted[answer.to] += answer.end - vu.end;
  vu.end = answer.end;
}

void VuLeases::End(AgentId agent, bool lost) {
  for (auto& [name, scenario] : scenarios_) {
    scenario.untold.erase(agent);
    granted_.erase({agent, name});
    for (size_t index = 0; index < scenario.vus.size(); ++index) {
      Vu& vu = scenario.vus[index];
      std::erase_if(vu.waiting, [agent](const Waiter& waiter) { return waiter.agent == agent; });
      if (vu.holder != agent) {
        continue;
      }
      vu.holder.reset();
      if (lost) {
        vu.next = vu.end;
      } else {  // what it has was on its way to it
        scenario.granted[agent] -= vu.end - vu.next;
        vu.end = vu.next;
      }
      Pass(name, scenario, index);
    }
  }
}

std::vector<Addressed> VuLeases::Deal() {
  for (auto& [name, scenario] : scenarios_) {
    const int64_t iterations = scenario.iterations;
    const bool all_over =
        !scenario.untold.empty() &&
        std::all_of(scenario.vus.begin(), scenario.vus.end(), [iterations](const Vu& vu) {
          return vu.end == iterations && !vu.holder.has_value();
        });
    for (const AgentId agent :
         all_over ? std::exchange(scenario.untold, {}) : std::set<AgentId>()) {
      v1::VuIterationsLeased& message = *granted_[{agent, name}].mutable_vu_iterations_leased();
      message.set_scenario(name);
      message.set_over(true);
    }
  }
  std::vector<Addressed> grants;
  for (auto& [whose, message] : std::exchange(granted_, {})) {
    grants.push_back({whose.first, std::move(message)});
  }
  return grants;
}

int64_t VuLeases::GrantedTo(AgentId agent, const std::string& scenario) const {
  const auto found = scenarios_.find(scenario);
  if (found == scenarios_.end()) {
    return 0;
  }
  const auto granted = found->second.granted.find(agent);
  return granted == found->second.granted.end() ? 0 : granted->second;
}

}  // namespace lockstep::coordinator
