// Agents that die, leave or break the protocol.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/coordinator/core/run_fixture.h"

namespace lockstep::coordinator {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RunLossTest : public RunTest {};

TEST_F(RunLossTest, VusBeyondAllMeasureEndTheirAgentsSession) {
  Begin(1);
  agent(0).prepared.set_vus(INT64_MAX);
  loop.RunFor(absl::Seconds(30));
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(outcomes[0].message,
              HasSubstr("agent agent-1 was lost: prepared.vus: must be 0 to 100000000"));
}

TEST_F(RunLossTest, VusBeyondAllMeasureAreNoPartOfARunThatGoesOn) {
  Begin(2);
  agent(1).prepared.set_vus(INT64_MAX);
  loop.RunFor(absl::Seconds(30));
  EXPECT_EQ(code(), 0);
  EXPECT_THAT(
      log.messages,
      Contains(AllOf(HasSubstr("agent agent-2 was lost before the start: prepared.vus: must "
                               "be 0 to 100000000"),
                     HasSubstr("all work is dealt out again, among 1 of 2 agents"))));
  EXPECT_EQ(run->members().size(), 1u);
}

TEST_F(RunLossTest, AMetricOfNoKnownTypeEndsItsAgentsSession) {
  Begin(1);
  agent(0).inspected.add_custom_metrics()->set_type(static_cast<v1::MetricKind>(4));
  loop.RunFor(absl::Seconds(30));
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(outcomes[0].message,
              HasSubstr("inspected.custom_metrics: must be a known type and unit, got 4 and 0"));
}

TEST_F(RunLossTest, ABatchAfterAGapIsNotMerged) {
  Begin(1);
  loop.RunFor(absl::Seconds(1));
  agent(0).SendBatch(2, "b");
  agent(0).SendBatch(1, "a");
  agent(0).SendBatch(2, "b");
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_THAT(results.merged, ElementsAre("agent-1:a", "agent-1:b"));
}

TEST_F(RunLossTest, ADeadAgentIsNamedWithinItsLeaseAndFailsTheRun) {
  source.plan->share_of = [](const SegmentTuple& segment) {
    return AgentShare{.scenarios = {{"a", segment.Scale(120), 3}, {"b", -1, 4}}, .max_vus = 7};
  };
  Begin(3);
  for (size_t i = 0; i < 3; ++i) {
    agent(i).iterate_for = absl::Minutes(5);
  }
  source.plan->length = absl::Minutes(5);
  loop.RunFor(absl::Seconds(1));
  // It tells of two more than it has delivered: nobody has measured these.
  v1::AgentMessage message;
  v1::ScenarioProgress& part = *message.mutable_progress()->add_scenarios();
  part.set_name("a");
  part.set_planned(40);
  part.set_full(30);
  agent(1).Send(message);
  results.delivered["first"] = {{.scenario = "a", .full = 20, .interrupted = 1}};
  results.delivered["second"] = {{.scenario = "a", .full = 6, .dropped = 1}};
  agent(1).SendBatch(1, "first");
  agent(1).SendBatch(2, "second");
  loop.RunFor(absl::Milliseconds(100));
  network.CutOff(agent(1).transport());
  loop.RunFor(absl::Seconds(9));
  EXPECT_TRUE(outcomes.empty());
  loop.RunFor(absl::Seconds(2));
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(
      log.messages,
      Contains("agent agent-2 was lost: nothing was heard from it for 10s; missing: segment "
               "1/3:2/3, scenario a: 12 of 40 iterations, scenario b: 4 VUs from 0% on"));
  EXPECT_THAT(agent(0).asked, Contains("teardown "));
  const Judgement judgement = run->judgement();
  EXPECT_EQ(judgement.validity, v1::Health::SUSPECT);
  ASSERT_EQ(judgement.lost.size(), 1u);
  EXPECT_EQ(judgement.lost[0].name, "agent-2");
  EXPECT_THAT(judgement.lost[0].missing, HasSubstr("12 of 40 iterations"));
  EXPECT_GT(judgement.lost[0].after, absl::Seconds(9));
  EXPECT_EQ(run->Snapshot().agents(1).iterations(), 26);
}

TEST_F(RunLossTest, TheVerdictOnTheGeneratorNamesTheAgentThatWasNotSteady) {
  Begin(2);
  for (size_t i = 0; i < 2; ++i) {
    agent(i).iterate_for = absl::Minutes(5);
  }
  EXPECT_EQ(run->Snapshot().validity(), v1::Health::UNKNOWN);  // T0 has not come
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(run->Snapshot().validity(), v1::Health::VALID);
  v1::AgentMessage message;
  message.mutable_progress()->mutable_health()->set_sockets_refused(7);
  agent(1).Send(message);
  loop.RunFor(absl::Milliseconds(100));
  const v1::RunStatus status = run->Snapshot();
  EXPECT_EQ(status.validity(), v1::Health::SUSPECT);
  EXPECT_THAT(status.validity_reasons(),
              ElementsAre("agent-2: 7 connections failed because no local port or file descriptor "
                          "was left"));
  EXPECT_EQ(status.agents(1).validity(), v1::Health::SUSPECT);
}

TEST_F(RunLossTest, AToleratedLossDoesNotEndTheRun) {
  Begin(3, /*tolerated=*/34);
  for (size_t i = 0; i < 3; ++i) {
    agent(i).iterate_for = absl::Seconds(20);
  }
  source.plan->length = absl::Seconds(30);
  loop.RunFor(absl::Seconds(1));
  network.CutOff(agent(0).transport());  // the elected one: another takes teardown over
  loop.RunFor(absl::Seconds(25));
  EXPECT_EQ(code(), 0);
  EXPECT_THAT(agent(1).asked, Contains("teardown "));
  EXPECT_EQ(run->Snapshot().agents(0).state(), v1::AgentStatus::LOST);
}

TEST_F(RunLossTest, TwoLossesAreMoreThanAThird) {
  Begin(3, /*tolerated=*/34);
  source.plan->length = absl::Minutes(5);
  for (size_t i = 0; i < 3; ++i) {
    agent(i).iterate_for = absl::Minutes(5);
  }
  loop.RunFor(absl::Seconds(1));
  network.CutOff(agent(0).transport());
  network.CutOff(agent(1).transport());
  loop.RunFor(absl::Seconds(15));
  EXPECT_EQ(code(), 255);
  EXPECT_EQ(outcomes[0].message,
            "agents agent-1 and agent-2 were lost; agent-1: nothing was heard "
            "from it for 10s");
}

// It drains in the middle of the run: that is not the end of its work, and what it has not done is
// named once it is gone.
TEST_F(RunLossTest, AnAgentThatLeavesIsWaitedForAndThenMissed) {
  source.plan->length = absl::Seconds(30);
  Begin(2, /*tolerated=*/50);
  for (size_t i : {0u, 1u}) {
    agent(i).iterate_for = absl::Seconds(20);
  }
  loop.RunFor(absl::Seconds(1));
  agent(1).SayLeaving();
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_EQ(run->Snapshot().agents(1).state(), v1::AgentStatus::LEAVING);
  v1::AgentMessage drained;
  drained.mutable_drained()->mutable_final_progress()->add_scenarios()->set_state(
      v1::ScenarioProgress::INTERRUPTED);
  agent(1).Send(drained);
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_EQ(run->state(), v1::RunStatus::RUNNING);
  agent(1).Leave();
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_EQ(run->state(), v1::RunStatus::RUNNING);
  EXPECT_EQ(run->Snapshot().agents(1).state(), v1::AgentStatus::LOST);
  EXPECT_THAT(log.messages, Contains(HasSubstr("agent agent-2 was lost: it left: gone")));
  loop.RunFor(absl::Seconds(25));
  EXPECT_EQ(code(), 0);
}

TEST_F(RunLossTest, WithoutToleranceAnAgentThatLeavesEndsTheRunGracefully) {
  source.plan->length = absl::Seconds(30);
  Begin(2);
  for (size_t i : {0u, 1u}) {
    agent(i).iterate_for = absl::Seconds(20);
  }
  loop.RunFor(absl::Seconds(1));
  agent(1).Leave();
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_EQ(agent(0).asked.back(), "graceful stop");
  loop.RunFor(absl::Seconds(10));
  EXPECT_EQ(code(), 255);
}

TEST_F(RunLossTest, AnAnswerToWhatWasNeverAskedEndsThatAgentsSession) {
  Begin(1);
  loop.RunFor(absl::Milliseconds(900));
  v1::AgentMessage message;
  message.mutable_teardown_done();
  agent(0).Send(message);
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(log.messages, Contains(HasSubstr("is out of order in state Running")));
}

}  // namespace
}  // namespace lockstep::coordinator
