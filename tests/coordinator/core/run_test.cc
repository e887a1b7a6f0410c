#include "coordinator/core/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/content_hash.h"
#include "common/base/message_limits.h"
#include "tests/coordinator/core/run_fixture.h"

namespace lockstep::coordinator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
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

// One that is about to leave may be gone before it has heard of the call.
TEST_F(RunTest, WhoeverStaysIsAskedForTheSummary) {
  source.plan->has_handle_summary = true;
  Begin(3);
  agent(0).answers_teardown = false;
  agent(1).answers_summary = false;
  loop.RunFor(absl::Seconds(5));
  ASSERT_EQ(run->state(), v1::RunStatus::TEARDOWN);
  const auto leave = [this](size_t index) {
    agent(index).SayLeaving();
    loop.RunFor(absl::Milliseconds(100));
  };
  leave(0);
  v1::AgentMessage done;
  done.mutable_teardown_done();
  agent(0).Send(done);
  loop.RunFor(absl::Seconds(1));
  EXPECT_THAT(agent(0).asked, Not(Contains("summary")));
  ASSERT_THAT(agent(1).asked, Contains("summary"));
  leave(1);
  agent(1).Leave();
  loop.RunFor(absl::Seconds(1));
  EXPECT_THAT(agent(2).asked, Contains("summary"));
  EXPECT_EQ(code(), 0);
}

// Its files are missing, which a pipeline must not take for success.
TEST_F(RunTest, AHandleSummaryThatFailsFailsTheRun) {
  source.plan->has_handle_summary = true;
  Begin(2);
  agent(0).summary_done.mutable_failure()->set_exit_code(107);
  agent(0).summary_done.mutable_failure()->set_message("Error: x");
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 255);
  EXPECT_EQ(outcomes[0].message, "handleSummary() failed, and what it was to write is missing");
  EXPECT_THAT(log.messages, Contains("failed to handle the end-of-test summary: Error: x"));
  EXPECT_THAT(summaries, ElementsAre(0u)) << "the summary's own text is there";
}

// ---- what is larger than a message may be: told before it is sent, and no agent is lost ----

TEST_F(RunTest, AScriptThatIsTooLargeIsRefused) {
  source.source.text = std::string(kMostMessageBytes, ' ');
  Begin(2);
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 104);
  EXPECT_THAT(outcomes[0].message,
              MatchesRegex("the script has 6710[0-9]+ bytes: the most is 67108864; put large data "
                           "into files"));
  EXPECT_TRUE(agent(0).asked.empty());
}

TEST_F(RunTest, OptionsThatAreTooLargeAreRefused) {
  source.plan->options_json = std::string(kMostMessageBytes, ' ');
  Begin(2);
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 104);
  EXPECT_THAT(outcomes[0].message,
              MatchesRegex("what agents are to know of the test .* has 6710[0-9]+ bytes: .*"));
}

TEST_F(RunTest, DataForHandleSummaryThatIsTooLargeFailsTheSummaryAlone) {
  source.plan->has_handle_summary = true;
  results.summary_data = std::string(kMostMessageBytes, ' ');
  Begin(2);
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 255);
  EXPECT_THAT(log.messages,
              ::testing::Contains(MatchesRegex("failed to handle the end-of-test summary: its data "
                                               "has 6710[0-9]+ bytes: the most is 67108864")));
  EXPECT_THAT(summaries, ElementsAre(0u));
  EXPECT_EQ(run->judgement().validity, v1::Health::VALID) << "nobody is lost";
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

TEST_F(RunTest, AFaultInTheInitCodeOfAVuHasASummaryOfNothing) {
  source.plan->has_handle_summary = true;
  Begin(2);
  agent(1).prepared.mutable_failure()->set_exit_code(107);
  agent(1).prepared.mutable_failure()->set_message("Error: only in VU 3");
  agent(0).answers_prepare = false;  // its VUs are still being made
  loop.RunFor(absl::Seconds(5));
  EXPECT_THAT(agent(0).asked, ElementsAre("inspect", "assign", "prepare"));
  EXPECT_THAT(agent(1).asked, ElementsAre("assign", "prepare", "summary"));
  EXPECT_EQ(code(), 107);
  EXPECT_EQ(outcomes[0].message, "Error: only in VU 3");
  EXPECT_EQ(summaries.size(), 1u);
  EXPECT_EQ(run->measured(), absl::ZeroDuration());
}

