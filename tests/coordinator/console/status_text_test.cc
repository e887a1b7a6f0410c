#include "coordinator/console/status_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/display_width.h"

namespace lockstep::coordinator {
namespace {

v1::RunStatus Status() {
  v1::RunStatus status;
  status.set_state(v1::RunStatus::RUNNING);
  status.set_script("a.js");
  status.set_elapsed_s(12.34);
  status.set_planned_s(60);
  status.set_vus(5);
  status.set_vus_max(10);
  status.set_iterations(123);
  status.mutable_load()->set_http_reqs(1000);
  status.mutable_load()->set_http_reqs_failed(30);
  status.mutable_load()->set_http_reqs_per_s(80.5);
  status.set_validity(v1::Health::VALID);
  for (const char* name : {"agent-10", "agent-2"}) {
    v1::AgentStatus& agent = *status.add_agents();
    agent.set_name(name);
    agent.set_cpu_share(0.5);
    agent.set_loop_lag_p99_ms(2);
    agent.set_clock_round_trip_ms(0.2);
  }
  v1::ScenarioStatus& scenario = *status.add_scenarios();
  scenario.set_name("s");
  scenario.set_state(v1::ScenarioProgress::RUNNING);
  scenario.set_progress(0.25);
  scenario.set_vus(5);
  scenario.set_allocated_vus(10);
  scenario.set_elapsed_s(12.3);
  scenario.set_iterations(123);
  scenario.set_planned(-1);
  v1::ThresholdStatus& threshold = *status.add_thresholds();
  threshold.set_metric("http_req_failed");
  threshold.set_expression("rate<0.01");
  threshold.set_verdict(v1::ThresholdStatus::FAILING);
  threshold.set_value(0.03);
  threshold.set_value_text("3.00%");
  v1::ErrorStatus& error = *status.add_errors();
  error.set_cause("500");
  error.set_method("GET");
  error.set_name("http://h/x");
  error.set_count(30);
  (*error.mutable_agents())["agent-2"] = 30;
  return status;
}

TEST(StatusText, HasStateAgentsScenariosThresholdsAndErrors) {
  EXPECT_THAT(
      RenderStatus(Status(), {}),
      ::testing::ElementsAre(
          "a.js  Running  12.3s/60.0s  5/10 VUs  123 complete and 0 interrupted iterations",
          "  now 0.0 iterations/s, 80.5 requests/s, 0.0 of them failed; so far 1000 requests, 30 "
          "failed",
          "  load generator: steady", "AGENTS",
          "  agent-2   connected  0/0 VUs  0.0 requests/s  0.0 failed/s  CPU 50%  lag 2.00ms  clock "
          "\u00b10.10ms",
          "  agent-10  connected  0/0 VUs  0.0 requests/s  0.0 failed/s  CPU 50%  lag 2.00ms  clock "
          "\u00b10.10ms",
          "SCENARIOS", "  s   [  25% ] 05/10 VUs  0m12.3s  123 iters", "THRESHOLDS",
          "  \u2717  http_req_failed  'rate<0.01'  3.00%", "ERRORS", "  30 x 500   GET  /x"));
}

TEST(StatusText, SaysWhyAndForHowLongARunEnds) {
  v1::RunStatus status = Status();
  status.set_stop_reason("stopped by a control command");
  status.set_stop_within_s(12.4);
  status.set_validity(v1::Health::SUSPECT);
  status.add_validity_reasons("it was late");
  (*status.mutable_refused())["certificate"] = 2;
  status.add_lost_by_outputs("csv: 1 of 2 lines were lost");
  const std::vector<std::string> lines = RenderStatus(status, {});
  EXPECT_THAT(lines,
              ::testing::IsSupersetOf(
                  {"  ending: stopped by a control command", "  what still runs may take up to 12s",
                   "  load generator: SUSPECT", "    - it was late", "  refused, certificate: 2",
                   "  outputs: csv: 1 of 2 lines were lost"}));
}

// As at a terminal of 40 columns, where the number of failed requests must not be what is cut off.
TEST(StatusText, FitsANarrowTerminal) {
  v1::RunStatus status = Status();
  status.set_validity(v1::Health::SUSPECT);
  status.add_validity_reasons("agent a was lost 3.2s after the start: its process was killed");
  v1::MetricStatus& metric = *status.add_metrics();
  metric.set_key("http_req_duration");
  metric.set_type(v1::METRIC_KIND_TREND);
  metric.set_contains(v1::METRIC_CONTENTS_TIME);
  const std::vector<std::string> lines = RenderStatus(status, {.columns = 40});
  for (const std::string& line : lines) {
    EXPECT_LE(DisplayWidth(line), 40u) << line;
  }
  EXPECT_THAT(
      lines, ::testing::IsSupersetOf(
                 {"a.js  Running  12.3s/60.0s  5/10 VUs", "  123 complete and 0 interrupted",
                  "  iterations", "  now 0.0 iterations/s, 80.5",
                  "    requests/s, 0.0 of them failed; so", "    far 1000 requests, 30 failed",
                  "  load generator: SUSPECT", "    - agent a was lost 3.2s after the",
                  "      start: its process was killed", "  http_req_duration  med 0s  p(95) 0s"}));
}

TEST(StatusText, SaysHowManyAgentsAreMissingWhereTheyMayStillCome) {
  v1::RunStatus status = Status();
  status.set_agents_wanted(5);
  const size_t lines = RenderStatus(status, {}).size();
  status.set_agents_move(true);
  EXPECT_THAT(RenderStatus(status, {}),
              ::testing::Contains("  agents: 2 of 5 wanted; 3 more join as they come"));
  status.set_agents_wanted(2);
  EXPECT_EQ(RenderStatus(status, {}).size(), lines);
}

TEST(StatusText, OfARunThatHasNotBegunHasOnlyWhatThereIs) {
  v1::RunStatus status;
  status.set_script("a.js");
  EXPECT_EQ(RenderStatus(status, {}).size(), 2u);
}

}  // namespace
}  // namespace lockstep::coordinator
