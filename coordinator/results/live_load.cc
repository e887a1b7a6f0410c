#include "coordinator/results/live_load.h"

#include <algorithm>
#include <vector>

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
  return static_cast<int64_t>(std::clamp(value, 0.0, 9e18));
}

}  // namespace

void LiveLoad::Add(const std::string& agent, const Batch& batch) {
  PerAgent& mine = agents_[agent];
  mine.ticks = 0;
  const absl::Duration length = batch.end - batch.begin;
  const bool has_speed = length >= kShortest;
  const double per_s = has_speed ? 1 / absl::ToDoubleSeconds(length) : 0;
  if (has_speed) {
    mine.all.last = {};
    for (auto& [name, part] : mine.scenarios) {
      part.last = {};
    }
  }
  std::vector<double Counts::*> fields;  // by metric; null: not looked at
  for (const Metric& metric : batch.metrics) {
    fields.push_back(metric.name == "http_reqs"         ? &Counts::requests
                     : metric.name == "http_req_failed" ? &Counts::failed
                     : metric.name == "iterations"      ? &Counts::iterations
                                                        : nullptr);
  }
  for (const SeriesDelta& series : batch.series) {
    double Counts::*const field = fields[series.metric];
    if (field == nullptr) {
      continue;
    }
    const double value = field == &Counts::failed
                             ? static_cast<double>(series.aggregate.rate().trues)
                             : series.aggregate.counter().sum();
    for (Part* part : {&mine.all, &mine.scenarios[ScenarioOf(batch.tag_sets[series.tag_set])]}) {
      part->total.*field += value;
      part->last.*field += value * per_s;
    }
  }
}

void LiveLoad::Tick() {
  for (auto& [name, agent] : agents_) {
    ++agent.ticks;
  }
}

void LiveLoad::AddTo(v1::Load* load, const Part& part, bool speeds) {
  load->set_http_reqs(load->http_reqs() + ToCount(part.total.requests));
  load->set_http_reqs_failed(load->http_reqs_failed() + ToCount(part.total.failed));
  if (speeds) {
    load->set_http_reqs_per_s(load->http_reqs_per_s() + part.last.requests);
    load->set_http_reqs_failed_per_s(load->http_reqs_failed_per_s() + part.last.failed);
    load->set_iterations_per_s(load->iterations_per_s() + part.last.iterations);
  }
}

void LiveLoad::Describe(v1::RunStatus* status) const {
  const bool running = status->state() == v1::RunStatus::RUNNING;
  for (v1::AgentStatus& agent : *status->mutable_agents()) {
    const auto found = agents_.find(agent.name());
    if (found == agents_.end()) {
      continue;
    }
    const bool speeds =
        running && agent.state() != v1::AgentStatus::LOST && found->second.ticks <= kStaleTicks;
    AddTo(agent.mutable_load(), found->second.all, speeds);
    AddTo(status->mutable_load(), found->second.all, speeds);
    for (v1::ScenarioStatus& scenario : *status->mutable_scenarios()) {
      if (auto part = found->second.scenarios.find(scenario.name());
          part != found->second.scenarios.end()) {
        AddTo(scenario.mutable_load(), part->second, speeds);
      }
    }
  }
}

}  // namespace lockstep::coordinator
