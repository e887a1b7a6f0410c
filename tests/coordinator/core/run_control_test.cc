// Pause, resume, hold and scale.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/coordinator/core/run_fixture.h"

namespace lockstep::coordinator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

class RunControlTest : public RunTest {};

TEST_F(RunControlTest, HoldsOnceAllAgentsAreAtRestAndGoesOn) {
  source.plan->executors = {{"a", "externally-controlled"}};
  source.plan->controlled = {{"a", {1, 1}}};
  Begin(2);
  agent(0).iterate_for = agent(1).iterate_for = absl::Minutes(5);
  agent(1).answers_suspend = false;
  loop.RunFor(absl::Seconds(1));
  int held = 0;
  EXPECT_TRUE(run->Suspend([&held] { ++held; }).ok());
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(held, 0) << "one still runs something";
  EXPECT_TRUE(run->Snapshot().paused());
  v1::AgentMessage message;
  message.mutable_at_rest();
  agent(1).Send(message);
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(held, 1);
  run->Release();
  loop.RunFor(absl::Seconds(1));
  for (size_t i : {0, 1}) {
    const std::vector<std::string> last(agent(i).asked.end() - 4, agent(i).asked.end());
    EXPECT_THAT(last, ElementsAre("pause", "suspend", "suspension is over", "resume"));
  }
  EXPECT_FALSE(run->Snapshot().paused());
  EXPECT_EQ(run->judgement().reasons, std::vector<std::string>());
}

TEST_F(RunControlTest, WhoeverResumesARunThatIsAboutToBeHeldHasDecidedOtherwise) {
  source.plan->executors = {{"a", "externally-controlled"}};
  source.plan->controlled = {{"a", {1, 1}}};
  Begin(1);
  agent(0).iterate_for = absl::Minutes(5);
  agent(0).answers_suspend = false;
  loop.RunFor(absl::Seconds(1));
  int held = 0;
  EXPECT_TRUE(run->Suspend([&held] { ++held; }).ok());
  EXPECT_TRUE(run->Resume().ok());
  EXPECT_TRUE(run->Pause().ok());  // somebody's own wish, which only Resume ends
  loop.RunFor(absl::Seconds(1));
  v1::AgentMessage message;
  message.mutable_at_rest();
  agent(0).Send(message);
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(held, 0);
  run->Release();
  EXPECT_TRUE(run->Snapshot().paused());
  EXPECT_THAT(log.messages, Not(Contains(HasSubstr("cannot go on"))));
}

TEST_F(RunControlTest, CannotBeHeldWhereAScenarioCannotPauseOrAFunctionOfTheScriptRuns) {
  source.plan->executors = {{"a", "constant-vus"}};
  Begin(1);
  agent(0).answers_setup = false;
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(run->Suspend([] { FAIL(); }).message(), "setup() cannot be held");
  v1::AgentMessage done;
  done.mutable_setup_done();
  agent(0).iterate_for = agent(0).drain_after_graceful_stop = absl::Minutes(5);
  agent(0).Send(done);
  loop.RunFor(absl::Seconds(1));
  EXPECT_THAT(std::string(run->Suspend([] { FAIL(); }).message()),
              HasSubstr("constant-vus executor 'a' doesn't support pause"));
  run->Interrupt("interrupt");
  EXPECT_EQ(run->Suspend([] { FAIL(); }).message(), "it is about to end");
  EXPECT_THAT(agent(0).asked, Not(Contains("suspend")));
}

TEST_F(RunControlTest, APausedTestWaitsForResumeBeforeSetup) {
  source.plan->paused = true;
  Begin(1);
  loop.RunFor(absl::Minutes(60));
  EXPECT_EQ(run->state(), v1::RunStatus::PREPARING);
  EXPECT_THAT(agent(0).asked, ElementsAre("inspect", "assign", "prepare"));
  EXPECT_TRUE(run->Resume().ok());
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 0);
  EXPECT_THAT(agent(0).asked, Contains("setup"));
}

TEST_F(RunControlTest, OnlyExternallyControlledTestsPauseAndScaleAfterTheStart) {
  source.plan->executors = {{"a", "constant-vus"}};
  Begin(1);
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(
      run->Pause().message(),
      "constant-vus executor 'a' doesn't support pause and resume operations after its start");
  EXPECT_EQ(run->Scale(5, -1).message(),
            "only externally-controlled scenarios can be scaled, and this test has none");
  EXPECT_TRUE(absl::IsInvalidArgument(run->Scale(-1, -1)));
  EXPECT_TRUE(absl::IsFailedPrecondition(run->Resume()));
  EXPECT_FALSE(run->Snapshot().paused());
}

TEST_F(RunControlTest, ScalingReachesAllAgentsAndKnowsTheTotalsOfThen) {
  source.plan->executors = {{"a", "externally-controlled"}};
  source.plan->controlled = {{"a", {.vus = 2, .max_vus = 10}}};
  Begin(3);
  loop.RunFor(absl::Seconds(1));
  EXPECT_TRUE(run->Scale(10, -1).ok());
  EXPECT_TRUE(run->Scale(15, 20).ok());
  EXPECT_EQ(run->Scale(-1, 14).message(), "scenarios.a: vus must be <= maxVUs, got 15 > 14");
  loop.RunFor(absl::Milliseconds(10));
  for (size_t i : {0u, 1u, 2u}) {
    EXPECT_THAT(agent(i).asked, Contains("scale 10 -1"));
    EXPECT_THAT(agent(i).asked, Contains("scale 15 20"));
    EXPECT_EQ(agent(i).asked.back(), "scale 15 20");
  }
}

