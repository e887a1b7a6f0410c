#include "coordinator/core/run_status.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/health/lag.h"
#include "coordinator/core/division.h"

namespace lockstep::coordinator {
namespace {

// A scenario over two agents: running as long as one of them is; interrupted if one of them was.
v1::ScenarioProgress::State Combine(v1::ScenarioProgress::State a, v1::ScenarioProgress::State b) {
  constexpr v1::ScenarioProgress::State kByWeight[] = {
      v1::ScenarioProgress::RUNNING, v1::ScenarioProgress::STOPPING, v1::ScenarioProgress::WAITING,
      v1::ScenarioProgress::INTERRUPTED};
  for (v1::ScenarioProgress::State state : kByWeight) {
    if (a == state || b == state) {
      return state;
    }
  }
  return v1::ScenarioProgress::DONE;
}

// Its last word is old: what it did counts, but how it stood says nothing.
bool IsGone(const RunFacts& facts, const RunMember& member) {
  return member.lost || (facts.work_moves && member.handed_over);
}

// How an agent's part stands, for people: one that has ended has done so once the batch is here
// that tells of its last iterations, so that whatever is said to have ended shows all of them. What
// was cut off with its agent has not ended.
v1::ScenarioProgress::State StateOf(const v1::ScenarioProgress& part, const RunMember& member,
                                    const RunFacts& facts) {
  const bool ended = part.state() == v1::ScenarioProgress::DONE ||
                     part.state() == v1::ScenarioProgress::INTERRUPTED;
  if (IsGone(facts, member)) {
    const bool others_go_on =
        facts.work_moves && (!member.missed() || part.state() == v1::ScenarioProgress::WAITING);
    return others_go_on                  ? v1::ScenarioProgress::DONE
           : ended || !member.lost_after ? part.state()
                                         : v1::ScenarioProgress::INTERRUPTED;
  }
  if (!ended || facts.state >= v1::RunStatus::TEARDOWN) {
    return part.state();
  }
  const auto told =
      std::find_if(member.delivered.begin(), member.delivered.end(),
                   [&](const Delivered& each) { return each.scenario == part.name(); });
  const int64_t settled = told == member.delivered.end() ? 0 : told->settled();
  return settled < part.full() + part.interrupted() + part.dropped()
             ? v1::ScenarioProgress::STOPPING
             : part.state();
}

// Of an agent that is gone, what was planned counts, and that it was cut off; VUs only while it is
// there.
void AddScenario(const v1::ScenarioProgress& part, const RunMember& member, const RunFacts& facts,
                 v1::RunStatus* status) {
  const v1::ScenarioProgress::State state = StateOf(part, member, facts);
  const bool gone = IsGone(facts, member);
  auto& all = *status->mutable_scenarios();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const auto& each) { return each.name() == part.name(); });
  const bool first = found == all.end();
  v1::ScenarioStatus& scenario = first ? *status->add_scenarios() : *found;
  scenario.set_name(part.name());
  if (first || !gone || state == v1::ScenarioProgress::INTERRUPTED) {
    scenario.set_state(first ? state : Combine(scenario.state(), state));
  }
  if (first || !gone) {
    scenario.set_progress(first ? part.progress() : std::min(scenario.progress(), part.progress()));
  }
  if (!member.lost) {
    scenario.set_vus(scenario.vus() + part.vus());
    scenario.set_max_vus(scenario.max_vus() + part.max_vus());
    scenario.set_allocated_vus(scenario.allocated_vus() + part.allocated_vus());
    scenario.set_wanted_per_s(std::max(scenario.wanted_per_s(), part.rate_per_s()));
  }
  scenario.set_elapsed_s(
      std::max(scenario.elapsed_s(), static_cast<double>(part.elapsed_ns()) / 1e9));
  scenario.set_max_lateness_ms(
      std::max(scenario.max_lateness_ms(), static_cast<double>(part.max_lateness_ns()) / 1e6));
  scenario.set_planned(
      part.planned() < 0 || scenario.planned() < 0 ? -1 : scenario.planned() + part.planned());
}

// Iterations and requests are those of the batches: of one moment, and all there is to come to in
// the end.
template <class Counts>
void AddDone(const Delivered& part, Counts* counts) {
  counts->set_iterations(counts->iterations() + part.full);
  counts->set_interrupted(counts->interrupted() + part.interrupted);
  counts->set_dropped(counts->dropped() + part.dropped);
  v1::Load& load = *counts->mutable_load();
  load.set_http_reqs(load.http_reqs() + part.requests);
  load.set_http_reqs_failed(load.http_reqs_failed() + part.failed);
}

