#include "coordinator/results/live_load.h"

#include <algorithm>

#include "absl/time/time.h"

namespace lockstep::coordinator {
namespace {

// A shorter batch, as the last one of a run may be, says nothing about speed.
constexpr absl::Duration kShortest = absl::Milliseconds(200);
// Agents tell each second what has ended in it, and nothing if nothing has. Two ticks are between a
// second and two: a batch may be under way.
constexpr int kStaleTicks = 2;

std::string ScenarioOf(const TagList& tags) {
  const std::string* const scenario = FindTag(tags, "scenario");
  return scenario == nullptr ? "" : *scenario;
}

// A count that an agent has sent may be any finite number.
int64_t ToCount(double value) {
  return static_cast<int64_t>(std::clamp(value, 0.0, 1e15));
}

}  // namespace

std::vector<Delivered> DeliveredBy(const Batch& batch) {
  struct Sums {
    EndedIterations ended;
    double requests = 0;
    double failed = 0;
  };
  std::map<std::string, Sums> sums;  // a script may tag requests as it likes
  for (const EndedIterations& ended : batch.ended) {
    sums[ended.scenario].ended = ended;
  }
  for (const SeriesDelta& series : batch.series) {
    const std::string& metric = batch.metrics[series.metric].name;
    if (metric == "http_reqs") {
      sums[ScenarioOf(batch.tag_sets[series.tag_set])].requests += series.aggregate.counter().sum();
    } else if (metric == "http_req_failed") {
      sums[ScenarioOf(batch.tag_sets[series.tag_set])].failed +=
          static_cast<double>(series.aggregate.rate().trues);
    }
  }
  std::vector<Delivered> delivered;
  for (const auto& [scenario, sum] : sums) {
    delivered.push_back({.scenario = scenario,
                         .full = sum.ended.full,
                         .interrupted = sum.ended.interrupted,
                         .dropped = sum.ended.dropped,
                         .requests = ToCount(sum.requests),
                         .failed = ToCount(sum.failed)});
  }
  return delivered;
}

void LiveLoad::Add(const std::string& agent, const Batch& batch,
                   const std::vector<Delivered>& delivered) {
  PerAgent& mine = agents_[agent];
  mine.ticks = 0;
  const absl::Duration length = batch.end - batch.begin;
  if (length < kShortest) {
    return;
  }
  mine.all = {};
  mine.scenarios.clear();
  const double per_s = 1 / absl::ToDoubleSeconds(length);
  for (const Delivered& part : delivered) {
    for (PerSecond* speed : {&mine.all, &mine.scenarios[part.scenario]}) {
      speed->requests += static_cast<double>(part.requests) * per_s;
      speed->failed += static_cast<double>(part.failed) * per_s;
      speed->iterations += static_cast<double>(part.full) * per_s;
    }
  }
}

void LiveLoad::Tick() {
  for (auto& [name, agent] : agents_) {
    ++agent.ticks;
  }
}

void LiveLoad::AddTo(v1::Load* load, const PerSecond& speed) {
  load->set_http_reqs_per_s(load->http_reqs_per_s() + speed.requests);
  load->set_http_reqs_failed_per_s(load->http_reqs_failed_per_s() + speed.failed);
  load->set_iterations_per_s(load->iterations_per_s() + speed.iterations);
}

void LiveLoad::Describe(v1::RunStatus* status) const {
  if (status->state() != v1::RunStatus::RUNNING || status->paused()) {
    return;
  }
  for (v1::AgentStatus& agent : *status->mutable_agents()) {
    const auto found = agents_.find(agent.name());
    // Of a name that has come again, the first has no speed any more.
    const bool gone =
        agent.state() == v1::AgentStatus::LOST || agent.state() == v1::AgentStatus::LEFT;
    if (found == agents_.end() || gone || found->second.ticks > kStaleTicks) {
      continue;
    }
    AddTo(agent.mutable_load(), found->second.all);
    AddTo(status->mutable_load(), found->second.all);
    for (v1::ScenarioStatus& scenario : *status->mutable_scenarios()) {
      if (auto part = found->second.scenarios.find(scenario.name());
          part != found->second.scenarios.end()) {
        AddTo(scenario.mutable_load(), part->second);
      }
    }
  }
}

}  // namespace lockstep::coordinator
