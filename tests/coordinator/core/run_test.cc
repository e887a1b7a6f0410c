#include "coordinator/core/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "common/base/content_hash.h"
#include "tests/coordinator/core/run_fixture.h"

namespace lockstep::coordinator {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

TEST_F(RunTest, GoesThroughAllStatesAndEndsWithSuccess) {
  Begin(1);
  loop.RunFor(absl::Seconds(5));
  EXPECT_THAT(states, ElementsAre("WaitingForAgents", "Inspecting", "Assigning", "Preparing",
                                  "Setup", "ReadyBarrier", "Running", "Draining", "Teardown",
                                  "Summarising", "Done"));
  EXPECT_THAT(agent(0).asked,
              ElementsAre("inspect", "assign", "prepare", "setup", "data ", "start", "teardown "));
  EXPECT_EQ(code(), 0);
  EXPECT_EQ(summaries.size(), 1u);
}

TEST_F(RunTest, SetupTeardownAndSummaryHappenOnceOnTheElectedAgent) {
  source.plan->has_handle_summary = true;
  Begin(3);
  agent(0).setup_done.mutable_value()->set_defined(true);
  agent(0).setup_done.mutable_value()->set_json("42");
  (*agent(0).summary_done.mutable_outputs())["stdout"] = "text";
  loop.RunFor(absl::Seconds(5));
  EXPECT_THAT(agent(0).asked, ElementsAre("inspect", "assign", "prepare", "setup", "data 42",
                                          "start", "teardown 42", "summary"));
  for (size_t i : {1u, 2u}) {
    EXPECT_THAT(agent(i).asked, ElementsAre("assign", "prepare", "data 42", "start"));
    EXPECT_EQ(agent(i).segment_index, static_cast<int64_t>(i));
    EXPECT_EQ(agent(i).t0_ns, agent(0).t0_ns);
    EXPECT_EQ(agent(i).assigned.segment_sequence(), "0,1/3,2/3,1");
  }
  EXPECT_THAT(summaries, ElementsAre(1u));
}

TEST_F(RunTest, AFaultInTheInitCodeEndsTheRunWithoutASummary) {
  Begin(1);
  agent(0).inspected.mutable_failure()->set_exit_code(107);
  agent(0).inspected.mutable_failure()->set_message("Error: boom");
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 107);
  EXPECT_EQ(outcomes[0].message, "Error: boom");
  EXPECT_TRUE(summaries.empty());
}

TEST_F(RunTest, OptionsThatCannotBeEndTheRunWithInvalidConfig) {
  source.plan = absl::InvalidArgumentError("scenarios.a.vus: must be > 0");
  Begin(1);
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 104);
  EXPECT_THAT(agent(0).asked, ElementsAre("inspect"));
}

TEST_F(RunTest, AFailureWithoutAnExitCodeIsNoSuccess) {
  Begin(1);
  agent(0).prepared.mutable_failure()->set_message("something");
  loop.RunFor(absl::Seconds(30));
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(outcomes[0].message, HasSubstr("failure.exit_code: must be 1 to 255, got 0"));
}

TEST_F(RunTest, VusBeyondAllMeasureEndTheirAgentsSession) {
  Begin(1);
  agent(0).prepared.set_vus(INT64_MAX);
  loop.RunFor(absl::Seconds(30));
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(outcomes[0].message,
              HasSubstr("agent agent-1 was lost: prepared.vus: must be 0 to 100000000"));
}