// The agent whose VU's init code has failed is told to leave before it hears of handleSummary().
class InitFault : public RunTest {
 protected:
  void LeaveInsteadOfTheSummary(size_t index) {
    loop.RunFor(absl::Seconds(1));
    EXPECT_THAT(agent(index).asked, Contains("summary"));
    agent(index).SayLeaving();
    loop.RunFor(absl::Milliseconds(1));
    agent(index).Leave();
    loop.RunFor(absl::Seconds(30));
  }
  void Begin(size_t agents) {
    source.plan->has_handle_summary = true;
    RunTest::Begin(agents);
    agent(agents - 1).prepared.mutable_failure()->set_exit_code(107);
    agent(agents - 1).answers_summary = false;
    agent(0).answers_prepare = false;  // its VUs are still being made: it can call nothing
  }
};

TEST_F(InitFault, WhoHasItsVusCallsHandleSummaryInstead) {
  Begin(3);
  LeaveInsteadOfTheSummary(2);
  EXPECT_THAT(agent(0).asked, ElementsAre("inspect", "assign", "prepare"));
  EXPECT_THAT(agent(1).asked, ElementsAre("assign", "prepare", "summary"));
  EXPECT_EQ(code(), 107);
}

TEST_F(InitFault, WhereNobodyHasItsVusTheSummaryFails) {
  Begin(2);
  LeaveInsteadOfTheSummary(1);
  EXPECT_THAT(agent(0).asked, ElementsAre("inspect", "assign", "prepare"));
  EXPECT_THAT(log.messages,
              Contains("failed to handle the end-of-test summary: no agent is left to "
                       "call handleSummary()"));
  EXPECT_EQ(code(), 107);
  EXPECT_THAT(summaries, ElementsAre(0u));
}

// Another coordinator has handed it out.
TEST_F(RunTest, LearnsTheSecretsInSetupsValue) {
  Begin(1);
  agent(0).setup_done.mutable_value()->add_secrets("hunter2");
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(redactor.Redacted("hunter2"), Redactor::kInstead);
}

// Whoever goes on with the run shows the same options, and has handed out none of these.
TEST_F(RunTest, WhatItKeepsOfTheScriptNamesTheSecretsInItsOptions) {
  redactor.Add("hunter2");
  Begin(1);
  agent(0).inspected.set_options_json(R"({"userAgent":"hunter2"})");
  agent(0).inspected.add_secrets("what the agent says");
  loop.RunFor(absl::Seconds(5));
  EXPECT_THAT(run->inspected().secrets(), ElementsAre("hunter2"));
}

TEST_F(RunTest, WhatAFaultSaysHasNoSecrets) {
  redactor.Add("hunter2");
  Begin(1);
  agent(0).prepared.mutable_failure()->set_exit_code(107);
  agent(0).prepared.mutable_failure()->set_message("Error: not hunter2");
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(outcomes.at(0).message, "Error: not ***SECRET_REDACTED***");
}

