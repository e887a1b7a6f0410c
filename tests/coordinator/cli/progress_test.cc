#include "coordinator/cli/progress.h"

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
  view.scenarios = {
      {"a", ScenarioState::kRunning, 0.5, 5, 10, absl::Seconds(12), absl::Seconds(24), {}, 7, 20},
      {"longer", ScenarioState::kDone, 1, 0, 3, absl::Seconds(9), absl::Seconds(5), {}, 116, -1}};
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

TEST(Progress, PlainLinesShowStateAndShare) {
  EXPECT_THAT(
      RenderPlainLines(TwoScenarios()),
      ElementsAre("running (0m12.3s/1m0s), 05/10 VUs, 123 complete and 0 interrupted iterations",
                  "a   [  50% ] 05/10 VUs  0m12.0s/0m24.0s  7/20 iters",
                  "longer \u2713 [ 100% ] 0/3 VUs  0m05.0s/0m05.0s  116 iters"));
}

}  // namespace
}  // namespace lockstep::coordinator
