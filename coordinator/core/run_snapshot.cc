// What a Run shows of itself.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "coordinator/core/run.h"

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

struct ScenarioTotal {
  v1::ScenarioStatus status;
  double least_progress = 1;
};

void AddScenario(const v1::ScenarioProgress& part, std::vector<ScenarioTotal>& totals) {
  auto found = std::find_if(totals.begin(), totals.end(),
                            [&](const auto& t) { return t.status.name() == part.name(); });
  if (found == totals.end()) {
    found = totals.emplace(totals.end());
    found->status.set_name(part.name());
    found->status.set_state(part.state());
  }
  v1::ScenarioStatus& status = found->status;
  status.set_state(Combine(status.state(), part.state()));
  found->least_progress = std::min(found->least_progress, part.progress());
  status.set_vus(status.vus() + part.vus());
  status.set_max_vus(status.max_vus() + part.max_vus());
  status.set_iterations(status.iterations() + part.full());
  status.set_interrupted(status.interrupted() + part.interrupted());
  status.set_dropped(status.dropped() + part.dropped());
  status.set_wanted_per_s(std::max(status.wanted_per_s(), part.rate_per_s()));
  status.set_elapsed_s(std::max(status.elapsed_s(), static_cast<double>(part.elapsed_ns()) / 1e9));
  status.set_max_lateness_ms(
      std::max(status.max_lateness_ms(), static_cast<double>(part.max_lateness_ns()) / 1e6));
  status.set_planned(
      part.planned() < 0 || status.planned() < 0 ? -1 : status.planned() + part.planned());
}

void AddAgent(const RunMember& member, bool connected, v1::RunStatus* status) {
  v1::AgentStatus& agent = *status->add_agents();
  agent.set_name(member.name);
  agent.set_state(member.lost ? v1::AgentStatus::LOST
                  : connected ? v1::AgentStatus::CONNECTED
                              : v1::AgentStatus::DISCONNECTED);
  agent.set_segment(member.segment);
  agent.set_weight(member.weight);
  agent.set_vus(member.lost ? 0 : member.progress.vus_active());
  agent.set_vus_max(member.lost ? 0 : member.progress.vus_initialised());
  for (const v1::ScenarioProgress& part : member.progress.scenarios()) {
    agent.set_iterations(agent.iterations() + part.full());
    agent.set_interrupted(agent.interrupted() + part.interrupted());
    agent.set_dropped(agent.dropped() + part.dropped());
  }
  agent.set_clock_round_trip_ms(member.round_trip_ms);
  agent.set_start_lateness_ms(static_cast<double>(member.progress.start_lateness_ns()) / 1e6);
  agent.set_batches(member.batches.last());
  if (member.progress.has_health()) {
    agent.set_validity(JudgeHealth(member.progress.health()).validity);
  }
  agent.mutable_labels()->insert(member.labels.begin(), member.labels.end());
}

}  // namespace

absl::Duration Run::elapsed() const {
  if (t0_.infinite()) {
    return absl::ZeroDuration();
  }
  MonoTime until = std::min(loop_.clock().Mono(), drained_at_);
  return std::max(until - t0_, absl::ZeroDuration());
}

Judgement Run::judgement() const {
  std::vector<AgentHealth> agents;
  for (const RunMember& member : members_) {
    agents.push_back({member.name, member.progress.health()});
  }
  return JudgeFleet(agents);
}

v1::RunStatus Run::Snapshot() const {
  v1::RunStatus status;
  status.set_state(state_);
  status.set_stop_reason(outcome_.message);
  status.set_exit_code(static_cast<int32_t>(outcome_.exit_code));
  status.set_elapsed_s(absl::ToDoubleSeconds(elapsed()));
  status.set_paused(paused_);
  absl::string_view url = source_.script().main_url;
  status.set_script(std::string(url.substr(url.rfind('/') + 1)));
  status.set_agents_wanted(static_cast<int64_t>(settings_.agents));
  if (plan_.has_value() && plan_->length < absl::InfiniteDuration()) {
    status.set_planned_s(absl::ToDoubleSeconds(plan_->length));
  }
  std::vector<ScenarioTotal> totals;
  for (const RunMember& member : members_) {
    const AgentRecord* record = fleet_.Find(member.id);
    AddAgent(member, record != nullptr && record->connected, &status);
    for (const v1::ScenarioProgress& part : member.progress.scenarios()) {
      AddScenario(part, totals);
    }
  }
  for (const AgentId id : spares_) {
    if (const AgentRecord* spare = fleet_.Find(id); spare != nullptr) {
      v1::AgentStatus& agent = *status.add_agents();
      agent.set_name(spare->name);
      agent.set_state(v1::AgentStatus::SPARE);
      agent.set_weight(spare->weight);
      agent.mutable_labels()->insert(spare->labels.begin(), spare->labels.end());
    }
  }
  for (ScenarioTotal& total : totals) {
    total.status.set_progress(total.least_progress);
    if (plan_.has_value()) {
      auto executor = plan_->executors.find(total.status.name());
      total.status.set_executor(executor == plan_->executors.end() ? "" : executor->second);
    }
    *status.add_scenarios() = std::move(total.status);
  }
  for (const v1::AgentStatus& agent : status.agents()) {
    status.set_vus(status.vus() + agent.vus());
    status.set_vus_max(status.vus_max() + agent.vus_max());
    status.set_iterations(status.iterations() + agent.iterations());
    status.set_interrupted(status.interrupted() + agent.interrupted());
    status.set_dropped(status.dropped() + agent.dropped());
  }
  if (elapsed() > absl::ZeroDuration()) {
    const Judgement judged = judgement();
    status.set_validity(judged.validity);
    status.mutable_validity_reasons()->Assign(judged.reasons.begin(), judged.reasons.end());
  }
  results_.DescribeThresholds(&status);
  return status;
}

std::string Run::MissingWork(const RunMember& member) const {
  if (member.segment.empty()) {
    return "";
  }
  std::string text = absl::StrCat("segment ", member.segment);
  for (const AgentShare::Scenario& planned : member.share.scenarios) {
    const auto& parts = member.progress.scenarios();
    const auto found = std::find_if(parts.begin(), parts.end(),
                                    [&](const auto& part) { return part.name() == planned.name; });
    const v1::ScenarioProgress part = found == parts.end() ? v1::ScenarioProgress() : *found;
    int64_t settled = part.full() + part.interrupted() + part.dropped();
    if (planned.iterations > 0) {
      absl::StrAppend(&text, ", scenario ", planned.name, ": ",
                      std::max<int64_t>(planned.iterations - settled, 0), " of ",
                      planned.iterations, " iterations");
    } else if (planned.iterations < 0 && planned.max_vus > 0 &&
               part.state() != v1::ScenarioProgress::DONE) {
      absl::StrAppend(&text, ", scenario ", planned.name, ": ", planned.max_vus, " VUs from ",
                      static_cast<int>(part.progress() * 100), "% on");
    }
  }
  return text;
}

}  // namespace lockstep::coordinator