TEST_F(RunTest, VusBeyondAllMeasureAreNoPartOfARunThatGoesOn) {
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

TEST_F(RunTest, AMetricOfNoKnownTypeEndsItsAgentsSession) {
  Begin(1);
  agent(0).inspected.add_custom_metrics()->set_type(static_cast<v1::MetricKind>(4));
  loop.RunFor(absl::Seconds(30));
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(outcomes[0].message,
              HasSubstr("inspected.custom_metrics: must be a known type and unit, got 4 and 0"));
}

TEST_F(RunTest, AnExceptionInSetupSkipsIterationsAndTeardownButNotTheSummary) {
  source.plan->has_handle_summary = true;
  Begin(1);
  agent(0).setup_done.mutable_failure()->set_exit_code(107);
  agent(0).setup_done.mutable_failure()->set_message("Error: setup went wrong");
  loop.RunFor(absl::Seconds(5));
  EXPECT_THAT(agent(0).asked,
              ElementsAre("inspect", "assign", "prepare", "setup", "stop", "summary"));
  EXPECT_EQ(code(), 107);
  EXPECT_EQ(summaries.size(), 1u);
  // Rates per second are by the time of setup(), as there was no other: at least two messages' way.
  EXPECT_EQ(run->elapsed(), absl::ZeroDuration());
  EXPECT_GE(run->measured(), absl::Microseconds(100));
  EXPECT_LT(run->measured(), absl::Seconds(1));
}

TEST_F(RunTest, WaitsForTheLastBatchBeforeItJudges) {
  Begin(1);
  agent(0).iterate_for = absl::Minutes(5);
  loop.RunFor(absl::Seconds(1));
  agent(0).SendBatch(1, "a");
  agent(0).Drain(2);
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(run->state(), v1::RunStatus::DRAINING);
  agent(0).SendBatch(1, "a");  // again
  agent(0).SendBatch(2, "b");
  loop.RunFor(absl::Seconds(1));
  EXPECT_THAT(results.merged, ElementsAre("agent-1:a", "agent-1:b"));
  EXPECT_EQ(code(), 0);
}

TEST_F(RunTest, ABatchAfterAGapIsNotMerged) {
  Begin(1);
  loop.RunFor(absl::Seconds(1));
  agent(0).SendBatch(2, "b");
  agent(0).SendBatch(1, "a");
  agent(0).SendBatch(2, "b");
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_THAT(results.merged, ElementsAre("agent-1:a", "agent-1:b"));
}

TEST_F(RunTest, FirstSignalEndsGracefullySecondAtOnce) {
  Begin(2);
  agent(0).iterate_for = agent(1).iterate_for = absl::Minutes(5);
  agent(0).drain_after_graceful_stop = agent(1).drain_after_graceful_stop = absl::Minutes(5);
  loop.RunFor(absl::Seconds(1));
  run->Interrupt("interrupt");
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_THAT(agent(1).asked, Contains("graceful stop"));
  EXPECT_EQ(run->state(), v1::RunStatus::DRAINING);
  run->Interrupt("interrupt");
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_THAT(agent(1).asked, Contains("stop"));
  EXPECT_THAT(agent(0).asked, Contains("teardown "));
  EXPECT_EQ(code(), 105);
  EXPECT_EQ(summaries.size(), 1u);
}

TEST_F(RunTest, TheSecondSignalDoesNotWaitForASlowTeardown) {
  Begin(1);
  agent(0).iterate_for = agent(0).drain_after_graceful_stop = absl::Minutes(5);
  agent(0).answers_teardown = false;
  loop.RunFor(absl::Seconds(1));
  run->Interrupt("interrupt");
  run->Interrupt("interrupt");
  loop.RunFor(absl::Seconds(4));
  EXPECT_EQ(run->state(), v1::RunStatus::TEARDOWN);
  loop.RunFor(absl::Seconds(2));
  EXPECT_EQ(code(), 105);
  EXPECT_THAT(log.messages, Contains("teardown() was given up"));
  EXPECT_EQ(summaries.size(), 1u);
}

TEST_F(RunTest, ASignalWhileTeardownRunsGivesItUp) {
  Begin(1);
  agent(0).iterate_for = absl::Seconds(1);
  agent(0).answers_teardown = false;
  loop.RunFor(absl::Seconds(2));
  run->Interrupt("interrupt");
  EXPECT_EQ(run->state(), v1::RunStatus::TEARDOWN);  // it has been asked once
  run->Interrupt("interrupt");
  EXPECT_EQ(code(), 105);
}

TEST_F(RunTest, ATeardownThatIsLostWithItsAgentFailsTheRun) {
  Begin(2, /*tolerated=*/50);
  agent(0).iterate_for = agent(1).iterate_for = absl::Seconds(1);
  agent(0).answers_teardown = false;
  loop.RunFor(absl::Seconds(2));
  EXPECT_EQ(run->state(), v1::RunStatus::TEARDOWN);
  network.CutOff(agent(0).transport());
  loop.RunFor(absl::Seconds(11));
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(log.messages, Contains("teardown() was lost with agent agent-1"));
}

TEST_F(RunTest, TeardownRunsWhereSetupHadBegunAndWasInterrupted) {
  source.plan->has_handle_summary = true;
  Begin(1);
  agent(0).answers_setup = false;
  loop.RunFor(absl::Seconds(1));
  run->Interrupt("interrupt");
  EXPECT_EQ(run->Snapshot().interrupts(), 1);
  loop.RunFor(absl::Seconds(1));
  EXPECT_THAT(agent(0).asked,
              ElementsAre("inspect", "assign", "prepare", "setup", "stop", "teardown ", "summary"));
  EXPECT_EQ(code(), 105);
}

TEST_F(RunTest, AnInterruptedSetupThatIsDoneNeverthelessGivesItsDataToTeardown) {
  Begin(1);
  agent(0).answers_setup = false;
  loop.RunFor(absl::Seconds(1));
  run->Interrupt("interrupt");
  v1::AgentMessage done;
  done.mutable_setup_done()->mutable_value()->set_defined(true);
  done.mutable_setup_done()->mutable_value()->set_json("42");
  agent(0).Send(done);
  loop.RunFor(absl::Seconds(1));
  EXPECT_THAT(agent(0).asked, Contains("teardown 42"));
}

TEST_F(RunTest, TellsHowLongWhatIsGoingOnMayTake) {
  source.plan->graceful_stop = absl::Seconds(20);
  Begin(1);
  agent(0).iterate_for = agent(0).drain_after_graceful_stop = absl::Minutes(5);
  agent(0).answers_teardown = false;
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(run->Snapshot().stop_within_s(), 0);
  run->Interrupt("interrupt");
  loop.RunFor(absl::Seconds(5));
  EXPECT_NEAR(run->Snapshot().state_s(), 5, 0.01);
  EXPECT_NEAR(run->Snapshot().stop_within_s(), 15, 0.01);
  run->Interrupt("interrupt");
  EXPECT_EQ(run->Snapshot().stop_within_s(), 0);
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(run->state(), v1::RunStatus::TEARDOWN);
  EXPECT_NEAR(run->Snapshot().stop_within_s(), 4, 0.1);
}

TEST_F(RunTest, HoldsOnceAllAgentsAreAtRestAndGoesOn) {
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

TEST_F(RunTest, CannotBeHeldWhereAScenarioCannotPauseOrAFunctionOfTheScriptRuns) {
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

TEST_F(RunTest, ASignalWhileItIsAboutToBeHeldEndsTheRun) {
  source.plan->executors = {{"a", "externally-controlled"}};
  source.plan->controlled = {{"a", {1, 1}}};
  Begin(1);
  agent(0).answers_suspend = false;
  agent(0).iterate_for = absl::Minutes(5);
  loop.RunFor(absl::Seconds(1));
  EXPECT_TRUE(run->Suspend([] { FAIL(); }).ok());
  run->Interrupt("interrupt");
  loop.RunFor(absl::Seconds(5));
  EXPECT_THAT(agent(0).asked, Contains("suspension is over"));
  EXPECT_EQ(code(), 105);
}

TEST_F(RunTest, ASignalBeforeSetupEndsTheRunAtOnce) {
  Begin(1);
  run->Interrupt("interrupt");
  EXPECT_EQ(code(), 105);
  EXPECT_TRUE(summaries.empty());
}

TEST_F(RunTest, AbortInAnIterationInterruptsAllAndRunsTeardown) {
  Begin(2);
  agent(0).iterate_for = agent(1).iterate_for = absl::Minutes(5);
  loop.RunFor(absl::Seconds(1));
  v1::AgentMessage message;
  message.mutable_script_verdict()->set_kind(v1::ScriptVerdict::ABORTED);
  message.mutable_script_verdict()->set_message("test aborted: enough");
  results.fail_at_end = true;  // the earlier fault decides
  agent(1).Send(message);
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_THAT(agent(0).asked, Contains("stop"));
  EXPECT_THAT(agent(0).asked, Contains("teardown "));
  EXPECT_EQ(code(), 108);
  EXPECT_EQ(outcomes[0].message, "test aborted: enough");
}

TEST_F(RunTest, AMarkedRunGoesOnAndWinsOverThresholds) {
  Begin(1);
  agent(0).iterate_for = absl::Seconds(3);
  results.fail_at_end = true;
  loop.RunFor(absl::Seconds(1));
  v1::AgentMessage message;
  message.mutable_script_verdict()->set_kind(v1::ScriptVerdict::MARKED_FAILED);
  agent(0).Send(message);
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(run->state(), v1::RunStatus::RUNNING);
  loop.RunFor(absl::Seconds(3));
  EXPECT_EQ(code(), 110);
}

TEST_F(RunTest, CrossedThresholdsDecideTheExitCode) {
  results.fail_at_end = true;
  Begin(1);
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 99);
  EXPECT_EQ(outcomes[0].message, "crossed");
}

TEST_F(RunTest, AbortOnFailStopsTheRunWithinASecond) {
  results.abort_after = absl::Seconds(2);
  Begin(1);
  agent(0).iterate_for = absl::Minutes(5);
  loop.RunFor(absl::Seconds(4));
  EXPECT_EQ(code(), 99);
  EXPECT_THAT(agent(0).asked, Contains("stop"));
}

TEST_F(RunTest, ThresholdsAreJudgedForWholeSecondsSinceT0) {
  Begin(1);
  agent(0).iterate_for = absl::Milliseconds(3600);
  loop.RunFor(absl::Seconds(10));
  EXPECT_EQ(code(), 0);
  EXPECT_THAT(results.checked, ElementsAre(absl::Seconds(1), absl::Seconds(2), absl::Seconds(3)));
}

TEST_F(RunTest, ADeadAgentIsNamedWithinItsLeaseAndFailsTheRun) {
  source.plan->share_of = [](const SegmentTuple& segment) {
    return AgentShare{.scenarios = {{"a", segment.Scale(120), 3}, {"b", -1, 4}}, .max_vus = 7};
  };
  Begin(3);
  for (size_t i = 0; i < 3; ++i) {
    agent(i).iterate_for = absl::Minutes(5);
  }
  source.plan->length = absl::Minutes(5);
  loop.RunFor(absl::Seconds(1));
  v1::AgentMessage message;
  v1::ScenarioProgress& part = *message.mutable_progress()->add_scenarios();
  part.set_name("a");
  part.set_planned(40);
  part.set_full(28);
  agent(1).Send(message);
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
}

TEST_F(RunTest, TheVerdictOnTheGeneratorNamesTheAgentThatWasNotSteady) {
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
              ElementsAre("agent-2: 7 connections failed for want of a local port or a file "
                          "descriptor"));
  EXPECT_EQ(status.agents(1).validity(), v1::Health::SUSPECT);
}

TEST_F(RunTest, AToleratedLossDoesNotEndTheRun) {
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

TEST_F(RunTest, TwoLossesAreMoreThanAThird) {
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
}

TEST_F(RunTest, APausedTestWaitsForResumeBeforeSetup) {
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

TEST_F(RunTest, OnlyExternallyControlledTestsPauseAndScaleAfterTheStart) {
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

TEST_F(RunTest, ScalingReachesAllAgentsAndKnowsTheTotalsOfThen) {
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

TEST_F(RunTest, AfterALossScalingReachesTheWholeTotal) {
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

// It drains in the middle of the run: that is not the end of its work, and what it has not done is
// named once it is gone.
TEST_F(RunTest, AnAgentThatLeavesIsWaitedForAndThenMissed) {
  source.plan->length = absl::Seconds(30);
  Begin(2, /*tolerated=*/50);
  for (size_t i : {0u, 1u}) {
    agent(i).iterate_for = absl::Seconds(20);
  }
  loop.RunFor(absl::Seconds(1));
  v1::AgentMessage leaving;
  leaving.mutable_leaving()->set_reason("terminated");
  leaving.mutable_leaving()->set_draining(true);
  agent(1).Send(leaving);
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

TEST_F(RunTest, WithoutToleranceAnAgentThatLeavesEndsTheRunGracefully) {
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

TEST_F(RunTest, ARefusedScalingLeavesTheRunUntouched) {
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

TEST_F(RunTest, AnEndedScenarioIsNotScaled) {
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

TEST_F(RunTest, PauseAndResumeReachAllAgents) {
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

TEST_F(RunTest, AllAgentsPauseAndResumeAtTheSameInstants) {
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

TEST_F(RunTest, APauseBetweenStartAndT0IsAfterT0) {
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

// rps follows VUs, as all work does: an agent without one gets no part, and its setup() no limit
// but the test's.
TEST_F(RunTest, RpsIsDividedByVus) {
  source.plan->rps = 10;
  source.plan->share_of = [](const SegmentTuple& segment) {
    return AgentShare{.scenarios = {}, .max_vus = segment.Scale(2)};
  };
  Begin(3);
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(agent(0).assigned.rps_share(), 5);
  EXPECT_EQ(agent(1).assigned.rps_share(), 5);
  EXPECT_EQ(agent(2).assigned.rps_share(), 10);
}

TEST_F(RunTest, ThePartitionReachesTheAgents) {
  source.plan->partition = Partition::kFair;
  Begin(1);
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(agent(0).assigned.partition(), v1::Assign::FAIR);
}

TEST_F(RunTest, AnAgentThatDoesNotStopIsExpelled) {
  Begin(1);
  agent(0).iterate_for = absl::Minutes(50);
  agent(0).drain_after_graceful_stop = absl::Minutes(50);
  loop.RunFor(absl::Seconds(1));
  EXPECT_TRUE(run->Stop(false).ok());
  agent(0).Drain(7);  // announces batches that never come
  loop.RunFor(absl::Minutes(2));
  EXPECT_EQ(code(), 103);
  EXPECT_THAT(log.messages, Contains(HasSubstr("it did not stop when it was told to")));
}

TEST_F(RunTest, ATeardownThatHangsIsGivenUp) {
  Begin(1);
  agent(0).answers_teardown = false;
  loop.RunFor(absl::Minutes(2));
  EXPECT_EQ(code(), 101);
  EXPECT_EQ(outcomes[0].message, "teardown() execution timed out after 1m");
}

TEST_F(RunTest, ServesFilesDuringInspectionOnlyAndHandsThemToAll) {
  Begin(2);
  agent(0).inspected.set_options_json("{}");
  v1::AgentMessage request;
  request.mutable_file_request()->set_id(1);
  request.mutable_file_request()->set_url("file:///dir/lib.js");
  // Before the answer to Inspect: the request goes first, as a real agent's would.
  loop.RunUntil(loop.clock().Mono());
  agent(1).Send(request);  // not joined to a run yet: harmless
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 0);
  ASSERT_EQ(agent(1).assigned.files_size(), 1);
  EXPECT_EQ(agent(1).assigned.files(0).url(), "file:///dir/script.js");
  EXPECT_EQ(agent(1).assigned.files(0).sha256(), Sha256("the script"));
}

TEST_F(RunTest, SecretsAreHandedOutAtAnyTimeAndAreInNoBundle) {
  Begin(2);
  loop.RunFor(absl::Milliseconds(900));
  for (const char* url : {"secret:vault/k", "file:///dir/late.js"}) {
    v1::AgentMessage request;
    request.mutable_file_request()->set_id(agent(1).files.size() + 1);
    request.mutable_file_request()->set_url(url);
    agent(1).Send(request);
    loop.RunFor(absl::Milliseconds(10));
  }
  ASSERT_EQ(agent(1).files.size(), 2u);
  EXPECT_EQ(agent(1).files[0].data(), "content of secret:vault/k");
  EXPECT_EQ(agent(1).files[1].error(), "the file was not asked for during inspection");
  EXPECT_EQ(run->bundle().Find("secret:vault/k"), nullptr);
  EXPECT_NE(run->bundle().Find("file:///dir/script.js"), nullptr);
}

TEST_F(RunTest, AnAnswerToWhatWasNeverAskedEndsThatAgentsSession) {
  Begin(1);
  loop.RunFor(absl::Milliseconds(900));
  v1::AgentMessage message;
  message.mutable_teardown_done();
  agent(0).Send(message);
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(log.messages, Contains(HasSubstr("is out of order in state Running")));
}

TEST_F(RunTest, TooFewAgentsWithinTheLimit) {
  run = std::make_unique<coordinator::Run>(
      loop, fleet, source, results, log,
      RunSettings{.agents = 2, .env = {}, .wait_for_agents = absl::Seconds(30)});
  run->Begin({.on_state = [](RunState) {},
              .on_planned = [](const TestPlan&) {},
              .on_tick = [] {},
              .on_summary = [](auto) {},
              .on_done = [this](const RunOutcome& outcome) { outcomes.push_back(outcome); }});
  loop.RunFor(absl::Seconds(31));
  EXPECT_EQ(code(), 255);
  EXPECT_EQ(outcomes[0].message, "only 0 of 2 agents joined within 30s");
}

TEST_F(RunTest, InspectionNeedsOneAgentAndNoSpares) {
  run = std::make_unique<coordinator::Run>(
      loop, fleet, source, results, log, RunSettings{.agents = 1, .inspect_only = true, .env = {}});
  run->Begin({.on_state = [](RunState) {},
              .on_planned = [](const TestPlan&) {},
              .on_tick = [] {},
              .on_summary = [](auto) {},
              .on_done = [this](const RunOutcome& outcome) { outcomes.push_back(outcome); }});
  Join();
  Join();
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(code(), 0);
  EXPECT_THAT(agent(0).asked, ElementsAre("inspect"));
  EXPECT_THAT(agent(1).asked, IsEmpty());
}

}  // namespace
}  // namespace lockstep::coordinator
