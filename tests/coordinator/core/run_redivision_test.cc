// Work that moves while the load runs: what the coordinator asks of whom, and when. What agents
// make of it, and whether everything comes to the whole: tests/sim/moving_work_sim_test.cc.
#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/coordinator/core/run_fixture.h"

namespace lockstep::coordinator {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class RunRedivisionTest : public RunTest {
 protected:
  RunRedivisionTest() {
    redistribute = true;
    source.plan->length = absl::Minutes(1);
    source.plan->share_of = [](const SegmentTuple& segment) {
      return AgentShare{.scenarios = {{"rate", segment.Scale(600), 3}}, .max_vus = 3};
    };
    source.plan->starts_between = [](const SegmentTuple& segment, absl::Duration from,
                                     absl::Duration to) {  // ten a second
      const int64_t seconds = absl::ToInt64Seconds(std::min(to, absl::Minutes(1)) - from);
      return std::vector<int64_t>{segment.Scale(10 * seconds)};
    };
  }
  void BeginLong(size_t agents) {
    Begin(agents);
    for (size_t i = 0; i < agents; ++i) {
      agent(i).iterate_for = absl::Minutes(1);
      agent(i).prepared.set_vus(3);
    }
    loop.RunFor(absl::Seconds(1));
    ASSERT_EQ(run->state(), v1::RunStatus::RUNNING);
  }
  // The first agent does, of a pool's iterations, of which it says to have begun so many.
  void AskForIterations(const std::string& scenario, int64_t wanted, int64_t begun = 0) {
    v1::AgentMessage message;
    message.mutable_iteration_lease()->set_scenario(scenario);
    message.mutable_iteration_lease()->set_wanted(wanted);
    message.mutable_iteration_lease()->set_begun(begun);
    agent(0).Send(message);
    loop.RunFor(absl::Milliseconds(10));
  }
  // What an agent says that has done so many iterations.
  static v1::AgentMessage Drained(v1::ScenarioProgress::State state, int64_t full) {
    v1::AgentMessage drained;
    v1::ScenarioProgress& part =
        *drained.mutable_drained()->mutable_final_progress()->add_scenarios();
    part.set_name("rate");
    part.set_state(state);
    part.set_full(full);
    return drained;
  }
  // The second of two agents leaves in the fourth second, having done so many of its 15 iterations.
  void LeaveAfterHalfOfIt(int64_t full, bool gave_up) {
    agent(1).drain_after_graceful_stop = absl::Minutes(30);
    while (run->elapsed() < absl::Milliseconds(3300)) {
      loop.RunFor(absl::Milliseconds(10));
    }
    agent(1).SayLeaving();
    loop.RunFor(absl::Seconds(2));
    ASSERT_THAT(agent(1).asked, Contains("divided 1"));
    results.delivered["last"] = {{.scenario = "rate", .full = full}};
    agent(1).SendBatch(1, "last");
    v1::AgentMessage drained = Drained(v1::ScenarioProgress::INTERRUPTED, full);
    drained.mutable_drained()->set_last_batch(1);
    drained.mutable_drained()->set_gave_up(gave_up);
    agent(1).Send(drained);
    loop.RunFor(absl::Milliseconds(100));
    agent(1).Leave();
    loop.RunFor(absl::Milliseconds(100));
  }
};

TEST_F(RunRedivisionTest, AllAgreeBeforeAnybodyActsOnIt) {
  BeginLong(3);
  agent(2).holds = false;
  agent(0).Leave();
  loop.RunFor(absl::Milliseconds(10));
  ASSERT_EQ(agent(1).redivides.size(), 1u);
  const v1::Redivide asked = agent(1).redivides[0];
  EXPECT_EQ(asked.segment_sequence(), "0,1/2,1");
  EXPECT_EQ(asked.segment_index(), 0);
  EXPECT_EQ(agent(2).redivides[0].segment_index(), 1);
  EXPECT_EQ(agent(2).redivides[0].after_t0_ns(), asked.after_t0_ns());
  EXPECT_GT(asked.after_t0_ns(), absl::ToInt64Nanoseconds(run->elapsed()));
  EXPECT_THAT(agent(1).asked, Not(Contains("divided 1")));
  // The other is there, but does not answer in time: another instant takes the place of this one.
  agent(2).holds = true;
  loop.RunFor(absl::Seconds(1));
  ASSERT_EQ(agent(1).redivides.size(), 2u);
  EXPECT_GT(agent(1).redivides[1].after_t0_ns(), asked.after_t0_ns());
  EXPECT_THAT(agent(1).asked, Contains("divided 2"));
  EXPECT_THAT(agent(2).asked, Contains("divided 2"));
  EXPECT_THAT(agent(2).asked, Not(Contains("divided 1")));
}

// The others work on meanwhile, undisturbed; and once it is back, the lead is what it was.
TEST_F(RunRedivisionTest, WhoeverIsSilentIsWaitedForAndThenNotTakenForSlow) {
  BeginLong(3);
  network.Freeze(agent(2).transport(), absl::Seconds(6));
  agent(0).Leave();
  loop.RunFor(absl::Milliseconds(5900));
  EXPECT_EQ(agent(1).redivides.size(), 2u);
  EXPECT_THAT(agent(1).asked, Not(Contains(HasSubstr("divided"))));
  loop.RunFor(absl::Milliseconds(200));
  EXPECT_THAT(agent(1).asked, Contains("divided 3"));
  EXPECT_LT(absl::Nanoseconds(agent(1).redivides.back().after_t0_ns()),
            run->elapsed() + absl::Seconds(1));
}

// It was counted on until the division's instant: what it did not begin by then, nobody does.
TEST_F(RunRedivisionTest, WhatALeavingAgentDidNotBeginIsNamed) {
  BeginLong(2);
  LeaveAfterHalfOfIt(/*full=*/12, /*gave_up=*/false);
  EXPECT_THAT(log.messages, Contains("agent agent-2 was lost: it left: gone; others had taken over "
                                     "what it had not begun; missing: segment 1/2:1, scenario "
                                     "rate: 3 of 15 iterations"));
  ASSERT_EQ(run->judgement().lost.size(), 1u);
  EXPECT_EQ(run->judgement().lost[0].missing, "segment 1/2:1, scenario rate: 3 of 15 iterations");
  EXPECT_EQ(run->judgement().validity, v1::Health::SUSPECT);
}

TEST_F(RunRedivisionTest, WhoeverGaveUpBeforeOthersTookOverIsNamedAsWell) {
  BeginLong(2);
  LeaveAfterHalfOfIt(/*full=*/15, /*gave_up=*/true);  // VUs have no numbers to tell it by
  EXPECT_EQ(run->judgement().lost.size(), 1u);
}

TEST_F(RunRedivisionTest, WhoeverDidAllThatItWasCountedOnForIsNotMissed) {
  BeginLong(2);
  LeaveAfterHalfOfIt(/*full=*/15, /*gave_up=*/false);
  EXPECT_THAT(log.messages,
              Contains("agent agent-2 has left, its work was handed over: it left: gone"));
  EXPECT_TRUE(run->judgement().lost.empty());
}

// The last one is lost when the others have done all of theirs, and only its own is missing.
TEST_F(RunRedivisionTest, NothingGoesToThoseWhoseWorkIsOver) {
  BeginLong(2);
  agent(0).Send(Drained(v1::ScenarioProgress::DONE, 300));
  loop.RunFor(absl::Milliseconds(10));
  network.CutOff(agent(1).transport());
  loop.RunFor(absl::Seconds(15));
  EXPECT_THAT(
      log.messages,
      Contains("agent agent-2 was lost: nothing was heard from it for 10s; missing: segment "
               "1/2:1, scenario rate: 300 of 300 iterations"));
  EXPECT_THAT(log.messages, Not(Contains(HasSubstr("goes to the others"))));
}

// It had begun all of its part, and only what it measured last is on no way any more.
TEST_F(RunRedivisionTest, NothingOfOneThatHasDrainedGoesToTheOthers) {
  BeginLong(2);
  v1::AgentMessage drained = Drained(v1::ScenarioProgress::DONE, 300);
  drained.mutable_drained()->set_last_batch(1);
  agent(1).Send(drained);
  loop.RunFor(absl::Milliseconds(100));
  network.CutOff(agent(1).transport());
  loop.RunFor(absl::Seconds(15));
  EXPECT_THAT(
      log.messages,
      Contains("agent agent-2 was lost: nothing was heard from it for 10s; missing: segment "
               "1/2:1, scenario rate: 300 of 300 iterations"));
  EXPECT_THAT(agent(0).redivides, IsEmpty());
}

TEST_F(RunRedivisionTest, WhereSomebodyIsTooLateAnotherInstantFollows) {
  BeginLong(3);
  agent(2).too_late = true;
  agent(0).Leave();
  loop.RunFor(absl::Seconds(1));
  EXPECT_THAT(agent(1).asked, Not(Contains("divided 1")));
  EXPECT_THAT(agent(1).asked, Contains("divided 2"));
}

TEST_F(RunRedivisionTest, WhoeverWasSilentMayWorkOnUntilItsLeaseIsOver) {
  BeginLong(2);
  network.CutOff(agent(1).transport());
  loop.RunFor(absl::Seconds(12));
  ASSERT_EQ(agent(0).redivides.size(), 1u);
  EXPECT_THAT(log.messages, Contains(HasSubstr("what it has not begun goes to the others")));
  EXPECT_THAT(log.messages, Contains(HasSubstr("of agent agent-2 is missing: segment 1/2:1, "
                                               "scenario rate: ")));
  loop.RunFor(absl::Minutes(2));
  EXPECT_EQ(code(), 0);
  EXPECT_EQ(run->judgement().validity, v1::Health::SUSPECT);
  ASSERT_EQ(run->judgement().lost.size(), 1u);
  // Some eleven seconds of five a second, not the rest of the minute.
  EXPECT_THAT(run->judgement().lost[0].missing,
              AnyOf(HasSubstr(" of 50 iterations"), HasSubstr(" of 55 iterations")));
}

TEST_F(RunRedivisionTest, AnAgentThatLeavesIsDoneWhenOthersHaveItsWork) {
  BeginLong(2);
  agent(1).SayLeaving();
  loop.RunFor(absl::Milliseconds(200));
  ASSERT_EQ(agent(1).redivides.size(), 1u);
  EXPECT_EQ(agent(1).redivides[0].segment_index(), -1);
  EXPECT_EQ(agent(0).redivides[0].segment_sequence(), "0,1");
  EXPECT_THAT(agent(1).asked, Contains("divided 1"));
  loop.RunFor(absl::Seconds(2));
  agent(1).Leave();
  loop.RunFor(absl::Milliseconds(100));
  EXPECT_THAT(log.messages,
              Contains("agent agent-2 has left, its work was handed over: it left: gone"));
  loop.RunFor(absl::Minutes(2));
  EXPECT_EQ(code(), 0);
  EXPECT_TRUE(run->judgement().lost.empty());
}

TEST_F(RunRedivisionTest, WhoeverComesPreparesFirst) {
  late_agents_join = true;
  BeginLong(2);
  const size_t late = Join();
  agent(late).iterate_for = absl::Minutes(1);
  loop.RunFor(absl::Seconds(1));
  EXPECT_THAT(agent(late).asked, ElementsAre("assign", "prepare", "data ", "start", "divided 1"));
  EXPECT_EQ(agent(late).assigned.joined_late(), 1u);
  EXPECT_TRUE(agent(late).assigned.work_moves());
  EXPECT_EQ(agent(late).t0_ns, agent(0).t0_ns);
  EXPECT_EQ(agent(late).redivides[0].segment_index(), 2);
  EXPECT_EQ(agent(0).redivides[0].segment_sequence(), "0,1/3,2/3,1");
  EXPECT_EQ(run->Snapshot().agents_size(), 3);
}

TEST_F(RunRedivisionTest, WhoeverCannotPrepareIsNotMissed) {
  late_agents_join = true;
  BeginLong(2);
  loop.RunFor(absl::Milliseconds(1));
  agents_.push_back(std::make_unique<ScriptedAgent>(loop, network, log, "agent-3"));
  agent(2).prepared.mutable_failure()->set_message("no memory");
  agent(2).prepared.mutable_failure()->set_exit_code(255);
  loop.RunFor(absl::Seconds(30));
  EXPECT_THAT(log.messages,
              Contains("agent agent-3 was lost: it could not join: no memory").Times(1));
  EXPECT_EQ(run->members().size(), 2u);
  EXPECT_THAT(agent(0).redivides, IsEmpty());
}

TEST_F(RunRedivisionTest, WhoeverSaysWhatCannotBeIsNotTakenAgain) {
  late_agents_join = true;
  BeginLong(2);
  agents_.push_back(std::make_unique<ScriptedAgent>(loop, network, log, "agent-3"));
  agent(2).prepared.mutable_failure()->set_message("no memory");  // and no exit code
  loop.RunFor(absl::Seconds(30));
  EXPECT_THAT(log.messages, Contains(HasSubstr("agent agent-3 was lost: failure.exit_code: must be "
                                               "1 to 255, got 0")));
  EXPECT_EQ(std::count_if(
                log.messages.begin(), log.messages.end(),
                [](const std::string& line) { return line.starts_with("agent agent-3 has come"); }),
            1);
  EXPECT_EQ(run->members().size(), 2u);
}

TEST_F(RunRedivisionTest, LateAgentsWaitUnlessTheyAreWanted) {
  BeginLong(2);
  Join();
  loop.RunFor(absl::Milliseconds(100));
  EXPECT_EQ(run->Snapshot().agents_size(), 2);
  ASSERT_TRUE(run->ScaleAgents(3).ok());
  loop.RunFor(absl::Seconds(5));  // it comes back every now and then
  EXPECT_EQ(run->Snapshot().agents_size(), 3);
  EXPECT_THAT(agent(2).asked, Contains("start"));
}

TEST_F(RunRedivisionTest, ASpareJoinsForWhoeverIsLost) {
  Begin(2);
  agent(0).iterate_for = agent(1).iterate_for = absl::Minutes(1);
  const size_t spare = Join();
  agent(spare).iterate_for = absl::Minutes(1);
  loop.RunFor(absl::Seconds(1));
  ASSERT_EQ(run->state(), v1::RunStatus::RUNNING);
  EXPECT_THAT(agent(spare).asked, IsEmpty());
  agent(1).Leave();
  loop.RunFor(absl::Seconds(1));
  EXPECT_THAT(agent(spare).asked, Contains("start"));
  EXPECT_EQ(agent(spare).redivides.back().segment_sequence(), "0,1/2,1");
}

// With a rolling update, say: nobody has to wait until it is gone.
TEST_F(RunRedivisionTest, ASpareJoinsForTheOnlyOneAsSoonAsThatIsAboutToLeave) {
  Begin(1);
  const size_t spare = Join();
  agent(0).iterate_for = agent(spare).iterate_for = absl::Minutes(1);
  loop.RunFor(absl::Seconds(1));
  agent(0).SayLeaving();
  loop.RunFor(absl::Seconds(1));
  EXPECT_THAT(log.messages, Contains("agent agent-1 is about to leave: terminated; it works on "
                                     "until others have its work"));
  EXPECT_EQ(agent(spare).redivides.back().segment_sequence(), "0,1");
  EXPECT_EQ(agent(0).redivides.back().segment_index(), -1);
}

TEST_F(RunRedivisionTest, ASpareDoesTheWorkOfTheOnlyOneThatIsLost) {
  Begin(1);
  const size_t spare = Join();
  agent(0).iterate_for = agent(spare).iterate_for = absl::Minutes(1);
  loop.RunFor(absl::Seconds(1));
  network.CutOff(agent(0).transport());
  loop.RunFor(absl::Seconds(15));
  EXPECT_EQ(run->state(), v1::RunStatus::RUNNING);
  EXPECT_EQ(agent(spare).redivides.back().segment_sequence(), "0,1");
  EXPECT_THAT(log.messages, Not(Contains(HasSubstr("of the common start"))));
}

TEST_F(RunRedivisionTest, WhoeverHasHandedItsWorkOverTearsDownForThoseWhoAreLost) {
  BeginLong(2);
  ASSERT_TRUE(run->ScaleAgents(1).ok());
  loop.RunFor(absl::Seconds(3));
  ASSERT_EQ(run->Snapshot().agents(1).state(), v1::AgentStatus::LEFT);
  network.CutOff(agent(0).transport());
  loop.RunFor(absl::Seconds(15));
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(outcomes[0].message, HasSubstr("nobody is left to do its work"));
  EXPECT_THAT(agent(1).asked, Contains("teardown "));
}

// It is there, and nobody else comes for whom `scale --agents` would wait.
TEST_F(RunRedivisionTest, WhoeverHasHandedItsWorkOverTakesThePlaceOfOneThatIsLost) {
  BeginLong(3);
  ASSERT_TRUE(run->ScaleAgents(2).ok());
  loop.RunFor(absl::Seconds(3));
  ASSERT_EQ(run->Snapshot().agents(2).state(), v1::AgentStatus::LEFT);
  agent(1).Leave();
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(agent(0).redivides.back().segment_sequence(), "0,1/2,1");
  const v1::RunStatus status = run->Snapshot();
  EXPECT_EQ(status.agents(3).name(), "agent-3");
  EXPECT_EQ(status.agents(3).state(), v1::AgentStatus::CONNECTED);
}

TEST_F(RunRedivisionTest, FewerAgentsMeansThatTheLastHandTheirWorkOver) {
  BeginLong(3);
  ASSERT_TRUE(run->ScaleAgents(1).ok());
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(agent(0).redivides.back().segment_sequence(), "0,1");
  EXPECT_EQ(agent(1).redivides.back().segment_index(), -1);
  EXPECT_EQ(agent(2).redivides.back().segment_index(), -1);
  EXPECT_EQ(run->ScaleAgents(0), absl::InvalidArgumentError("agents: must be 1 to 10000, got 0"));
}

TEST_F(RunRedivisionTest, WhoeverHasHandedItsWorkOverHasLeftAndJoinsAgainWhenItIsWanted) {
  BeginLong(3);
  ASSERT_TRUE(run->ScaleAgents(2).ok());
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(run->Snapshot().agents(2).state(), v1::AgentStatus::LEAVING);
  loop.RunFor(absl::Seconds(2));
  EXPECT_EQ(run->Snapshot().agents(2).state(), v1::AgentStatus::LEFT);
  ASSERT_TRUE(run->ScaleAgents(3).ok());
  EXPECT_THAT(log.messages,
              Contains("agent agent-3 has left, its work was handed over: it is wanted "
                       "again, and joins anew"));
  loop.RunFor(absl::Seconds(5));
  const v1::RunStatus status = run->Snapshot();
  ASSERT_EQ(status.agents_size(), 4);
  EXPECT_EQ(status.agents(2).state(), v1::AgentStatus::LEFT);
  EXPECT_EQ(status.agents(3).name(), "agent-3");
  EXPECT_EQ(status.agents(3).state(), v1::AgentStatus::CONNECTED);
  EXPECT_EQ(agent(0).redivides.back().segment_sequence(), "0,1/3,2/3,1");
  EXPECT_TRUE(run->judgement().lost.empty());
}

TEST_F(RunRedivisionTest, MoreAgentsThanThereAreIsToldAndDividesNothing) {
  BeginLong(2);
  ASSERT_TRUE(run->ScaleAgents(4).ok());
  loop.RunFor(absl::Seconds(1));
  EXPECT_THAT(agent(0).redivides, IsEmpty());
  EXPECT_EQ(run->Snapshot().agents_wanted(), 4);
  EXPECT_TRUE(run->Snapshot().agents_move());
  EXPECT_THAT(log.messages,
              Contains("of 4 agents that are wanted, 2 are there; 2 more join as they come"));
}

TEST_F(RunRedivisionTest, WhereWorkDoesNotMoveItSaysSo) {
  redistribute = false;
  BeginLong(2);
  EXPECT_EQ(run->ScaleAgents(1),
            absl::FailedPreconditionError("work does not move in this run: it was not started with "
                                          "--on-agent-loss redistribute"));
}

// Of VU 0, the first one has begun one iteration and may begin another; the rest is the other's.
TEST_F(RunRedivisionTest, IterationsOfAVuGoOnElsewhere) {
  source.plan->vu_bound = {{"rate", {.vus = 2, .iterations = 9}}};
  BeginLong(2);
  v1::AgentMessage message;
  message.mutable_vu_iterations_wanted()->set_scenario("rate");
  v1::VuIterationsWanted::Vu& line = *message.mutable_vu_iterations_wanted()->add_vus();
  line.set_wanted(2);
  agent(0).Send(message);
  agent(1).Send(message);
  loop.RunFor(absl::Milliseconds(10));
  ASSERT_EQ(agent(0).leased_vus.size(), 1u);
  EXPECT_EQ(agent(0).leased_vus[0].vus(0).end(), 2);
  EXPECT_THAT(agent(1).leased_vus, IsEmpty());
  agent(0).Leave();
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_THAT(log.messages, Contains(HasSubstr("scenario rate: 2 of 2 iterations")));
  ASSERT_EQ(agent(1).leased_vus.size(), 1u);
  EXPECT_EQ(agent(1).leased_vus[0].vus(0).first(), 2);
  EXPECT_EQ(agent(1).leased_vus[0].vus(0).end(), 4);
  line.set_next(5);
  agent(1).Send(message);
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_THAT(log.messages, Contains(HasSubstr("VU 0 has begun 5 iterations: expected 2 to 4")));
}

TEST_F(RunRedivisionTest, PoolsAreDealtOutWhileTheLoadRuns) {
  source.plan->pools = {{"shared", 100}};
  BeginLong(2);
  AskForIterations("shared", 30);
  ASSERT_EQ(agent(0).leased.size(), 1u);
  EXPECT_EQ(agent(0).leased[0].count(), 30);
  AskForIterations("shared", 30, 31);  // of 30
  EXPECT_THAT(log.messages, Contains(HasSubstr("iteration_lease: begun 31 of 30")));
}

TEST_F(RunRedivisionTest, OfAPoolWhatItHadGotIsMissingWithAnAgent) {
  source.plan->pools = {{"rate", 100}};
  BeginLong(2);
  AskForIterations("rate", 30);
  ASSERT_TRUE(run->Stop(Stopping::kGracefully).ok());  // no work moves from now on
  agent(0).Leave();
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_THAT(log.messages, Contains(HasSubstr("scenario rate: 30 of 30 iterations")));
}

TEST_F(RunRedivisionTest, WithNobodyLeftTheRunFails) {
  BeginLong(2);
  agent(0).Leave();
  agent(1).Leave();
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(code(), 255);
  EXPECT_EQ(std::count_if(log.messages.begin(), log.messages.end(),
                          [](const std::string& line) {
                            return line.ends_with("what it has not begun goes to the others");
                          }),
            1)
      << "for the last one there are no others";
}

}  // namespace
}  // namespace lockstep::coordinator