// What was cut off with an agent has come no further than what was done.
void ShowCut(v1::ScenarioStatus* scenario) {
  const int64_t done = scenario->iterations() + scenario->interrupted() + scenario->dropped();
  if (scenario->state() == v1::ScenarioProgress::INTERRUPTED && scenario->planned() > 0) {
    scenario->set_progress(
        std::min(scenario->progress(),
                 static_cast<double>(done) / static_cast<double>(scenario->planned())));
  }
}

// All that are there first: of them is the state.
void AddScenarios(const RunFacts& facts, v1::RunStatus* status) {
  for (const bool gone : {false, true}) {
    for (const RunMember& member : facts.roster.members()) {
      if (IsGone(facts, member) == gone) {
        for (const v1::ScenarioProgress& part : member.progress.scenarios()) {
          AddScenario(part, member, facts, status);
        }
      }
    }
  }
  for (const RunMember& member : facts.roster.members()) {
    for (const Delivered& part : member.delivered) {
      AddDone(part, status);
      for (v1::ScenarioStatus& scenario : *status->mutable_scenarios()) {
        if (scenario.name() == part.scenario) {
          AddDone(part, &scenario);
        }
      }
    }
  }
}

// By the report that reaches furthest: all agents go by one clock.
double ProgressByClock(const Roster& roster, const std::string& scenario) {
  int64_t furthest = -1;
  double progress = 0;
  for (const RunMember& member : roster.members()) {
    for (const v1::ScenarioProgress& part : member.progress.scenarios()) {
      if (part.name() == scenario && part.elapsed_ns() > furthest) {
        furthest = part.elapsed_ns();
        progress = part.progress();
      }
    }
  }
  return progress;
}

void ShowWholeScenario(const RunFacts& facts, const AgentShare::Scenario& whole,
                       v1::ScenarioStatus* scenario) {
  const TestPlan& plan = *facts.plan;
  const auto controlled = plan.controlled.find(whole.name);
  const int64_t max_vus =
      controlled == plan.controlled.end() ? whole.max_vus : controlled->second.max_vus;
  scenario->set_planned(whole.iterations);
  scenario->set_max_vus(max_vus);
  scenario->set_allocated_vus(whole.at_a_rate ? std::min(scenario->allocated_vus(), max_vus)
                                              : max_vus);
  if (scenario->state() == v1::ScenarioProgress::DONE) {
    scenario->set_progress(1);
  } else if (plan.pools.contains(whole.name) || plan.vu_bound.contains(whole.name)) {
    const int64_t done = scenario->iterations() + scenario->interrupted() + scenario->dropped();
    scenario->set_progress(std::min(
        1.0,
        static_cast<double>(done) / static_cast<double>(std::max<int64_t>(whole.iterations, 1))));
  } else {
    scenario->set_progress(ProgressByClock(facts.roster, whole.name));
  }
}

}  // namespace

int64_t MostVus(const TestPlan& plan) {
  int64_t most = plan.whole.max_vus;
  for (const AgentShare::Scenario& scenario : plan.whole.scenarios) {
    const auto controlled = plan.controlled.find(scenario.name);
    if (controlled != plan.controlled.end()) {
      most += controlled->second.max_vus - scenario.max_vus;
    }
  }
  return most;
}

namespace {

// Where work moves, the parts of those who came and went do not add up to the test: what is planned
// is the plan's own, and does not change with them.
void ShowWhole(const RunFacts& facts, v1::RunStatus* status) {
  const AgentShare& whole = facts.plan->whole;
  for (v1::ScenarioStatus& scenario : *status->mutable_scenarios()) {
    const auto part = std::find_if(whole.scenarios.begin(), whole.scenarios.end(),
                                   [&](const auto& each) { return each.name == scenario.name(); });
    if (part != whole.scenarios.end()) {
      ShowWholeScenario(facts, *part, &scenario);
    }
  }
  if (!whole.scenarios.empty()) {
    int64_t initialised = 0;
    for (const RunMember& member : facts.roster.members()) {
      initialised += member.progress.vus_initialised();
    }
    status->set_vus_max(std::min(initialised, MostVus(*facts.plan)));
  }
}

v1::AgentStatus::State StateOf(const RunMember& member, bool connected) {
  if (member.lost) {
    return member.missed() ? v1::AgentStatus::LOST : v1::AgentStatus::LEFT;
  }
  if (member.leaving) {
    return member.handed_over && member.settled() ? v1::AgentStatus::LEFT
                                                  : v1::AgentStatus::LEAVING;
  }
  return connected ? v1::AgentStatus::CONNECTED : v1::AgentStatus::DISCONNECTED;
}

void AddAgent(const RunMember& member, bool connected, v1::RunStatus* status) {
  v1::AgentStatus& agent = *status->add_agents();
  agent.set_name(member.name);
  agent.set_state(StateOf(member, connected));
  agent.set_segment(member.segment);
  agent.set_weight(member.weight);
  agent.set_vus(member.lost ? 0 : member.progress.vus_active());
  agent.set_vus_max(member.lost ? 0 : member.progress.vus_initialised());
  for (const Delivered& part : member.delivered) {
    AddDone(part, &agent);
  }
  agent.set_clock_round_trip_ms(member.round_trip_ms);
  agent.set_start_lateness_ms(static_cast<double>(member.progress.start_lateness_ns()) / 1e6);
  agent.set_batches(member.batches.last());
  if (member.progress.has_health()) {
    const v1::Health& health = member.progress.health();
    agent.set_validity(JudgeHealth(health).validity);
    if (const double most = health.measured_s() * health.cores(); most > 0) {
      agent.set_cpu_share(std::clamp(health.cpu_s() / most, 0.0, 1.0));
    }
    agent.set_loop_lag_p99_ms(absl::ToDoubleMilliseconds(LagPercentile(health.loop_lag(), 0.99)));
  }
  agent.mutable_labels()->insert(member.labels.begin(), member.labels.end());
}

void AddSpare(const AgentRecord& spare, v1::RunStatus* status) {
  v1::AgentStatus& agent = *status->add_agents();
  agent.set_name(spare.name);
  agent.set_state(v1::AgentStatus::SPARE);
  agent.set_weight(spare.weight);
  agent.mutable_labels()->insert(spare.labels.begin(), spare.labels.end());
}

}  // namespace

