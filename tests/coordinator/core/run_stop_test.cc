// How a run ends before its time: signals, abort(), thresholds, what hangs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/coordinator/core/run_fixture.h"

namespace lockstep::coordinator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class RunStopTest : public RunTest {};

TEST_F(RunStopTest, FirstSignalEndsGracefullySecondAtOnce) {
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

TEST_F(RunStopTest, TheSecondSignalDoesNotWaitForASlowTeardown) {
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

TEST_F(RunStopTest, ASignalWhileTeardownRunsGivesItUp) {
  Begin(1);
  agent(0).iterate_for = absl::Seconds(1);
  agent(0).answers_teardown = false;
  loop.RunFor(absl::Seconds(2));
  run->Interrupt("interrupt");
  EXPECT_EQ(run->state(), v1::RunStatus::TEARDOWN);  // it has been asked once
  run->Interrupt("interrupt");
  EXPECT_EQ(code(), 105);
  EXPECT_THAT(log.messages, Not(Contains(HasSubstr("handleSummary()"))));
}

// A file that is missing is told of, whoever wanted it so.
TEST_F(RunStopTest, AHandleSummaryThatIsNotCalledIsToldOf) {
  source.plan->has_handle_summary = true;
  Begin(1);
  agent(0).iterate_for = absl::Seconds(1);
  agent(0).answers_teardown = false;
  loop.RunFor(absl::Seconds(2));
  run->Interrupt("interrupt");
  run->Interrupt("interrupt");
  EXPECT_EQ(code(), 105);
  EXPECT_THAT(log.messages, Contains("handleSummary() was not called, as a function before it was "
                                     "given up: what it was to write is missing"));
}

TEST_F(RunStopTest, AHandleSummaryThatIsGivenUpIsToldOf) {
  source.plan->has_handle_summary = true;
  Begin(1);
  agent(0).iterate_for = absl::Seconds(1);
  agent(0).answers_summary = false;
  loop.RunFor(absl::Seconds(3));
  ASSERT_EQ(run->state(), v1::RunStatus::SUMMARISING);
  run->Interrupt("interrupt");
  run->Interrupt("interrupt");
  EXPECT_EQ(code(), 105);
  EXPECT_THAT(log.messages,
              Contains("handleSummary() was given up: what it was to write is missing"));
}

// Lines of one cause are folded into the last one, which is to be true of all.
TEST_F(RunStopTest, DroppedLogLinesAreCountedOverAllAgents) {
  Begin(2);
  loop.RunFor(absl::Seconds(1));
  for (size_t i = 0; i < 2; ++i) {
    v1::AgentMessage message;
    message.mutable_log_lines()->set_suppressed(i == 0 ? 7 : 5);
    agent(i).Send(message);
    loop.RunFor(absl::Milliseconds(10));
  }
  EXPECT_THAT(log.messages, Contains("7 log lines were dropped so far, the last ones of agent "
                                     "agent-1: too many at once"));
  EXPECT_THAT(log.messages, Contains("12 log lines were dropped so far, the last ones of agent "
                                     "agent-2: too many at once"));
}

TEST_F(RunStopTest, ATeardownThatIsLostWithItsAgentFailsTheRun) {
  Begin(2, /*tolerated=*/50);
  agent(0).iterate_for = agent(1).iterate_for = absl::Seconds(1);
  agent(0).answers_teardown = false;
  loop.RunFor(absl::Seconds(2));
  EXPECT_EQ(run->state(), v1::RunStatus::TEARDOWN);
  network.CutOff(agent(0).transport());
  loop.RunFor(absl::Seconds(11));
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(log.messages, Contains("teardown() was lost with agent agent-1"));
  ASSERT_EQ(run->judgement().lost.size(), 1u);
  EXPECT_EQ(run->judgement().lost[0].missing, "the end of teardown()");
  EXPECT_EQ(run->judgement().validity, v1::Health::SUSPECT);
}

// What it was to write is missing, and so it is not as if there were none.
TEST_F(RunStopTest, AHandleSummaryThatIsLostWithItsAgentFailsTheRun) {
  source.plan->has_handle_summary = true;
  Begin(2);
  agent(0).iterate_for = agent(1).iterate_for = absl::Seconds(1);
  agent(0).answers_summary = false;
  loop.RunFor(absl::Seconds(2));
  EXPECT_EQ(run->state(), v1::RunStatus::SUMMARISING);
  network.CutOff(agent(0).transport());
  loop.RunFor(absl::Seconds(11));
  EXPECT_EQ(code(), 255);
  EXPECT_EQ(outcomes[0].message, "handleSummary() failed, and what it was to write is missing");
  EXPECT_THAT(log.messages, Contains("failed to handle the end-of-test summary: it was lost with "
                                     "agent agent-1"));
  ASSERT_EQ(run->judgement().lost.size(), 1u);
  EXPECT_EQ(run->judgement().lost[0].missing, "the end of handleSummary()");
  EXPECT_EQ(summaries.size(), 1u);
}

TEST_F(RunStopTest, AHandleSummaryThatNobodyCanCallFailsTheRun) {
  source.plan->has_handle_summary = true;
  Begin(1);
  agent(0).iterate_for = absl::Seconds(1);
  agent(0).leaves_at = v1::CoordinatorMessage::kRunTeardown;
  loop.RunFor(absl::Seconds(2));
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(log.messages,
              Contains("failed to handle the end-of-test summary: no agent is left to "
                       "call handleSummary()"));
}

TEST_F(RunStopTest, TeardownRunsWhereSetupHadBegunAndWasInterrupted) {
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

TEST_F(RunStopTest, AnInterruptedSetupThatIsDoneNeverthelessGivesItsDataToTeardown) {
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

TEST_F(RunStopTest, InitCodeThatDoesNotEndIsToldOfWithItsAgentAndCanBeStopped) {
  Begin(3, /*tolerated=*/0, /*joining=*/2);
  agent(0).answers_prepare = agent(1).answers_prepare = false;
  Join();
  loop.RunFor(absl::Seconds(25));
  EXPECT_THAT(log.messages, Contains("for 10s the script's init code has been running on agent-1, "
                                     "agent-2, once for each VU"));
  EXPECT_THAT(log.messages, Contains(HasSubstr("for 20s the script's init code")));
  EXPECT_EQ(run->state(), v1::RunStatus::PREPARING);
  run->Interrupt("interrupt");
  EXPECT_EQ(code(), 105);
}

TEST_F(RunStopTest, AModuleThatDoesNotComeIsToldOfAndNotTheInitCode) {
  source.answers = false;
  Begin(1);
  agent(0).answers_inspect = false;
  loop.RunFor(absl::Seconds(1));
  v1::AgentMessage request;
  request.mutable_file_request()->set_id(1);
  request.mutable_file_request()->set_url("https://h/lib.js");
  agent(0).Send(request);
  loop.RunFor(absl::Seconds(12));
  EXPECT_THAT(log.messages, Contains("for 10s the script has waited for https://h/lib.js"));
  source.unanswered.at(0)(absl::NotFoundError("gone"));
  loop.RunFor(absl::Seconds(10));
  EXPECT_THAT(log.messages, Contains(HasSubstr("for 20s the script's init code has been running")));
}

TEST_F(RunStopTest, TellsHowLongWhatIsGoingOnMayTake) {
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

TEST_F(RunStopTest, ASignalWhileItIsAboutToBeHeldEndsTheRun) {
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

TEST_F(RunStopTest, ASignalBeforeSetupEndsTheRunAtOnce) {
  Begin(1);
  run->Interrupt("interrupt");
  EXPECT_EQ(code(), 105);
  EXPECT_TRUE(summaries.empty());
}

TEST_F(RunStopTest, AbortInAnIterationInterruptsAllAndRunsTeardown) {
  Begin(2);
  agent(0).iterate_for = agent(1).iterate_for = absl::Minutes(5);
  loop.RunFor(absl::Seconds(1));
  v1::AgentMessage message;
  message.mutable_script_request()->set_kind(v1::ScriptRequest::ABORTED);
  message.mutable_script_request()->set_message("test aborted: enough");
  results.fail_at_end = true;  // the earlier fault decides
  agent(1).Send(message);
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_THAT(agent(0).asked, Contains("stop"));
  EXPECT_THAT(agent(0).asked, Contains("teardown "));
  EXPECT_EQ(code(), 108);
  EXPECT_EQ(outcomes[0].message, "test aborted: enough");
}

TEST_F(RunStopTest, AMarkedRunGoesOnAndWinsOverThresholds) {
  Begin(1);
  agent(0).iterate_for = absl::Seconds(3);
  results.fail_at_end = true;
  loop.RunFor(absl::Seconds(1));
  v1::AgentMessage message;
  message.mutable_script_request()->set_kind(v1::ScriptRequest::MARKED_FAILED);
  agent(0).Send(message);
  loop.RunFor(absl::Seconds(1));
  EXPECT_EQ(run->state(), v1::RunStatus::RUNNING);
  loop.RunFor(absl::Seconds(3));
  EXPECT_EQ(code(), 110);
}

TEST_F(RunStopTest, CrossedThresholdsDecideTheExitCode) {
  results.fail_at_end = true;
  Begin(1);
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 99);
  EXPECT_EQ(outcomes[0].message, "crossed");
}

TEST_F(RunStopTest, AbortOnFailStopsTheRunWithinASecond) {
  results.abort_after = absl::Seconds(2);
  Begin(1);
  agent(0).iterate_for = absl::Minutes(5);
  loop.RunFor(absl::Seconds(4));
  EXPECT_EQ(code(), 99);
  EXPECT_THAT(agent(0).asked, Contains("stop"));
}

TEST_F(RunStopTest, ThresholdsAreJudgedForWholeSecondsSinceT0) {
  Begin(1);
  agent(0).iterate_for = absl::Milliseconds(3600);
  loop.RunFor(absl::Seconds(10));
  EXPECT_EQ(code(), 0);
  EXPECT_THAT(results.checked, ElementsAre(absl::Seconds(1), absl::Seconds(2), absl::Seconds(3)));
}

TEST_F(RunStopTest, AnAgentThatDoesNotStopIsExpelled) {
  Begin(1);
  agent(0).iterate_for = absl::Minutes(50);
  agent(0).drain_after_graceful_stop = absl::Minutes(50);
  loop.RunFor(absl::Seconds(1));
  EXPECT_TRUE(run->Stop(Stopping::kGracefully).ok());
  agent(0).Drain(7);  // announces batches that never come
  loop.RunFor(absl::Minutes(2));
  EXPECT_EQ(code(), 103);
  EXPECT_THAT(log.messages, Contains(HasSubstr("it did not stop when it was told to")));
}

TEST_F(RunStopTest, ATeardownThatHangsIsGivenUp) {
  Begin(1);
  agent(0).answers_teardown = false;
  loop.RunFor(absl::Minutes(2));
  EXPECT_EQ(code(), 101);
  EXPECT_EQ(outcomes[0].message, "teardown() execution timed out after 1m");
}

}  // namespace
}  // namespace lockstep::coordinator
