#include "coordinator/core/run_status.h"

#include <gtest/gtest.h>

#include "coordinator/core/fleet.h"
#include "tests/coordinator/core/run_fixture.h"

namespace lockstep::coordinator {
namespace {

// A scenario of one agent.
void Report(RunMember& member, v1::ScenarioProgress::State state, double progress, int64_t full,
            int64_t planned) {
  v1::ScenarioProgress& part = *member.progress.add_scenarios();
  part.set_name("s");
  part.set_state(state);
  part.set_progress(progress);
  part.set_full(full);
  part.set_planned(planned);
  part.set_rate_per_s(8);
  member.delivered.push_back({.scenario = "s", .full = full, .requests = 2 * full, .failed = full});
}

class RunStatusTest : public RunTest {
 protected:
  RunStatusTest() {
    for (uint32_t id : {1, 2}) {
      AgentRecord record;
      record.id = AgentId{id};
      record.name = "agent-" + std::to_string(id);
      roster.Add(record);
    }
  }
  v1::RunStatus Describe(absl::Duration elapsed = absl::ZeroDuration()) {
    return DescribeRun({.state = v1::RunStatus::RUNNING,
                        .elapsed = elapsed,
                        .work_moves = work_moves,
                        .agents_wanted = roster.wanted(),
                        .script_url = "file:///dir/script.js",
                        .plan = plan,
                        .outcome = outcome,
                        .roster = roster,
                        .fleet = fleet,
                        .standstills = standstills});
  }

