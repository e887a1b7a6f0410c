#include "coordinator/http/metrics_page.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "common/messages/words.h"
#include "common/web/prometheus_text.h"

namespace lockstep::coordinator {
namespace {

using Labels = PrometheusText::Labels;

double Value(const v1::MetricStatus& metric, const char* name) {
  const auto found = metric.values().find(name);
  return found == metric.values().end() ? 0 : found->second;
}

void AddMetric(const v1::MetricStatus& metric, PrometheusText* text) {
  const bool time = metric.contains() == v1::METRIC_CONTENTS_TIME;
  const double scale = time ? 1e-3 : 1;
  const std::string unit = time                                            ? "_seconds"
                           : metric.contains() == v1::METRIC_CONTENTS_DATA ? "_bytes"
                                                                           : "";
  const std::string name = absl::StrCat("lockstep_", PrometheusText::Name(metric.metric()));
  Labels labels(metric.tags().begin(), metric.tags().end());
  std::sort(labels.begin(), labels.end());
  const std::string help =
      absl::StrCat("Metric ", metric.metric(), " of the test, a ", WordOf(metric.type()));
  if (metric.type() == v1::METRIC_KIND_COUNTER) {
    text->Add(absl::StrCat(name, unit, "_total"), "counter", help, labels,
              Value(metric, "count") * scale);
  } else if (metric.type() == v1::METRIC_KIND_GAUGE) {
    text->Add(name + unit, "gauge", help, labels, Value(metric, "value") * scale);
  } else if (metric.type() == v1::METRIC_KIND_RATE) {
    text->Add(name + "_ratio", "gauge", help, labels, Value(metric, "rate"));
  } else {
    const std::pair<const char*, const char*> quantiles[] = {
        {"0.5", "med"}, {"0.9", "p(90)"}, {"0.95", "p(95)"}, {"0.99", "p(99)"}};
    for (const auto& [quantile, value] : quantiles) {
      Labels with_quantile = labels;
      with_quantile.emplace_back("quantile", quantile);
      text->Add(name + unit, "summary", help, with_quantile, Value(metric, value) * scale);
    }
    text->Add(name + unit, "summary", help, labels, Value(metric, "sum") * scale, "_sum");
    text->Add(name + unit, "summary", help, labels, Value(metric, "count"), "_count");
  }
}

void AddLoad(const std::string& prefix, const Labels& labels, const v1::Load& load,
             PrometheusText* text) {
  text->Add(prefix + "_http_reqs_total", "counter", "HTTP requests", labels,
            static_cast<double>(load.http_reqs()));
  text->Add(prefix + "_http_reqs_failed_total", "counter", "HTTP requests that failed", labels,
            static_cast<double>(load.http_reqs_failed()));
}

void AddRun(const v1::RunStatus& status, PrometheusText* text) {
  text->Add("lockstep_run_info", "gauge", "1, with the run's script and state",
            {{"script", status.script()}, {"state", std::string(WordOf(status.state()))}}, 1);
  text->Add("lockstep_run_elapsed_seconds", "gauge", "Time since the common start", {},
            status.elapsed_s());
  text->Add("lockstep_run_paused", "gauge", "1 while the run is paused", {}, status.paused());
  text->Add("lockstep_run_vus", "gauge", "Active VUs of all agents", {},
            static_cast<double>(status.vus()));
  text->Add("lockstep_run_vus_initialised", "gauge", "Initialised VUs of all agents", {},
            static_cast<double>(status.vus_max()));
  for (const auto& [kind, count] : status.refused()) {
    text->Add("lockstep_refused_total", "counter",
              "Connections and sessions that were turned away or ended, by kind", {{"kind", kind}},
              static_cast<double>(count));
  }
  text->Add("lockstep_run_agents_wanted", "gauge", "Agents that the run needs", {},
            static_cast<double>(status.agents_wanted()));
  for (const auto state :
       {v1::AgentStatus::CONNECTED, v1::AgentStatus::DISCONNECTED, v1::AgentStatus::LOST,
        v1::AgentStatus::SPARE, v1::AgentStatus::LEAVING, v1::AgentStatus::LEFT}) {
    double count = 0;
    for (const v1::AgentStatus& agent : status.agents()) {
      count += agent.state() == state ? 1 : 0;
    }
    text->Add("lockstep_run_agents", "gauge", "Agents by state",
              {{"state", std::string(WordOf(state))}}, count);
  }
}

// One that has left and come again is there twice, and a series has one sample.
std::vector<v1::AgentStatus> AgentsByName(const v1::RunStatus& status) {
  std::vector<v1::AgentStatus> agents;
  for (const v1::AgentStatus& agent : status.agents()) {
    const auto same = std::find_if(agents.begin(), agents.end(),
                                   [&](const auto& each) { return each.name() == agent.name(); });
    if (same == agents.end()) {
      agents.push_back(agent);
      continue;
    }
    same->set_vus(same->vus() + agent.vus());
    same->set_iterations(same->iterations() + agent.iterations());
    same->set_batches(same->batches() + agent.batches());
    v1::Load& load = *same->mutable_load();
    load.set_http_reqs(load.http_reqs() + agent.load().http_reqs());
    load.set_http_reqs_failed(load.http_reqs_failed() + agent.load().http_reqs_failed());
  }
  return agents;
}

}  // namespace

std::string MetricsPage(const v1::RunStatus& status) {
  PrometheusText text;
  AddRun(status, &text);
  for (const v1::AgentStatus& agent : AgentsByName(status)) {
    const Labels labels = {{"agent", agent.name()}};
    text.Add("lockstep_run_agent_vus", "gauge", "Active VUs of one agent", labels,
             static_cast<double>(agent.vus()));
    text.Add("lockstep_run_agent_iterations_total", "counter", "Full iterations of one agent",
             labels, static_cast<double>(agent.iterations()));
    text.Add("lockstep_run_agent_batches_total", "counter", "Batches merged of one agent", labels,
             static_cast<double>(agent.batches()));
    AddLoad("lockstep_run_agent", labels, agent.load(), &text);
  }
  for (const v1::ScenarioStatus& scenario : status.scenarios()) {
    const Labels labels = {{"scenario", scenario.name()}};
    text.Add("lockstep_run_scenario_vus", "gauge", "Active VUs of one scenario", labels,
             static_cast<double>(scenario.vus()));
    text.Add("lockstep_run_scenario_iterations_total", "counter", "Full iterations of one scenario",
             labels, static_cast<double>(scenario.iterations()));
    text.Add("lockstep_run_scenario_dropped_iterations_total", "counter",
             "Iterations of one scenario that found no VU", labels,
             static_cast<double>(scenario.dropped()));
    AddLoad("lockstep_run_scenario", labels, scenario.load(), &text);
  }
  for (const v1::ThresholdStatus& threshold : status.thresholds()) {
    text.Add("lockstep_run_threshold_failing", "gauge", "1 while a threshold is crossed",
             {{"metric", threshold.metric()}, {"expression", threshold.expression()}},
             threshold.verdict() == v1::ThresholdStatus::FAILING ? 1 : 0);
  }
  for (const v1::MetricStatus& metric : status.metrics()) {
    AddMetric(metric, &text);
  }
  text.AddProcess();
  return text.Text();
}

}  // namespace lockstep::coordinator