Judgement JudgeRoster(const Roster& roster, const std::vector<Standstill>& standstills,
                      absl::Duration elapsed) {
  std::vector<AgentHealth> agents;
  std::vector<LostAgent> lost;
  for (const RunMember& member : roster.members()) {
    agents.push_back({member.name, member.progress.health()});
    if (member.missed()) {
      lost.push_back({.name = member.name,
                      .when = member.lost_at,
                      .after = member.lost_after,
                      .reason = member.loss,
                      .missing = MissingWork(member)});
    }
  }
  std::stable_sort(lost.begin(), lost.end(),
                   [](const LostAgent& a, const LostAgent& b) { return a.when < b.when; });
  Judgement judgement = JudgeFleet(agents, std::move(lost), standstills);
  if (elapsed <= absl::ZeroDuration() && IsSteady(judgement.validity)) {
    judgement.validity = v1::Health::UNKNOWN;
  }
  return judgement;
}

v1::RunStatus DescribeRun(const RunFacts& facts) {
  v1::RunStatus status;
  status.set_state(facts.state);
  status.set_stop_reason(facts.outcome.message);
  status.set_exit_code(static_cast<int32_t>(facts.outcome.exit_code));
  status.set_elapsed_s(absl::ToDoubleSeconds(facts.elapsed));
  status.set_state_s(absl::ToDoubleSeconds(facts.in_state));
  status.set_stop_within_s(absl::ToDoubleSeconds(facts.stop_within));
  status.set_interrupts(facts.interrupts);
  status.set_paused(facts.paused);
  status.set_script(std::string(facts.script_url.substr(facts.script_url.rfind('/') + 1)));
  status.set_agents_move(facts.work_moves);
  status.set_agents_wanted(static_cast<int64_t>(facts.agents_wanted));
  for (const RunMember& member : facts.roster.members()) {
    const AgentRecord* record = facts.fleet.Find(member.id);
    AddAgent(member, record != nullptr && record->connected, &status);
  }
  AddScenarios(facts, &status);
  for (const v1::AgentStatus& agent : status.agents()) {
    status.set_vus(status.vus() + agent.vus());
    status.set_vus_max(status.vus_max() + agent.vus_max());
  }
  for (const AgentId id : facts.roster.spares()) {
    if (const AgentRecord* spare = facts.fleet.Find(id); spare != nullptr) {
      AddSpare(*spare, &status);
    }
  }
  if (facts.work_moves) {
    ShowWhole(facts, &status);
  }
  const std::vector<RunMember>& members = facts.roster.members();
  if (std::any_of(members.begin(), members.end(), [](const auto& each) { return each.missed(); })) {
    for (v1::ScenarioStatus& scenario : *status.mutable_scenarios()) {
      ShowCut(&scenario);
    }
  }
  if (facts.plan.has_value()) {
    if (facts.plan->length < absl::InfiniteDuration()) {
      status.set_planned_s(absl::ToDoubleSeconds(facts.plan->length));
    }
    for (v1::ScenarioStatus& scenario : *status.mutable_scenarios()) {
      const auto executor = facts.plan->executors.find(scenario.name());
      scenario.set_executor(executor == facts.plan->executors.end() ? "" : executor->second);
    }
  }
  const Judgement judged = JudgeRoster(facts.roster, facts.standstills, facts.elapsed);
  status.set_validity(judged.validity);
  status.mutable_validity_reasons()->Assign(judged.reasons.begin(), judged.reasons.end());
  return status;
}

}  // namespace lockstep::coordinator