  Roster roster{3, 0};
  std::optional<TestPlan> plan;
  RunOutcome outcome{ExitCode::kExternalAbort, "a signal"};
  std::vector<Standstill> standstills;
  bool work_moves = false;
};

TEST_F(RunStatusTest, TellsOfTheRun) {
  v1::RunStatus status = Describe();
  EXPECT_EQ(status.state(), v1::RunStatus::RUNNING);
  EXPECT_EQ(status.script(), "script.js");
  EXPECT_EQ(status.agents_wanted(), 3);
  EXPECT_EQ(status.stop_reason(), "a signal");
  EXPECT_EQ(status.exit_code(), 105);
  EXPECT_EQ(status.planned_s(), 0);
  EXPECT_EQ(status.validity(), v1::Health::UNKNOWN);
  plan.emplace().length = absl::Seconds(90);
  status = Describe(absl::Seconds(3));
  EXPECT_EQ(status.planned_s(), 90);
  EXPECT_EQ(status.elapsed_s(), 3);
  EXPECT_EQ(status.validity(), v1::Health::VALID);
}

TEST_F(RunStatusTest, AScenarioRunsAsLongAsOneAgentRunsIt) {
  Report(roster.members()[0], v1::ScenarioProgress::DONE, 1, 20, 20);
  Report(roster.members()[1], v1::ScenarioProgress::RUNNING, 0.5, 7, 20);
  plan.emplace().executors = {{"s", "shared-iterations"}};
  const v1::RunStatus status = Describe();
  ASSERT_EQ(status.scenarios_size(), 1);
  const v1::ScenarioStatus& scenario = status.scenarios(0);
  EXPECT_EQ(scenario.state(), v1::ScenarioProgress::RUNNING);
  EXPECT_EQ(scenario.executor(), "shared-iterations");
  EXPECT_EQ(scenario.progress(), 0.5);
  EXPECT_EQ(scenario.iterations(), 27);
  EXPECT_EQ(scenario.planned(), 40);
  EXPECT_EQ(scenario.wanted_per_s(), 8);  // of the whole test, as each agent says
  EXPECT_EQ(status.iterations(), 27);
}

TEST_F(RunStatusTest, ALostAgentsIterationsCountButNotItsVus) {
  for (RunMember& member : roster.members()) {
    Report(member, v1::ScenarioProgress::RUNNING, 0.5, 7, -1);
    member.progress.set_vus_active(4);
  }
  roster.members()[0].lost = true;
  const v1::RunStatus status = Describe();
  EXPECT_EQ(status.agents(0).state(), v1::AgentStatus::LOST);
  EXPECT_EQ(status.agents(1).state(), v1::AgentStatus::DISCONNECTED);  // the fleet knows of none
  EXPECT_EQ(status.vus(), 4);
  EXPECT_EQ(status.iterations(), 14);
  EXPECT_EQ(status.scenarios(0).planned(), -1);
}

// A row of a scenario tells of those who are there, and that something was cut off for good.
TEST_F(RunStatusTest, AScenarioShowsWhatWasCutOffWithALostAgent) {
  RunMember& lost = roster.members()[0];
  Report(lost, v1::ScenarioProgress::RUNNING, 0.1, 2, 20);
  Report(roster.members()[1], v1::ScenarioProgress::RUNNING, 0.5, 10, 20);
  for (RunMember& member : roster.members()) {
    v1::ScenarioProgress& part = *member.progress.mutable_scenarios(0);
    part.set_vus(2);
    part.set_max_vus(3);
    part.set_allocated_vus(3);
  }
  lost.lost = true;
  lost.lost_after = absl::Seconds(3);
  plan.emplace();
  for (const bool moves : {false, true}) {
    work_moves = moves;
    v1::ScenarioProgress& other = *roster.members()[1].progress.mutable_scenarios(0);
    other.set_state(v1::ScenarioProgress::RUNNING);
    other.set_progress(0.5);
    const v1::ScenarioStatus running = Describe().scenarios(0);
    EXPECT_EQ(running.state(), v1::ScenarioProgress::RUNNING);
    EXPECT_EQ(running.progress(), 0.5);
    EXPECT_EQ(running.vus(), 2);
    EXPECT_EQ(running.max_vus(), 3);
    EXPECT_EQ(running.allocated_vus(), 3);
    EXPECT_EQ(running.planned(), 40);
    other.set_state(v1::ScenarioProgress::DONE);
    other.set_progress(1);
    const v1::ScenarioStatus ended = Describe().scenarios(0);
    EXPECT_EQ(ended.state(), v1::ScenarioProgress::INTERRUPTED);
    EXPECT_EQ(ended.progress(), 12.0 / 40);
  }
}

TEST_F(RunStatusTest, WhoeverHandedItsWorkOverHasLeftNothingUndone) {
  work_moves = true;
  plan.emplace();
  RunMember& leaver = roster.members()[0];
  Report(leaver, v1::ScenarioProgress::RUNNING, 0.1, 2, 2);
  Report(roster.members()[1], v1::ScenarioProgress::DONE, 1, 10, 10);
  leaver.leaving = leaver.handed_over = true;
  EXPECT_EQ(Describe().agents(0).state(), v1::AgentStatus::LEAVING);
  EXPECT_EQ(Describe().scenarios(0).state(), v1::ScenarioProgress::DONE);
  leaver.Reach(RunMember::Step::kDrained);
  EXPECT_EQ(Describe().agents(0).state(), v1::AgentStatus::LEFT);
  leaver.lost = true;
  leaver.lost_after = absl::Seconds(3);
  EXPECT_EQ(Describe().agents(0).state(), v1::AgentStatus::LEFT);
  EXPECT_EQ(Describe().scenarios(0).state(), v1::ScenarioProgress::DONE);
}

// Otherwise an agent would have done more iterations than it has sent requests, or far less.
TEST_F(RunStatusTest, IterationsAndRequestsAreOfOneMoment) {
  RunMember& member = roster.members()[0];
  Report(member, v1::ScenarioProgress::RUNNING, 0.5, 7, -1);
  member.delivered.push_back({.scenario = "", .requests = 3, .failed = 1});  // of setup()
  member.progress.mutable_scenarios(0)->set_full(12);                        // half a second later
  const v1::RunStatus status = Describe();
  EXPECT_EQ(status.iterations(), 7);
  EXPECT_EQ(status.load().http_reqs(), 17);
  EXPECT_EQ(status.load().http_reqs_failed(), 8);
  EXPECT_EQ(status.agents(0).iterations(), 7);
  EXPECT_EQ(status.agents(0).load().http_reqs(), 17);
  EXPECT_EQ(status.scenarios(0).iterations(), 7);
  EXPECT_EQ(status.scenarios(0).load().http_reqs(), 14);
}

// Of both, the plan says how many VUs the scenario may have; only where a rate asks for them are
// there fewer of them at first.
TEST_F(RunStatusTest, WhereWorkMovesAScenariosVusAreThoseOfThePlan) {
  for (RunMember& member : roster.members()) {
    Report(member, v1::ScenarioProgress::RUNNING, 0.5, 7, -1);
    member.progress.mutable_scenarios(0)->set_allocated_vus(3);
  }
  work_moves = true;
  plan.emplace().whole.scenarios = {
      {.name = "s", .iterations = -1, .max_vus = 10, .at_a_rate = true}};
  EXPECT_EQ(Describe().scenarios(0).max_vus(), 10);
  EXPECT_EQ(Describe().scenarios(0).allocated_vus(), 6);
  plan->whole.scenarios[0].at_a_rate = false;
  EXPECT_EQ(Describe().scenarios(0).allocated_vus(), 10);
}

// Batches and reports come over streams of their own.
TEST_F(RunStatusTest, AScenarioHasEndedOnceAllThatItDidIsHere) {
  RunMember& member = roster.members()[0];
  Report(member, v1::ScenarioProgress::DONE, 1, 60, 60);
  Report(roster.members()[1], v1::ScenarioProgress::DONE, 1, 60, 60);
  EXPECT_EQ(Describe().scenarios(0).state(), v1::ScenarioProgress::DONE);
  Delivered& delivered = member.delivered.back();
  delivered.full = 53;
  EXPECT_EQ(Describe().scenarios(0).state(), v1::ScenarioProgress::STOPPING);
  EXPECT_EQ(Describe().scenarios(0).iterations(), 113);
  member.lost = true;  // no more is to come of it
  EXPECT_EQ(Describe().scenarios(0).state(), v1::ScenarioProgress::DONE);
}

TEST_F(RunStatusTest, NoLoadIsNoSteadyRuler) {
  EXPECT_EQ(JudgeRoster(roster, {}, absl::ZeroDuration()).validity, v1::Health::UNKNOWN);
  EXPECT_EQ(JudgeRoster(roster, {}, absl::Seconds(1)).validity, v1::Health::VALID);
}

TEST_F(RunStatusTest, LossesAndStandstillsSpoilTheRuler) {
  RunMember& lost = roster.members()[1];
  lost.lost = true;
  lost.loss = "its process was killed";
  lost.lost_at = absl::FromUnixSeconds(1'700'000'000);
  lost.lost_after = absl::Milliseconds(3250);
  lost.segment = "1/2:1";
  lost.share.scenarios = {{"s", 20, 1}};
  Report(lost, v1::ScenarioProgress::RUNNING, 0.5, 7, 20);
  const Judgement judgement = JudgeRoster(roster, {}, absl::Seconds(10));
  EXPECT_EQ(judgement.validity, v1::Health::SUSPECT);
  ASSERT_EQ(judgement.reasons.size(), 1u);
  EXPECT_EQ(judgement.reasons[0],
            "agent agent-2 was lost 3.2s after the start: its process was killed; missing: segment "
            "1/2:1, scenario s: 13 of 20 iterations");
  ASSERT_EQ(judgement.lost.size(), 1u);
  EXPECT_EQ(judgement.lost[0].name, "agent-2");
  EXPECT_EQ(judgement.lost[0].missing, "segment 1/2:1, scenario s: 13 of 20 iterations");
  standstills = {{.after = absl::Seconds(9), .length = absl::Milliseconds(5120)}};
  const v1::RunStatus status = Describe(absl::Seconds(10));
  EXPECT_EQ(status.validity(), v1::Health::SUSPECT);
  ASSERT_EQ(status.validity_reasons_size(), 2);
  EXPECT_EQ(status.validity_reasons(1),
            "the coordinator did not run for 5.1s, until 9s after the start: it was stopped "
            "(Ctrl+Z), or something held it up");
  roster.members()[0].lost = true;
  EXPECT_EQ(JudgeRoster(roster, {}, absl::Seconds(10)).validity,
            v1::Health::INVALID);  // nobody was left
}

TEST_F(RunStatusTest, WhoLeavesWithItsWorkDoneIsNotLost) {
  RunMember& leaver = roster.members()[1];
  leaver.lost = true;
  leaver.segment = "1/2:1";
  leaver.share.scenarios = {{"s", 20, 1}};
  Report(leaver, v1::ScenarioProgress::DONE, 1, 20, 20);
  const Judgement before_its_last_batches = JudgeRoster(roster, {}, absl::Seconds(10));
  EXPECT_EQ(before_its_last_batches.validity, v1::Health::SUSPECT);
  ASSERT_EQ(before_its_last_batches.lost.size(), 1u);
  EXPECT_EQ(before_its_last_batches.lost[0].missing, "");
  leaver.Reach(RunMember::Step::kDrained);
  EXPECT_EQ(JudgeRoster(roster, {}, absl::Seconds(10)).validity, v1::Health::VALID);
}

}  // namespace
}  // namespace lockstep::coordinator
