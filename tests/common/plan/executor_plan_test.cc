#include <gtest/gtest.h>

#include "common/plan/plan.h"

namespace lockstep {
namespace {

ScenarioConfig ScenarioOf(ExecutorConfig executor) {
  ScenarioConfig scenario;
  scenario.name = "s";
  scenario.executor = std::move(executor);
  return scenario;
}

SegmentTuple Part(absl::string_view sequence, size_t index) {
  return *SegmentTuple::Make(*SegmentSequence::Parse(sequence), index);
}

std::string Describe(const ScenarioConfig& scenario, const SegmentTuple& segment) {
  return PlanScenario(scenario, segment)->description;
}

TEST(PlannedDescription, EveryExecutorOfK6) {
  const SegmentTuple whole;
  EXPECT_EQ(Describe(ScenarioOf(ConstantVusConfig{10, absl::Minutes(1)}), whole),
            "10 looping VUs for 1m0s (gracefulStop: 30s)");
  EXPECT_EQ(Describe(ScenarioOf(SharedIterationsConfig{2, 5, absl::Minutes(10)}), whole),
            "5 iterations shared among 2 VUs (maxDuration: 10m0s, gracefulStop: 30s)");
  EXPECT_EQ(Describe(ScenarioOf(PerVuIterationsConfig{}), whole),
            "1 iterations for each of 1 VUs (maxDuration: 10m0s, gracefulStop: 30s)");
  EXPECT_EQ(
      Describe(ScenarioOf(RampingVusConfig{1, {{absl::Seconds(2), 10}, {absl::Seconds(1), 0}}}),
               whole),
      "Up to 10 looping VUs for 3s over 2 stages (gracefulRampDown: 30s, gracefulStop: 30s)");
  EXPECT_EQ(
      Describe(ScenarioOf(ConstantArrivalRateConfig{10, absl::Seconds(1), absl::Seconds(2), 5, 10}),
               whole),
      "10.00 iterations/s for 2s (maxVUs: 5-10, gracefulStop: 30s)");
  EXPECT_EQ(Describe(ScenarioOf(RampingArrivalRateConfig{
                         0, absl::Seconds(1), {{absl::Seconds(2), 20}}, 10, 10}),
                     whole),
            "Up to 20.00 iterations/s for 2s over 1 stages (maxVUs: 10, gracefulStop: 30s)");
}

TEST(PlannedDescription, ExternallyControlled) {
  EXPECT_EQ(Describe(ScenarioOf(ExternallyControlledConfig{2, 5, {}}), SegmentTuple()),
            "2 externally controlled VUs until stopped (maxVUs: 5, gracefulStop: 30s)");
  EXPECT_EQ(Describe(ScenarioOf(ExternallyControlledConfig{2, 5, absl::Hours(1)}), SegmentTuple()),
            "2 externally controlled VUs for 1h0m0s (maxVUs: 5, gracefulStop: 30s)");
}

TEST(PlannedDescription, CommonFactsFollowTheExecutorsOwn) {
  ScenarioConfig scenario = ScenarioOf(ConstantVusConfig{3, absl::Milliseconds(90'500)});
  scenario.exec = "other";
  scenario.start_time = absl::Milliseconds(500);
  scenario.graceful_stop = absl::ZeroDuration();
  EXPECT_EQ(Describe(scenario, SegmentTuple()),
            "3 looping VUs for 1m30.5s (exec: other, startTime: 500ms)");
  scenario = ScenarioOf(ConstantVusConfig{3, absl::Seconds(2)});
  scenario.graceful_stop = absl::ZeroDuration();
  EXPECT_EQ(Describe(scenario, SegmentTuple()), "3 looping VUs for 2s");
  scenario.executor = RampingVusConfig{0, {{absl::Seconds(4), 5}}, absl::ZeroDuration()};
  EXPECT_EQ(Describe(scenario, SegmentTuple()),
            "Up to 5 looping VUs for 4s over 1 stages (gracefulRampDown: 0s)");
}

TEST(PlannedDescription, PartsOfATestSayTheirShare) {
  const SegmentTuple half = Part("0,1/2,1", 1);
  EXPECT_EQ(Describe(ScenarioOf(SharedIterationsConfig{5, 10, absl::Minutes(10)}), half),
            "4 iterations shared among 2 VUs (maxDuration: 10m0s, gracefulStop: 30s)");
  EXPECT_EQ(
      Describe(ScenarioOf(ConstantArrivalRateConfig{10, absl::Seconds(1), absl::Seconds(2), 5, 11}),
               half),
      "4.55 iterations/s for 2s (maxVUs: 2-5, gracefulStop: 30s)");  // 5 of 11 VUs
}

}  // namespace
}  // namespace lockstep
