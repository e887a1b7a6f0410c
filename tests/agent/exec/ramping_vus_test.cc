
#include "common/schedule/vu_steps.h"
#include "tests/agent/exec/engine_fixture.h"

namespace lockstep::agent {
namespace {

class RampingVusTest : public EngineTest {
 protected:
  // VUs that run an iteration just after `at`.
  int64_t RunningAt(absl::Duration at) const {
    int64_t count = 0;
    for (const auto& agent : agents) {
      for (const IterationRecord& record : agent->pool.records()) {
        count += SinceT0(record.begin) <= at && SinceT0(record.end) > at;
      }
    }
    return count;
  }
};

// Conformance case executors/ramping-vus-levels.
RampingVusConfig Levels() {
  return {0,
          {{absl::Milliseconds(1500), 5},
           {absl::Seconds(1), 5},
           {absl::ZeroDuration(), 2},
           {absl::Milliseconds(1500), 2}},
          absl::ZeroDuration()};
}

TEST_F(RampingVusTest, LevelsFollowTheStages) {
  Play({Scenario(Levels(), absl::ZeroDuration())}, Taking(absl::Milliseconds(100)));
  EXPECT_EQ(agent().pool.initialised(), 5);
  EXPECT_EQ(RunningAt(absl::Milliseconds(299)), 0);
  for (int64_t n = 1; n <= 5; ++n) {
    EXPECT_EQ(RunningAt(absl::Milliseconds(300 * n)), n);
  }
  EXPECT_EQ(RunningAt(absl::Milliseconds(2499)), 5);
  EXPECT_EQ(RunningAt(absl::Milliseconds(2500)), 2);
  EXPECT_EQ(RunningAt(absl::Milliseconds(3999)), 2);
  EXPECT_EQ(SinceT0(agent().done_at), absl::Seconds(4));
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::DONE);
}

TEST_F(RampingVusTest, VusFollowTheRawStepsOfTheGolden) {
  // The stages of which k6's steps are known, with iterations so short that a VU that is to stop
  // has stopped.
  const RampingVusConfig config{4,
                                {{absl::Seconds(2), 6},
                                 {absl::Seconds(5), 1},
                                 {absl::Seconds(4), 5},
                                 {absl::Seconds(4), 1},
                                 {absl::Seconds(3), 4},
                                 {absl::Seconds(2), 4},
                                 {absl::ZeroDuration(), 1},
                                 {absl::Seconds(3), 1}}};
  Play({Scenario(config)}, Taking(absl::Milliseconds(10)));
  const int64_t kGolden[] = {4, 5, 6, 5, 4, 3, 2, 1, 2, 3, 4, 5, 4, 3, 2, 1, 2, 3, 4, 4, 1, 1, 1};
  for (int64_t second = 0; second < 23; ++second) {
    EXPECT_EQ(RunningAt(absl::Seconds(second) + absl::Milliseconds(500)), kGolden[second])
        << second;
  }
  EXPECT_EQ(SinceT0(agent().done_at), absl::Seconds(23));
}

TEST_F(RampingVusTest, GracefulRampDownLetsIterationsEnd) {
  const RampingVusConfig config{
      2,
      {{absl::Seconds(1), 2}, {absl::ZeroDuration(), 0}, {absl::Seconds(9), 0}},
      absl::Seconds(2)};
  FakeVuPool::Options options;
  options.duration = [](const IterationRecord& record) {
    return absl::Seconds(record.vu_in_instance == 1 ? 2 : 5);
  };
  Play({Scenario(config)}, options);
  ASSERT_EQ(records().size(), 2u);
  EXPECT_EQ(records()[0].how, IterationEnd::kFull);
  EXPECT_EQ(SinceT0(records()[0].end), absl::Seconds(2));
  // Ramped down at 1 s, interrupted at 3 s.
  EXPECT_EQ(records()[1].how, IterationEnd::kInterrupted);
  EXPECT_EQ(SinceT0(records()[1].end), absl::Seconds(3));
  EXPECT_EQ(SinceT0(agent().done_at), absl::Seconds(10));
}

TEST_F(RampingVusTest, AVuRampedUpAgainWithinTheWindowGoesOn) {
  const RampingVusConfig config{1,
                                {{absl::Seconds(1), 1},
                                 {absl::ZeroDuration(), 0},
                                 {absl::Seconds(2), 0},
                                 {absl::ZeroDuration(), 1},
                                 {absl::Seconds(7), 1}},
                                absl::Seconds(4)};
  Play({Scenario(config)}, Taking(absl::Seconds(6)));
  // Down at 1 s, up again at 3 s, before its iteration or the window has ended: not interrupted at
  // 5 s, the next iteration follows at 6 s.
  ASSERT_EQ(records().size(), 2u);
  EXPECT_EQ(records()[0].how, IterationEnd::kFull);
  EXPECT_EQ(SinceT0(records()[1].begin), absl::Seconds(6));
  EXPECT_EQ(records()[1].vu_in_instance, records()[0].vu_in_instance);
}

TEST_F(RampingVusTest, AVuRampedUpWhileItBecomesIdleIsSetToWorkAgain) {
  const RampingVusConfig config{1,
                                {{absl::Seconds(1), 1},
                                 {absl::ZeroDuration(), 0},
                                 {absl::Milliseconds(30), 0},
                                 {absl::ZeroDuration(), 1},
                                 {absl::Seconds(2), 1}},
                                absl::Seconds(4)};
  FakeVuPool::Options options = Taking(absl::Milliseconds(995));
  options.hop = absl::Milliseconds(20);
  // The VU begins at 20 ms and sees at 1015 ms that it is not wanted; the conductor hears of it at
  // 1035 ms, after it has wanted it again at 1030 ms.
  Play({Scenario(config)}, options);
  ASSERT_GE(records().size(), 2u);
  EXPECT_EQ(SinceT0(records()[1].begin), absl::Milliseconds(1055));
  EXPECT_EQ(records()[0].how, IterationEnd::kFull);
}

TEST_F(RampingVusTest, GracefulStopCutsTheRampDownsWindow) {
  const RampingVusConfig config{3, {{absl::Seconds(3), 0}}, absl::Seconds(30)};
  Play({Scenario(config, absl::Seconds(2))}, Taking(absl::InfiniteDuration()));
  EXPECT_EQ(Count(records(), IterationEnd::kInterrupted), 3);
  EXPECT_EQ(SinceT0(agent().done_at), absl::Seconds(5));
}

TEST_F(RampingVusTest, VusRampedDownAtTheVeryEndHaveTheRampDownsWindow) {
  const RampingVusConfig config{1, {{absl::Seconds(3), 0}}, absl::Seconds(1)};
  Play({Scenario(config, absl::Seconds(30))}, Taking(absl::InfiniteDuration()));
  EXPECT_EQ(SinceT0(agent().done_at), absl::Seconds(4));
}

TEST_F(RampingVusTest, ReservedVusAlwaysSuffice) {
  // Never more VUs at once than the plan reserves, even with iterations that use up all windows.
  const RampingVusConfig config{
      4,
      {{absl::Seconds(2), 6}, {absl::Seconds(5), 1}, {absl::Seconds(4), 5}, {absl::Seconds(4), 1}},
      absl::Seconds(3)};
  const ScenarioConfig scenario = Scenario(config, absl::Seconds(5));
  Play({scenario}, Taking(absl::InfiniteDuration()));
  const auto plan = PlanScenario(scenario, SegmentTuple());
  for (const VuStep& step : plan->reserved) {
    EXPECT_LE(RunningAt(step.at), step.vus) << step.at;
  }
  EXPECT_EQ(agent().pool.initialised(), plan->planned_vus);
}

}  // namespace
}  // namespace lockstep::agent
