#include "agent/cli/agent_page.h"

#include "absl/strings/str_cat.h"

#include "common/web/prometheus_text.h"

namespace lockstep::agent {
namespace {

std::string AgentMetrics(const AgentFacts& facts) {
  PrometheusText text;
  const auto gauge = [&](const char* name, const char* help, double value) {
    text.Add(name, "gauge", help, {}, value);
  };
  text.Add("lockstep_agent_info", "gauge", "1, with the agent's name and version",
           {{"agent", facts.name}, {"version", facts.version}}, 1);
  gauge("lockstep_agent_joined", "1 while the agent is a member of a fleet", facts.joined);
  gauge("lockstep_agent_in_run", "1 while the agent takes part in a run", facts.in_run);
  gauge("lockstep_agent_vus", "Active VUs", static_cast<double>(facts.progress.vus_active()));
  gauge("lockstep_agent_vus_initialised", "Initialised VUs",
        static_cast<double>(facts.progress.vus_initialised()));
  gauge("lockstep_agent_start_lateness_seconds", "How long after the common start it started",
        static_cast<double>(facts.progress.start_lateness_ns()) / 1e9);
  gauge("lockstep_agent_batches_waiting", "Batches that the coordinator has not acknowledged",
        static_cast<double>(facts.batches_waiting));
  text.Add("lockstep_agent_batches_total", "counter", "Batches sealed in this run", {},
           static_cast<double>(facts.batches));
  for (const v1::ScenarioProgress& scenario : facts.progress.scenarios()) {
    const auto count = [&](const char* kind, int64_t value) {
      text.Add("lockstep_agent_iterations_total", "counter", "Iterations by how they ended",
               {{"scenario", scenario.name()}, {"kind", kind}}, static_cast<double>(value));
    };
    count("full", scenario.full());
    count("interrupted", scenario.interrupted());
    count("dropped", scenario.dropped());
  }
  text.AddProcess();
  return text.Text();
}

}  // namespace

WebResponse AnswerAgent(const WebRequest& request, const AgentFacts& facts) {
  if (request.method != "GET") {
    return {.status = 405, .body = absl::StrCat(request.method, " is not possible; GET is\n")};
  }
  if (request.path == "/metrics") {
    return {.content_type = PrometheusText::kContentType, .body = AgentMetrics(facts)};
  }
  if (request.path == "/healthz") {
    return {.body = "ok\n"};
  }
  if (request.path == "/readyz") {
    return facts.leaving  ? WebResponse{.status = 503, .body = "leaving\n"}
           : facts.joined ? WebResponse{.body = "ok\n"}
                          : WebResponse{.body = "ok, waiting for a coordinator\n"};
  }
  return {.status = 404, .body = "there are /metrics, /healthz and /readyz\n"};
}

}  // namespace lockstep::agent