TEST_F(RunControlTest, AfterALossScalingReachesTheWholeTotal) {
  source.plan->executors = {{"a", "externally-controlled"}};
  source.plan->controlled = {{"a", {.vus = 3, .max_vus = 12}}};
  source.plan->length = absl::Minutes(5);
  Begin(3, /*tolerated=*/50);
  for (size_t i : {0u, 1u, 2u}) {
    agent(i).iterate_for = absl::Minutes(5);
  }
  loop.RunFor(absl::Seconds(1));
  network.CutOff(agent(1).transport());
  loop.RunFor(absl::Seconds(15));
  EXPECT_TRUE(run->Scale(6, -1).ok());
  loop.RunFor(absl::Milliseconds(10));
  for (size_t i : {0u, 2u}) {
    EXPECT_EQ(agent(i).scaled.vus(), 6);
    EXPECT_EQ(agent(i).scaled.segment_sequence(), "0,1/2,1");
  }
  EXPECT_EQ(agent(0).scaled.segment_index(), 0);
  EXPECT_EQ(agent(2).scaled.segment_index(), 1);
}

TEST_F(RunControlTest, ARefusedScalingLeavesTheRunUntouched) {
  source.plan->executors = {{"a", "externally-controlled"}};
  source.plan->controlled = {{"a", {.vus = 2, .max_vus = 10}}};
  Begin(1);
  EXPECT_EQ(run->Scale(3, -1).message(),
            "the run is in state WaitingForAgents; it can be scaled while it is Running");
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(run->Scale(11, -1).message(), "scenarios.a: vus must be <= maxVUs, got 11 > 10");
  EXPECT_EQ(run->Scale(-7, 3).message(),
            "vus, maxVUs: one must be >= 0, the other >= 0 or -1 for unchanged; got -7 and 3");
  EXPECT_EQ(run->Scale(1, 100'000'001).message(),
            "vus, maxVUs: must be at most 100000000, got 1 and 100000001");
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_EQ(agent(0).asked.back(), "start");
  EXPECT_EQ(run->state(), v1::RunStatus::RUNNING);
}

TEST_F(RunControlTest, AnEndedScenarioIsNotScaled) {
  source.plan->executors = {{"a", "externally-controlled"}};
  source.plan->controlled = {{"a", {.vus = 2, .max_vus = 10}}};
  Begin(1);
  agent(0).iterate_for = absl::Minutes(5);
  loop.RunFor(absl::Seconds(1));
  v1::AgentMessage message;
  v1::ScenarioProgress& part = *message.mutable_progress()->add_scenarios();
  part.set_name("a");
  part.set_state(v1::ScenarioProgress::STOPPING);
  agent(0).Send(message);
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_EQ(run->Scale(3, -1).message(), "all externally-controlled scenarios have ended");
}

TEST_F(RunControlTest, PauseAndResumeReachAllAgents) {
  source.plan->executors = {{"a", "externally-controlled"}};
  source.plan->controlled = {{"a", {.vus = 2, .max_vus = 10}}};
  Begin(2);
  loop.RunFor(absl::Seconds(1));
  EXPECT_TRUE(run->Pause().ok());
  EXPECT_TRUE(run->Pause().ok());
  EXPECT_TRUE(run->Snapshot().paused());
  EXPECT_TRUE(run->Resume().ok());
  loop.RunFor(absl::Milliseconds(10));
  for (size_t i : {0u, 1u}) {
    EXPECT_THAT(agent(i).asked, IsSupersetOf({"pause", "resume"}));
    EXPECT_EQ(std::count(agent(i).asked.begin(), agent(i).asked.end(), "pause"), 1);
  }
}

TEST_F(RunControlTest, AllAgentsPauseAndResumeAtTheSameInstants) {
  source.plan->executors = {{"a", "externally-controlled"}};
  source.plan->controlled = {{"a", {.vus = 2, .max_vus = 10}}};
  Begin(2);
  loop.RunFor(absl::Seconds(1));
  const int64_t now = loop.clock().Mono().nanos();
  EXPECT_TRUE(run->Pause().ok());
  EXPECT_TRUE(run->Resume().ok());
  loop.RunFor(absl::Milliseconds(10));
  ASSERT_EQ(agent(0).switches_ns.size(), 2u);
  EXPECT_EQ(agent(1).switches_ns, agent(0).switches_ns);
  EXPECT_GT(agent(0).switches_ns[0], now);  // ahead, so that everybody has heard of it by then
  EXPECT_GT(agent(0).switches_ns[1], agent(0).switches_ns[0]);
}

TEST_F(RunControlTest, APauseBetweenStartAndT0IsAfterT0) {
  source.plan->executors = {{"a", "externally-controlled"}};
  source.plan->controlled = {{"a", {.vus = 2, .max_vus = 10}}};
  Begin(2);
  while (run->state() != v1::RunStatus::RUNNING) {
    ASSERT_TRUE(loop.RunOne());
  }
  EXPECT_TRUE(run->Pause().ok());
  loop.RunFor(absl::Milliseconds(50));
  EXPECT_GT(agent(0).switches_ns.at(0), agent(0).t0_ns);
}

}  // namespace
}  // namespace lockstep::coordinator
