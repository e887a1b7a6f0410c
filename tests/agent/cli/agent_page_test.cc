#include "agent/cli/agent_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

TEST(AgentPage, ReadyUntilItLeaves) {
  AgentFacts facts;
  EXPECT_EQ(AnswerAgent({"GET", "/healthz"}, facts).status, 200);
  EXPECT_EQ(AnswerAgent({"GET", "/readyz"}, facts).status, 200);  // a rollout between runs goes on
  facts.joined = true;
  EXPECT_EQ(AnswerAgent({"GET", "/readyz"}, facts).status, 200);
  facts.leaving = true;
  EXPECT_EQ(AnswerAgent({"GET", "/readyz"}, facts).status, 503);
}

TEST(AgentPage, MetricsTellOfIterationsAndBatches) {
  AgentFacts facts{.name = "a", .version = "1", .batches = 5, .batches_waiting = 2, .progress = {}};
  v1::ScenarioProgress& scenario = *facts.progress.add_scenarios();
  scenario.set_name("s");
  scenario.set_full(7);
  const WebResponse response = AnswerAgent({"GET", "/metrics"}, facts);
  EXPECT_THAT(response.content_type, HasSubstr("version=0.0.4"));
  EXPECT_THAT(response.body, HasSubstr("lockstep_agent_info{agent=\"a\",version=\"1\"} 1\n"));
  EXPECT_THAT(response.body, HasSubstr("lockstep_agent_batches_waiting 2\n"));
  EXPECT_THAT(response.body,
              HasSubstr("lockstep_agent_iterations_total{scenario=\"s\",kind=\"full\"} 7\n"));
}

TEST(AgentPage, OtherPathsAndMethodsAreErrors) {
  EXPECT_EQ(AnswerAgent({"GET", "/"}, {}).status, 404);
  EXPECT_EQ(AnswerAgent({"POST", "/metrics"}, {}).status, 405);
}

}  // namespace
}  // namespace lockstep::agent
