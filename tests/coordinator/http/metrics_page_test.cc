#include "coordinator/http/metrics_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

using ::testing::HasSubstr;

v1::MetricStatus& Add(v1::RunStatus& status, const char* name, v1::MetricKind type,
                      v1::MetricContents contains) {
  v1::MetricStatus& metric = *status.add_metrics();
  metric.set_key(name);
  metric.set_metric(name);
  metric.set_type(type);
  metric.set_contains(contains);
  return metric;
}

TEST(MetricsPage, EachKindOfMetricHasItsOwnFormAndBaseUnits) {
  v1::RunStatus status;
  auto& counter =
      *Add(status, "data_sent", v1::METRIC_KIND_COUNTER, v1::METRIC_CONTENTS_DATA).mutable_values();
  counter["count"] = 2000;
  auto& rate =
      *Add(status, "checks", v1::METRIC_KIND_RATE, v1::METRIC_CONTENTS_DEFAULT).mutable_values();
  rate["rate"] = 0.75;
  v1::MetricStatus& trend =
      Add(status, "http_req_duration", v1::METRIC_KIND_TREND, v1::METRIC_CONTENTS_TIME);
  (*trend.mutable_tags())["expected_response"] = "true";
  (*trend.mutable_values()) = google::protobuf::Map<std::string, double>();
  for (const auto& [name, value] : std::map<std::string, double>{{"count", 4},
                                                                 {"sum", 1000},
                                                                 {"med", 250},
                                                                 {"p(90)", 300},
                                                                 {"p(95)", 350},
                                                                 {"p(99)", 400}}) {
    (*trend.mutable_values())[name] = value;
  }
  const std::string page = MetricsPage(status);
  EXPECT_THAT(page, HasSubstr("# TYPE lockstep_data_sent_bytes_total counter\n"
                              "lockstep_data_sent_bytes_total 2000\n"));
  EXPECT_THAT(page, HasSubstr("lockstep_checks_ratio 0.75\n"));
  EXPECT_THAT(page, HasSubstr("# TYPE lockstep_http_req_duration_seconds summary\n"
                              "lockstep_http_req_duration_seconds{expected_response=\"true\","
                              "quantile=\"0.5\"} 0.25\n"));
  EXPECT_THAT(page,
              HasSubstr("lockstep_http_req_duration_seconds_sum{expected_response=\"true\"} 1\n"));
  EXPECT_THAT(
      page, HasSubstr("lockstep_http_req_duration_seconds_count{expected_response=\"true\"} 4\n"));
}

TEST(MetricsPage, CountsWhoWasRefusedAndWhoIsSpare) {
  v1::RunStatus status;
  (*status.mutable_refused())["token"] = 3;
  status.add_agents()->set_state(v1::AgentStatus::SPARE);
  const std::string page = MetricsPage(status);
  EXPECT_THAT(page, HasSubstr("# TYPE lockstep_refused_total counter\n"
                              "lockstep_refused_total{kind=\"token\"} 3\n"));
  EXPECT_THAT(page, HasSubstr("lockstep_run_agents{state=\"spare\"} 1\n"));
}

TEST(MetricsPage, AnAgentThatHasComeAgainHasOneSampleOfEach) {
  v1::RunStatus status;
  for (const auto state : {v1::AgentStatus::LEFT, v1::AgentStatus::CONNECTED}) {
    v1::AgentStatus& agent = *status.add_agents();
    agent.set_name("a");
    agent.set_state(state);
    agent.set_iterations(3);
    agent.mutable_load()->set_http_reqs(5);
  }
  const std::string page = MetricsPage(status);
  EXPECT_THAT(page, HasSubstr("\nlockstep_run_agents{state=\"left\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("\nlockstep_run_agent_iterations_total{agent=\"a\"} 6\n"));
  EXPECT_THAT(page, HasSubstr("\nlockstep_run_agent_http_reqs_total{agent=\"a\"} 10\n"));
  EXPECT_EQ(page.find("agent_iterations_total{agent=\"a\"}"),
            page.rfind("agent_iterations_total{agent=\"a\"}"));
}

TEST(MetricsPage, TellsOfAgentsScenariosAndThresholds) {
  v1::RunStatus status;
  v1::AgentStatus& agent = *status.add_agents();
  agent.set_name("a");
  agent.set_state(v1::AgentStatus::LOST);
  agent.mutable_load()->set_http_reqs(12);
  v1::ScenarioStatus& scenario = *status.add_scenarios();
  scenario.set_name("s");
  scenario.set_vus(7);
  v1::ThresholdStatus& threshold = *status.add_thresholds();
  threshold.set_metric("checks");
  threshold.set_expression("rate>0.9");
  threshold.set_verdict(v1::ThresholdStatus::FAILING);
  const std::string page = MetricsPage(status);
  EXPECT_THAT(page, HasSubstr("lockstep_run_agents{state=\"connected\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("lockstep_run_agents{state=\"lost\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("lockstep_run_agent_http_reqs_total{agent=\"a\"} 12\n"));
  EXPECT_THAT(page, HasSubstr("lockstep_run_scenario_vus{scenario=\"s\"} 7\n"));
  EXPECT_THAT(
      page,
      HasSubstr("lockstep_run_threshold_failing{metric=\"checks\",expression=\"rate>0.9\"} 1\n"));
}

}  // namespace
}  // namespace lockstep::coordinator
