#include "coordinator/console/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "common/base/display_width.h"
#include "common/plan/plan.h"

namespace lockstep::coordinator {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

ProgressView TwoScenarios() {
  ProgressView view;
  view.elapsed = absl::Milliseconds(12345);
  view.total = absl::Minutes(1);
  view.vus = 5;
  view.max_vus = 10;
  view.complete = 123;
  view.scenarios = {{.name = "a",
                     .state = v1::ScenarioProgress::RUNNING,
                     .progress = 0.5,
                     .vus = 5,
                     .max_vus = 10,
                     .elapsed = absl::Seconds(12),
                     .total = absl::Seconds(24),
                     .iterations = 7,
                     .planned = 20},
                    {.name = "longer",
                     .state = v1::ScenarioProgress::DONE,
                     .progress = 1,
                     .max_vus = 3,
                     .elapsed = absl::Seconds(9),
                     .total = absl::Seconds(5),
                     .iterations = 116}};
  return view;
}

std::vector<std::string> Lines(const ProgressView& view, int columns, int rows = 24) {
  return RenderTerminalLines(view, {.columns = columns, .rows = rows}, /*color=*/false);
}

TEST(Progress, TheHeadIsBrokenBetweenWordsOnATerminal) {
  ScenarioConfig scenario;
  scenario.name = "a";
  scenario.executor = ConstantVusConfig{.vus = 2, .duration = absl::Seconds(30)};
  const InstancePlan plan = *PlanInstance({scenario}, SegmentTuple());
  HeaderFacts facts{.script = "s.js"};
  EXPECT_THAT(
      RenderHeader(facts, plan, SegmentTuple()),
      HasSubstr("\n     scenarios: (100.00%) 1 scenario, 2 max VUs, 1m0s max duration (incl. "
                "graceful stop):\n              * a: 2 looping VUs for 30s (gracefulStop: "
                "30s)\n"));
  facts.columns = 44;
  EXPECT_EQ(RenderHeader(facts, plan, SegmentTuple()),
            "     execution: local\n"
            "        script: s.js\n"
            "        output: -\n"
            "\n"
            "     scenarios: (100.00%) 1 scenario, 2 max\n"
            "                VUs, 1m0s max duration\n"
            "                (incl. graceful stop):\n"
            "              * a: 2 looping VUs for 30s\n"
            "                (gracefulStop: 30s)\n"
            "\n");
}

TEST(Progress, RunLineHasFixedFields) {
  EXPECT_EQ(RenderRunLine(TwoScenarios()),
            "running (0m12.3s/1m0s), 05/10 VUs, 123 complete and 0 interrupted iterations");
}

TEST(Progress, RunLineSaysWhatIsGoingOn) {
  using State = v1::RunStatus;
  const struct {
    State::State state;
    const char* line;
  } cases[] = {
      {State::WAITING_FOR_AGENTS, "connecting agents: 1 of 3"},
      {State::INSPECTING, "reading the script: 0m03.2s"},
      {State::ASSIGNING, "handing the test to 3 agents"},
      {State::PREPARING, "initialising VUs: 10 of 20"},
      {State::SETUP, "setup(): 0m03.2s"},
      {State::READY_BARRIER, "starting"},
      {State::TEARDOWN, "teardown(): 0m03.2s"},
      {State::SUMMARISING, "summarising: 0m03.2s"},
  };
  ProgressView view = TwoScenarios();
  view.in_state = absl::Milliseconds(3210);
  view.agents = 1;
  view.agents_wanted = 3;
  view.vus_wanted = 20;
  for (const auto& each : cases) {
    view.state = each.state;
    EXPECT_EQ(RenderRunLine(view), each.line);
  }
  view.final = true;
  EXPECT_THAT(RenderRunLine(view), StartsWith("running (0m12.3s/1m0s)"));
  view.final = false;
  view.state = State::DRAINING;
  EXPECT_THAT(RenderRunLine(view), StartsWith("running (")) << "it comes to its planned end";
  view.interrupts = 1;
  EXPECT_THAT(RenderRunLine(view), StartsWith("stopping ("));
  view.paused = true;
  view.state = State::RUNNING;
  EXPECT_THAT(RenderRunLine(view), StartsWith("paused ("));
  view.state = State::PREPARING;
  view.vus_wanted = 10;
  EXPECT_EQ(RenderRunLine(view), "paused before setup(), 10 VUs initialised");
  view.state = State::READY_BARRIER;
  EXPECT_EQ(RenderRunLine(view), "paused before the start");
}

TEST(Progress, AfterCtrlCANoteSaysWhatHappensAndWhatAnotherOneDoes) {
  using State = v1::RunStatus;
  ProgressView view = TwoScenarios();
  view.vus = 2;
  view.stop_within = absl::Milliseconds(19'100);
  view.state = State::DRAINING;
  EXPECT_EQ(RenderStopNote(view), "") << "nobody has pressed it";
  view.interrupts = 1;
  EXPECT_EQ(
      RenderStopNote(view),
      "Stopping: up to 20s for 2 iterations. Ctrl+C again interrupts them, a third time quits "
      "at once.");
  view.interrupts = 2;
  EXPECT_EQ(RenderStopNote(view),
            "Interrupting 2 iterations. Ctrl+C again quits at once, without a summary.");
  view.elapsed = absl::ZeroDuration();
  EXPECT_EQ(RenderStopNote(view),
            "Stopping: setup() is interrupted. Ctrl+C again quits at once, without a summary.");
  view.interrupts = 1;
  view.stop_within = absl::ZeroDuration();
  EXPECT_EQ(
      RenderStopNote(view),
      "Stopping: setup() is interrupted. Ctrl+C again hurries teardown(), a third time quits at "
      "once.");
  view.state = State::TEARDOWN;
  view.stop_within = absl::Seconds(60);
  EXPECT_EQ(
      RenderStopNote(view),
      "Stopping once teardown() has ended, within 1m0s. Ctrl+C again gives it up, a third time "
      "quits at once.");
  view.interrupts = 2;
  view.stop_within = absl::Seconds(5);
  EXPECT_EQ(RenderStopNote(view),
            "Stopping once teardown() has ended, within 5s. Ctrl+C again quits at once, without a "
            "summary.");
  view.state = State::SUMMARISING;
  EXPECT_THAT(RenderStopNote(view),
              StartsWith("Stopping once handleSummary() has ended, within 5s."));
}

TEST(Progress, NotesAreBrokenBetweenWords) {
  ProgressView view = TwoScenarios();
  view.state = v1::RunStatus::DRAINING;
  view.interrupts = 1;
  view.stop_within = absl::Seconds(20);
  const std::vector<std::string> lines = Lines(view, 50);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[3], "Stopping: up to 20s for 5 iterations. Ctrl+C again");
  EXPECT_EQ(lines[4], "interrupts them, a third time quits at once.");
}

TEST(Progress, RowsAreAlignedAndTheBarTakesTheRoomThatIsLeft) {
  EXPECT_THAT(
      Lines(TwoScenarios(), 120),
      ElementsAre("running (0m12.3s/1m0s), 05/10 VUs, 123 complete and 0 interrupted iterations",
                  "a        [==================>-------------------] 05/10 VUs  0m12.0s/0m24.0s  "
                  "7/20 iters",
                  "longer \u2713 [======================================] 0/3 VUs    "
                  "0m05.0s/0m05.0s  116 iters"));
  EXPECT_EQ(Lines(TwoScenarios(), 64)[1],
            "a        [======>-------] 05/10 VUs  0m12.0s/0m24.0s  7/20 iters");
}

// Each step of giving way, and nothing is ever wider than the terminal.
TEST(Progress, WidthIsGivenUpInOrderAndTheShareDoneNeverGoes) {
  ProgressView view = TwoScenarios();
  view.scenarios[0].name = "a_long_name_of_a_scenario";
  const std::pair<int, const char*> cases[] = {
      {79, "a_long_name_of_a_scenario   [====>-----] 05/10 VUs  0m12.0s/0m24.0s  7/20 iters"},
      {78, "a_long_name_of_a_scenario   [  50% ] 05/10 VUs  0m12.0s/0m24.0s  7/20 iters"},
      {70, "a_long_name_of_a_sc\u2026   [  50% ] 05/10 VUs  0m12.0s/0m24.0s  7/20 iters"},
      {57, "a_long_nam\u2026    50% 05/10 VUs  0m12.0s/0m24.0s  7/20 iters"},
      {45, "a_long_name_of_\u2026    50% 05/10 VUs  7/20 iters"},
      {30, "a_long_name_\u2026    50% 05/10 VUs"},
      {20, "a_long_name_\u2026    50%"},
      {10, "a_\u2026    50%"},
  };
  for (const auto& [columns, line] : cases) {
    EXPECT_EQ(Lines(view, columns)[1], line) << columns;
  }
  for (int columns = 9; columns < 130; ++columns) {
    for (size_t i : {1, 2}) {
      EXPECT_LE(DisplayWidth(Lines(view, columns)[i]), static_cast<size_t>(columns));
      EXPECT_THAT(Lines(view, columns)[i], AnyOf(HasSubstr("%"), HasSubstr("["))) << columns;
    }
  }
}

TEST(Progress, RatesAndErrorsAreThereWhereThereIsAnything) {
  ProgressView view = TwoScenarios();
  view.requests_per_s = 250.4;
  view.scenarios[0].per_s = 12.34;
  view.scenarios[0].wanted_per_s = 20;
  EXPECT_EQ(Lines(view, 140)[0],
            "running (0m12.3s/1m0s), 05/10 VUs, 123 complete and 0 interrupted iterations, 250 "
            "requests/s");
  EXPECT_EQ(Lines(view, 140)[1],
            "a        [==================>-------------------] 05/10 VUs  0m12.0s/0m24.0s  7/20 "
            "iters  12.3 of 20.0/s");
  view.failed_per_s = view.scenarios[0].failed_per_s = 2;
  EXPECT_THAT(Lines(view, 140)[0], EndsWith("250 requests/s, 2.0 failed"));
  EXPECT_THAT(Lines(view, 140)[1], EndsWith("12.3 of 20.0/s  2.0 failed/s"));
  EXPECT_THAT(RenderTerminalLines(view, {.columns = 140}, /*color=*/true)[1],
              EndsWith("\x1b[31m2.0 failed/s\x1b[0m"));
  view.scenarios[0].wanted_per_s = 0;
  EXPECT_THAT(Lines(view, 140)[1], EndsWith("12.3/s  2.0 failed/s"));
}

TEST(Progress, FinishedRowsGiveWayFirstOnASmallScreenAndTheFinalStateIsWhole) {
  ProgressView view;
  for (int i = 0; i < 6; ++i) {
    view.scenarios.push_back({.name = absl::StrCat("s", i),
                              .state = i < 2   ? v1::ScenarioProgress::DONE
                                       : i < 4 ? v1::ScenarioProgress::RUNNING
                                               : v1::ScenarioProgress::WAITING});
  }
  const auto names = [&view](int rows) {
    std::vector<std::string> shown;
    for (const std::string& line : Lines(view, 100, rows)) {
      shown.push_back(line.substr(0, line.find(line.starts_with("s") ? ' ' : '(')));
    }
    shown.erase(shown.begin());
    return shown;
  };
  EXPECT_THAT(names(8), ElementsAre("s0", "s1", "s2", "s3", "s4", "s5"));
  EXPECT_THAT(names(7), ElementsAre("s2", "s3", "s4", "s5", "and 2 finished"));
  EXPECT_THAT(names(5), ElementsAre("s2", "s3", "and 2 waiting, 2 finished"));
  EXPECT_THAT(names(4), ElementsAre("s2", "and 1 running, 2 waiting, 2 finished"));
  view.final = true;
  EXPECT_THAT(names(4), ElementsAre("s0", "s1", "s2", "s3", "s4", "s5"));
}

TEST(Progress, NamesAreAlignedByTheColumnsThatTheyTake) {
  ProgressView view = TwoScenarios();
  view.scenarios[0].name = "登录";
  // 32 columns: 28 are kept, of at most 29.
  view.scenarios[1].name = "支付支付支付支付支付支付支付支付";
  EXPECT_THAT(
      RenderPlainLines(view),
      ElementsAre(
          ::testing::_,
          "登录                             [  50% ] 05/10 VUs  0m12.0s/0m24.0s  7/20 iters",
          "支付支付支付支付支付支付支付\u2026  \u2713 [ 100% ] 0/3 VUs    "
          "0m05.0s/0m05.0s  116 iters"));
}

TEST(Progress, PlainLinesShowStateAndShareInColumns) {
  EXPECT_THAT(
      RenderPlainLines(TwoScenarios()),
      ElementsAre("running (0m12.3s/1m0s), 05/10 VUs, 123 complete and 0 interrupted iterations",
                  "a        [  50% ] 05/10 VUs  0m12.0s/0m24.0s  7/20 iters",
                  "longer \u2713 [ 100% ] 0/3 VUs    0m05.0s/0m05.0s  116 iters"));
}

TEST(Progress, AgentsAndThresholdsHaveLinesWhereTheyAreWanted) {
  ProgressView view = TwoScenarios();
  view.agent_lines = {{.name = "agent-1",
                       .vus = 5,
                       .max_vus = 10,
                       .requests_per_s = 250,
                       .cpu = 0.456,
                       .lag = absl::Microseconds(1200),
                       .clock_within = absl::Microseconds(50)},
                      {.name = "b", .state = v1::AgentStatus::LOST, .failed_per_s = 1}};
  view.threshold_lines = {
      {"http_reqs", "count>1", v1::ThresholdStatus::PASSING, "25"},
      {"checks", "rate>0.9", v1::ThresholdStatus::NO_DATA, ""},
      {"http_req_duration", "p(95)<500", v1::ThresholdStatus::FAILING, "812.25ms"}};
  const std::vector<std::string> lines = Lines(view, 140);
  EXPECT_THAT(
      std::vector<std::string>(lines.begin() + 3, lines.end()),
      ElementsAre(
          "agent-1  connected  05/10 VUs  250 requests/s  0.0 failed/s  CPU 46%  lag 1.20ms  "
          "clock \u00b10.05ms",
          "b        lost       0/0 VUs    0.0 requests/s  1.0 failed/s  CPU -    lag 0.00ms  "
          "clock \u00b10.00ms",
          "\u2717  http_req_duration  'p(95)<500'  812.25ms",
          "\u2713  http_reqs          'count>1'    25",
          "\u2022  checks             'rate>0.9'   no data"));
}

// A status at 12 s of two scenarios whose agents have last reported at 11 s.
v1::RunStatus StatusAtTwelveSeconds() {
  v1::RunStatus status;
  status.set_state(v1::RunStatus::RUNNING);
  status.set_elapsed_s(12);
  v1::ScenarioStatus& timed = *status.add_scenarios();
  timed.set_name("timed");
  timed.set_state(v1::ScenarioProgress::RUNNING);
  timed.set_progress(0.55);
  timed.set_elapsed_s(11);
  v1::ScenarioStatus& counted = *status.add_scenarios();
  counted.set_name("counted");
  counted.set_state(v1::ScenarioProgress::RUNNING);
  counted.set_progress(0.25);
  counted.set_elapsed_s(11);
  return status;
}

InstancePlan TimedAndCounted() {
  std::vector<ScenarioConfig> scenarios(2);
  scenarios[0].name = "timed";
  scenarios[0].executor = ConstantVusConfig{.vus = 1, .duration = absl::Seconds(20)};
  scenarios[1].name = "counted";
  scenarios[1].executor =
      PerVuIterationsConfig{.vus = 1, .iterations = 4, .max_duration = absl::Minutes(1)};
  return *PlanInstance(scenarios, SegmentTuple());
}

TEST(Progress, TheShareOfATimedScenarioFollowsTheRunsClock) {
  const InstancePlan plan = TimedAndCounted();
  const ProgressView view = MakeProgressView(StatusAtTwelveSeconds(), &plan);
  EXPECT_DOUBLE_EQ(view.scenarios[0].progress, 0.6);  // 12 of 20 s, not the reported 11
  EXPECT_DOUBLE_EQ(view.scenarios[1].progress, 0.25);
}

TEST(Progress, TheTimeOfAnEndedScenarioStandsStill) {
  v1::RunStatus status = StatusAtTwelveSeconds();
  status.mutable_scenarios(1)->set_state(v1::ScenarioProgress::DONE);
  const InstancePlan plan = TimedAndCounted();
  const ProgressView view = MakeProgressView(status, &plan);
  EXPECT_EQ(view.scenarios[1].elapsed, absl::Seconds(11));
  EXPECT_DOUBLE_EQ(view.scenarios[1].progress, 1);
}

TEST(Progress, WhatHasNotCompletedWhenTheRunIsOverWasInterrupted) {
  v1::RunStatus status = StatusAtTwelveSeconds();
  status.mutable_scenarios(0)->set_state(v1::ScenarioProgress::DONE);
  status.mutable_scenarios(1)->set_state(v1::ScenarioProgress::WAITING);
  status.set_state(v1::RunStatus::SUMMARISING);
  const InstancePlan plan = TimedAndCounted();
  const ProgressView view = MakeProgressView(status, &plan);
  EXPECT_EQ(view.scenarios[0].state, v1::ScenarioProgress::DONE);
  EXPECT_EQ(view.scenarios[1].state, v1::ScenarioProgress::INTERRUPTED);
  EXPECT_TRUE(MakeProgressView(status, nullptr).scenarios.empty());
}

}  // namespace
}  // namespace lockstep::coordinator
