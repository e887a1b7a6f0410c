#include "coordinator/console/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

using testing::ElementsAre;

ProgressView TwoScenarios() {
  ProgressView view;
  view.elapsed = absl::Milliseconds(12345);
  view.total = absl::Minutes(1);
  view.vus = 5;
  view.max_vus = 10;
  view.complete = 123;
  view.scenarios = {{"a",
                     v1::ScenarioProgress::RUNNING,
                     0.5,
                     5,
                     10,
                     absl::Seconds(12),
                     absl::Seconds(24),
                     {},
                     7,
                     20},
                    {"longer",
                     v1::ScenarioProgress::DONE,
                     1,
                     0,
                     3,
                     absl::Seconds(9),
                     absl::Seconds(5),
                     {},
                     116,
                     -1}};
  return view;
}

TEST(Progress, RunLineHasFixedFields) {
  EXPECT_EQ(RenderRunLine(TwoScenarios()),
            "running (0m12.3s/1m0s), 05/10 VUs, 123 complete and 0 interrupted iterations");
}

TEST(Progress, TerminalLinesAreAligned) {
  EXPECT_THAT(
      RenderTerminalLines(TwoScenarios(), 120, false),
      ElementsAre("running (0m12.3s/1m0s), 05/10 VUs, 123 complete and 0 interrupted iterations",
                  "a        [==================>-------------------] 05/10 VUs  0m12.0s/0m24.0s  "
                  "7/20 iters",
                  "longer \u2713 [======================================] 0/3 VUs    "
                  "0m05.0s/0m05.0s  116 iters"));
}

TEST(Progress, NarrowTerminalsDropTheBar) {
  EXPECT_EQ(RenderTerminalLines(TwoScenarios(), 70, false)[1],
            "a        [  50% ] 05/10 VUs  0m12.0s/0m24.0s  7/20 iters");
  EXPECT_EQ(RenderTerminalLines(TwoScenarios(), 50, false)[1],
            "a        05/10 VUs  0m12.0s/0m24.0s  7/20 iters");
}

TEST(Progress, NamesAreAlignedByTheColumnsThatTheyTake) {
  ProgressView view = TwoScenarios();
  view.scenarios[0].name = "登录";
  view.scenarios[1].name =
      "支付支付支付支付支付支付支付支付";  // 32 columns: 28 are kept, of at most 29
  EXPECT_THAT(
      RenderPlainLines(view),
      ElementsAre(testing::_,
                  "登录                            [  50% ] 05/10 VUs  0m12.0s/0m24.0s  7/20 iters",
                  "支付支付支付支付支付支付支付\u2026 \u2713 [ 100% ] 0/3 VUs    "
                  "0m05.0s/0m05.0s  116 iters"));
}

TEST(Progress, PlainLinesShowStateAndShareInColumns) {
  EXPECT_THAT(
      RenderPlainLines(TwoScenarios()),
      ElementsAre("running (0m12.3s/1m0s), 05/10 VUs, 123 complete and 0 interrupted iterations",
                  "a        [  50% ] 05/10 VUs  0m12.0s/0m24.0s  7/20 iters",
                  "longer \u2713 [ 100% ] 0/3 VUs    0m05.0s/0m05.0s  116 iters"));
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
  const ProgressView view = MakeProgressView(StatusAtTwelveSeconds(), TimedAndCounted());
  EXPECT_DOUBLE_EQ(view.scenarios[0].progress, 0.6);  // 12 of 20 s, not the reported 11
  EXPECT_DOUBLE_EQ(view.scenarios[1].progress, 0.25);
}

TEST(Progress, TheTimeOfAnEndedScenarioStandsStill) {
  v1::RunStatus status = StatusAtTwelveSeconds();
  status.mutable_scenarios(1)->set_state(v1::ScenarioProgress::DONE);
  const ProgressView view = MakeProgressView(status, TimedAndCounted());
  EXPECT_EQ(view.scenarios[1].elapsed, absl::Seconds(11));
  EXPECT_DOUBLE_EQ(view.scenarios[1].progress, 1);
}

}  // namespace
}  // namespace lockstep::coordinator