TEST_F(RunTest, VusThatCannotBeMadeForAnotherReasonHaveNone) {
  Begin(1);
  agent(0).prepared.mutable_failure()->set_exit_code(104);
  agent(0).prepared.mutable_failure()->set_message("tlsAuth: no such key");
  loop.RunFor(absl::Seconds(5));
  EXPECT_EQ(code(), 104);
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

TEST_F(RunTest, AllAreToldWhichFilesTheScriptHasAskedForInVain) {
  source.missing = "file:///dir/local.json";
  Begin(2);
  agent(0).answers_inspect = false;
  loop.RunFor(absl::Milliseconds(100));
  ASSERT_EQ(run->state(), v1::RunStatus::INSPECTING);
  v1::AgentMessage request;
  request.mutable_file_request()->set_id(1);
  request.mutable_file_request()->set_url(source.missing);
  agent(0).Send(request);
  v1::AgentMessage inspected;
  inspected.mutable_inspected()->set_options_json("{}");
  agent(0).Send(inspected);
  loop.RunFor(absl::Seconds(5));
  ASSERT_EQ(agent(1).assigned.missing_files_size(), 1);
  const v1::MissingFile& file = agent(1).assigned.missing_files(0);
  EXPECT_EQ(file.url(), source.missing);
  EXPECT_EQ(file.error_code(), static_cast<int>(absl::StatusCode::kNotFound));
  EXPECT_EQ(file.error(), "no such file");
}

TEST_F(RunTest, OnlyWhoeverInspectsTheScriptMayAskForFilesOfThisMachine) {
  Begin(2);
  agent(0).answers_inspect = false;
  loop.RunFor(absl::Milliseconds(100));
  ASSERT_EQ(run->state(), v1::RunStatus::INSPECTING);
  v1::AgentMessage request;
  request.mutable_file_request()->set_id(1);
  request.mutable_file_request()->set_url("file:///etc/passwd");
  agent(1).GuessRun(RunSettings().run_id);
  agent(1).Send(request);
  loop.RunFor(absl::Milliseconds(10));
  ASSERT_EQ(agent(1).files.size(), 1u);
  EXPECT_EQ(agent(1).files[0].error_code(), static_cast<int>(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(agent(1).files[0].error(),
            "only the agent that inspects the script may ask for files that it has not asked for "
            "yet");
  EXPECT_THAT(source.fetched, IsEmpty());
  request.mutable_file_request()->set_url("secret:vault/k");
  agent(1).Send(request);
  request.mutable_file_request()->set_url("file:///dir/lib.js");
  agent(0).Send(request);
  loop.RunFor(absl::Milliseconds(10));
  EXPECT_THAT(source.fetched, ElementsAre("secret:vault/k", "file:///dir/lib.js"));
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

TEST(MeasuredOf, EndsWithTheLastSecondThatAllHaveHandedOver) {
  const absl::Time t0 = absl::FromUnixSeconds(1000);
  RunCheckpoint saved;
  saved.clock.t0 = MonoTime() + absl::Seconds(50);
  saved.clock.t0_wall_ns = absl::ToUnixNanos(t0);
  const MonoTime kept = saved.clock.t0 + absl::Milliseconds(7300);
  saved.members.resize(4);
  EXPECT_EQ(MeasuredOf(saved, kept),
            absl::Milliseconds(7300));  // nothing is known of what is in it
  saved.members[0].kept_until = t0 + absl::Seconds(7);
  saved.members[1].kept_until = t0 + absl::Seconds(6);  // its last one was on its way
  saved.members[2].kept_until = t0 + absl::Seconds(2);  // it has had nothing to say
  saved.members[3].kept_until = t0 + absl::Seconds(6);
  EXPECT_EQ(MeasuredOf(saved, kept), absl::Seconds(6));
  saved.members[1].step = RunMember::Step::kDrained;
  saved.members[3].lost = true;
  EXPECT_EQ(MeasuredOf(saved, kept), absl::Seconds(7));
  saved.clock.drained_at = saved.clock.t0 + absl::Milliseconds(7100);
  EXPECT_EQ(MeasuredOf(saved, kept), absl::Milliseconds(7100));
}

TEST_F(RunTest, UntilWhenABatchHasMeasuredIsKeptWithIt) {
  Begin(1);
  agent(0).iterate_for = absl::Minutes(1);
  loop.RunFor(absl::Seconds(1));
  results.until = absl::FromUnixSeconds(77);
  agent(0).SendBatch(1, "a");
  loop.RunFor(absl::Milliseconds(10));
  const RunCheckpoint saved = run->Checkpoint();
  EXPECT_EQ(saved.members[0].measured_until, results.until);
  EXPECT_EQ(saved.members[0].kept_until, absl::Time());
  const std::vector<MergedBatches> merged = run->Merged();
  ASSERT_EQ(merged.size(), 1u);
  EXPECT_EQ(merged[0].last, 1u);
  run->BatchesKept(merged);
  EXPECT_EQ(run->Checkpoint().members[0].kept_until, results.until);
}

}  // namespace
}  // namespace lockstep::coordinator
