// Agents that are lost before T0: as long as somebody is left, all of the work is done.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/coordinator/core/run_fixture.h"

namespace lockstep::coordinator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Body = v1::CoordinatorMessage::BodyCase;

// Three agents, the second of which goes away on a certain message; any loss fails the run.
class RunRedealTest : public RunTest {
 protected:
  void LoseSecondAt(Body message) {
    Begin(3);
    agent(1).leaves_at = message;
    loop.RunFor(absl::Seconds(5));
  }
  void ExpectTwoHaveDoneAll() {
    EXPECT_EQ(code(), 0);
    EXPECT_EQ(agent(0).assigned.segment_sequence(), "0,1/2,1");
    EXPECT_EQ(agent(0).segment_index, 0);
    EXPECT_EQ(agent(2).assigned.segment_sequence(), "0,1/2,1");
    EXPECT_EQ(agent(2).segment_index, 1);
    EXPECT_EQ(agent(0).t0_ns, agent(2).t0_ns);
    EXPECT_THAT(
        log.messages,
        Contains("agent agent-2 was lost before the start: it left: gone; all work is dealt "
                 "out again, among 2 of 3 agents"));
    EXPECT_EQ(run->members().size(), 2u);
    EXPECT_TRUE(run->judgement().lost.empty());
  }
};

TEST_F(RunRedealTest, WhileTheBundleIsOnItsWay) {
  LoseSecondAt(Body::kAssign);
  ExpectTwoHaveDoneAll();
}

TEST_F(RunRedealTest, WhileVusAreInitialised) {
  LoseSecondAt(Body::kPrepare);
  ExpectTwoHaveDoneAll();
}

TEST_F(RunRedealTest, AtTheReadyBarrierAndSetupRunsOnce) {
  source.plan->has_teardown = false;
  LoseSecondAt(Body::kSetupData);
  ExpectTwoHaveDoneAll();
  EXPECT_THAT(agent(0).asked, ElementsAre("inspect", "assign", "prepare", "setup", "data ",
                                          "assign", "prepare", "data ", "start"));
}

TEST_F(RunRedealTest, WhileSetupRunsOnTheElectedOne) {
  Begin(3);
  agent(0).leaves_at = Body::BODY_NOT_SET;
  agent(0).setup_takes = absl::Seconds(1);
  loop.RunFor(absl::Milliseconds(500));
  EXPECT_EQ(run->state(), v1::RunStatus::SETUP);
  agent(1).Leave();
  loop.RunFor(absl::Milliseconds(100));
  EXPECT_EQ(run->state(), v1::RunStatus::SETUP);
  loop.RunFor(absl::Seconds(5));
  ExpectTwoHaveDoneAll();
}

TEST_F(RunRedealTest, TheElectedOneWithItsWork) {
  Begin(3);
  agent(0).leaves_at = Body::kSetupData;  // setup() has returned, the others have what it returned
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 0);
  EXPECT_EQ(agent(1).segment_index, 0);
  EXPECT_EQ(agent(2).segment_index, 1);
  EXPECT_THAT(agent(1).asked, Contains("teardown "));
}

TEST_F(RunRedealTest, ASetupThatHasBegunIsNotBegunElsewhere) {
  Begin(3);
  agent(0).leaves_at = Body::kRunSetup;
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(outcomes[0].message, HasSubstr("agent agent-1 was lost"));
}

TEST_F(RunRedealTest, WhoeverReadsTheOptions) {
  Begin(3);
  agent(0).leaves_at = Body::kInspect;
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 0);
  EXPECT_THAT(agent(1).asked, Contains("inspect"));
  EXPECT_EQ(agent(1).segment_index, 0);
  EXPECT_EQ(agent(2).segment_index, 1);
  EXPECT_THAT(log.messages,
              Contains("agent agent-1 was lost before the start: it left: gone; all work is dealt "
                       "out again, among 2 of 3 agents"));
}

TEST_F(RunRedealTest, AScriptThatEndsItsAgentsIsNotGivenToAllOfThem) {
  Begin(3);
  agent(0).leaves_at = agent(1).leaves_at = Body::kInspect;
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(outcomes[0].message, HasSubstr("agents agent-1 and agent-2 were lost"));
  EXPECT_TRUE(agent(2).asked.empty());
}

TEST_F(RunRedealTest, UntilNobodyIsLeft) {
  Begin(2);
  agent(0).leaves_at = agent(1).leaves_at = Body::kPrepare;
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 255);
}

TEST_F(RunRedealTest, WhatWasScaledBeforeReachesTheNewParts) {
  source.plan->controlled = {{"ctl", {.vus = 1, .max_vus = 4}}};
  source.plan->executors = {{"ctl", "externally-controlled"}};
  source.plan->paused = true;
  Begin(2);
  agent(0).setup_takes = absl::Seconds(1);
  loop.RunFor(absl::Milliseconds(100));
  ASSERT_EQ(run->state(), v1::RunStatus::PREPARING);
  ASSERT_TRUE(run->Resume().ok());
  loop.RunFor(absl::Milliseconds(500));
  ASSERT_TRUE(run->Pause().ok());  // holds it at the barrier
  loop.RunFor(absl::Seconds(1));
  ASSERT_EQ(run->state(), v1::RunStatus::READY_BARRIER);
  ASSERT_TRUE(run->Scale(3, -1).ok());
  agent(1).Leave();
  loop.RunFor(absl::Seconds(1));
  ASSERT_TRUE(run->Resume().ok());
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 0);
  EXPECT_THAT(agent(0).asked, ElementsAre("inspect", "assign", "prepare", "setup", "data ",
                                          "assign", "prepare", "data ", "start", "teardown "));
  EXPECT_EQ(agent(0).start.controlled(0).vus(), 3);
}

}  // namespace
}  // namespace lockstep::coordinator
