// Agents that come while the load runs: what they are told of it, and what they are counted for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/coordinator/core/run_fixture.h"

namespace lockstep::coordinator {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class RunJoiningTest : public RunTest {
 protected:
  RunJoiningTest() {
    redistribute = late_agents_join = true;
    source.plan->length = absl::Minutes(1);
    source.plan->executors = {{"ctl", "externally-controlled"}};
    source.plan->controlled = {{"ctl", {.vus = 4, .max_vus = 12}}};
    source.plan->share_of = [](const SegmentTuple& segment) {
      const int64_t most = segment.Scale(12);
      return AgentShare{.scenarios = {{"ctl", -1, most}}, .max_vus = most};
    };
  }
  void BeginTwo() {
    Begin(2);
    agent(0).iterate_for = agent(1).iterate_for = absl::Minutes(1);
    loop.RunFor(absl::Seconds(1));
    ASSERT_EQ(run->state(), v1::RunStatus::RUNNING);
  }
  // One that stays until the end.
  size_t JoinLate(bool prepares = true) {
    agents_.push_back(std::make_unique<ScriptedAgent>(loop, network, log, "agent-3"));
    agents_.back()->iterate_for = absl::Minutes(1);
    agents_.back()->answers_prepare = prepares;
    loop.RunFor(absl::Seconds(1));
    return agents_.size() - 1;
  }
};

TEST_F(RunJoiningTest, TheyHearThatTheRunIsPaused) {
  BeginTwo();
  ASSERT_TRUE(run->Pause().ok());
  const size_t late = JoinLate();
  loop.RunFor(absl::Seconds(1));
  EXPECT_TRUE(agent(late).start.paused());
  EXPECT_FALSE(agent(0).start.paused());
  ASSERT_TRUE(run->Resume().ok());
  loop.RunFor(absl::Seconds(1));
  EXPECT_THAT(agent(late).asked, Contains("resume"));
  EXPECT_THAT(agent(late).asked, Not(Contains("pause")));
}

// A pause that comes before they start is in what they start with, and not told twice.
TEST_F(RunJoiningTest, WhatIsSaidWhileTheyPrepareTheyHearAsTheyStart) {
  BeginTwo();
  const size_t late = JoinLate(/*prepares=*/false);
  ASSERT_THAT(agent(late).asked, Contains("prepare"));
  ASSERT_TRUE(run->Pause().ok());
  ASSERT_TRUE(run->Scale(10, -1).ok());
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(agent(late).asked.back(), "prepare");
  v1::AgentMessage message;
  message.mutable_prepared()->set_deal(agent(late).assigned.deal());
  agent(late).Send(message);
  loop.RunFor(absl::Seconds(1));
  EXPECT_TRUE(agent(late).start.paused());
  EXPECT_EQ(agent(late).start.controlled(0).vus(), 10);
}

TEST_F(RunJoiningTest, TheyHearOfTheTotalsOfThen) {
  BeginTwo();
  ASSERT_TRUE(run->Scale(10, -1).ok());
  const size_t late = JoinLate();
  loop.RunFor(absl::Seconds(1));
  ASSERT_EQ(agent(late).start.controlled_size(), 1);
  EXPECT_EQ(agent(late).start.controlled(0).scenario(), "ctl");
  EXPECT_EQ(agent(late).start.controlled(0).vus(), 10);
  EXPECT_EQ(agent(late).start.controlled(0).max_vus(), 12);
  EXPECT_EQ(agent(0).start.controlled(0).vus(), 4);
}

TEST_F(RunJoiningTest, TheTestHasNoMoreVusForThem) {
  BeginTwo();
  const size_t late = JoinLate();
  loop.RunFor(absl::Seconds(1));
  for (const size_t i : {size_t{0}, size_t{1}, late}) {
    v1::AgentMessage message;
    message.mutable_progress()->set_vus_initialised(6);
    agent(i).Send(message);
  }
  loop.RunFor(absl::Seconds(2));
  EXPECT_EQ(run->Snapshot().vus_max(), 12);
  EXPECT_EQ(results.vus_seen.back().second, 12);
  ASSERT_TRUE(run->Scale(-1, 15).ok());
  loop.RunFor(absl::Seconds(2));
  EXPECT_EQ(run->Snapshot().vus_max(), 15);
  EXPECT_EQ(results.vus_seen.back().second, 15);
}

// Of two agents both are lost, while a third one initialises its VUs.
TEST_F(RunJoiningTest, WhoeverPreparesIsSomebodyWhoIsLeft) {
  BeginTwo();
  const size_t late = JoinLate(/*prepares=*/false);
  network.CutOff(agent(0).transport());
  network.CutOff(agent(1).transport());
  loop.RunFor(absl::Seconds(20));
  EXPECT_EQ(run->state(), v1::RunStatus::RUNNING);
  v1::AgentMessage message;
  message.mutable_prepared()->set_deal(agent(late).assigned.deal());
  agent(late).Send(message);
  loop.RunFor(absl::Seconds(10));
  EXPECT_EQ(agent(late).redivides.back().segment_sequence(), "0,1");
  EXPECT_EQ(run->state(), v1::RunStatus::RUNNING);
  agent(late).Drain();
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 0);
  EXPECT_THAT(agent(late).asked, Contains("teardown "));
}

TEST_F(RunJoiningTest, UnlessItIsLostAsWell) {
  BeginTwo();
  const size_t late = JoinLate(/*prepares=*/false);
  network.CutOff(agent(0).transport());
  network.CutOff(agent(1).transport());
  loop.RunFor(absl::Seconds(15));
  ASSERT_EQ(run->state(), v1::RunStatus::RUNNING);
  agent(late).Leave();
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(outcomes[0].message, HasSubstr("nobody is left"));
}

// In the end all agents of a fleet get the signal, one after the other.
TEST_F(RunJoiningTest, NobodyIsPromisedTheOthersWhoLeaveToo) {
  BeginTwo();
  agent(0).SayLeaving();
  agent(1).SayLeaving();
  loop.RunFor(absl::Milliseconds(100));
  EXPECT_THAT(log.messages, Contains("agent agent-1 is about to leave: terminated; it works on "
                                     "until others have its work"));
  EXPECT_THAT(log.messages,
              Contains("agent agent-2 is about to leave: terminated; nobody stays who "
                       "could take over, so that all who leave work on"));
}

}  // namespace
}  // namespace lockstep::coordinator
