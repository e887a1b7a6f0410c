#include "common/plan/plan.h"

#include <numeric>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

constexpr absl::Duration kSecond = absl::Seconds(1);

ScenarioConfig Scenario(ExecutorConfig executor, absl::Duration start = absl::ZeroDuration(),
                        absl::Duration graceful_stop = absl::Seconds(30)) {
  ScenarioConfig scenario;
  scenario.name = "s";
  scenario.start_time = start;
  scenario.graceful_stop = graceful_stop;
  scenario.executor = std::move(executor);
  return scenario;
}

InstancePlan Plan(const std::vector<ScenarioConfig>& scenarios,
                  const SegmentTuple& segment = SegmentTuple()) {
  auto plan = PlanInstance(scenarios, segment);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return *std::move(plan);
}

TEST(PlanScenario, SharedIterationsFollowVus) {
  const auto thirds = *SegmentTuple::MakeAll(*SegmentSequence::Parse("0,1/3,2/3,1"));
  const ScenarioConfig scenario = Scenario(SharedIterationsConfig{2, 3, absl::Minutes(10)});
  std::vector<int64_t> vus;
  std::vector<int64_t> iterations;
  for (const SegmentTuple& segment : thirds) {
    const auto plan = PlanScenario(scenario, segment);
    ASSERT_TRUE(plan.ok());
    vus.push_back(plan->planned_vus);
    iterations.push_back(plan->iterations);
    EXPECT_EQ(plan->has_work, plan->iterations > 0);
    EXPECT_EQ(plan->first_start.has_value(), plan->has_work);
  }
  EXPECT_EQ(vus, (std::vector<int64_t>{1, 1, 0}));
  EXPECT_EQ(iterations, (std::vector<int64_t>{2, 1, 0}));
}

TEST(PlanScenario, PerVuIterationsMultiply) {
  const auto plan = PlanScenario(Scenario(PerVuIterationsConfig{3, 4}), SegmentTuple());
  EXPECT_EQ(plan->iterations, 12);
  EXPECT_EQ(plan->regular_duration, absl::Minutes(10));
}

TEST(PlanScenario, RampingVusReserveTheirGracefulWindows) {
  const auto plan =
      PlanScenario(Scenario(RampingVusConfig{0, {{absl::Seconds(4), 4}, {absl::Seconds(4), 0}}}),
                   SegmentTuple());
  EXPECT_EQ(plan->planned_vus, 4);
  EXPECT_EQ(plan->reserved.back(), (VuStep{absl::Seconds(38), 0}));
  EXPECT_EQ(plan->first_start, kSecond);
  EXPECT_EQ(plan->iterations, -1);
}

TEST(PlanScenario, ArrivalRateKeepsUnplannedVusApart) {
  const auto plan = PlanScenario(
      Scenario(ConstantArrivalRateConfig{10, kSecond, absl::Seconds(2), 5, 8}), SegmentTuple());
  EXPECT_EQ(plan->planned_vus, 5);
  EXPECT_EQ(plan->max_vus, 8);
  EXPECT_EQ(plan->iterations, 20);
  EXPECT_EQ(plan->first_start, absl::ZeroDuration());
  const auto ramp =
      PlanScenario(Scenario(RampingArrivalRateConfig{10, kSecond, {{absl::Seconds(5), 10}}, 5, 5}),
                   SegmentTuple());
  EXPECT_EQ(ramp->iterations, 50);
  EXPECT_EQ(ramp->first_start, absl::Milliseconds(100));
}

TEST(PlanScenario, AnUncountableScheduleNamesTheScenario) {
  EXPECT_EQ(
      PlanScenario(Scenario(ConstantArrivalRateConfig{1, kSecond, -kSecond, 1, 1}), SegmentTuple())
          .status()
          .message(),
      "scenarios.s.duration: must be between 0 and 146 years, got -1s");
  EXPECT_EQ(PlanScenario(Scenario(PerVuIterationsConfig{4, INT64_MAX}), SegmentTuple())
                .status()
                .message(),
            "scenarios.s.iterations: more than 2^63 over all VUs");
}

TEST(PlanInstance, OverlappingScenariosAddUp) {
  const InstancePlan plan = Plan({Scenario(ConstantVusConfig{3, absl::Seconds(10)}),
                                  Scenario(ConstantVusConfig{4, absl::Seconds(10)})});
  EXPECT_EQ(plan.planned_vus, 7);
  EXPECT_EQ(plan.max_vus, 7);
  EXPECT_EQ(plan.regular_duration, absl::Seconds(10));
  EXPECT_EQ(plan.max_duration, absl::Seconds(40));
}

TEST(PlanInstance, GracefulStopCountsAsOverlap) {
  const ScenarioConfig first = Scenario(ConstantVusConfig{3, absl::Seconds(10)});
  EXPECT_EQ(Plan({first, Scenario(ConstantVusConfig{4, kSecond}, absl::Seconds(39))}).planned_vus,
            7);
  EXPECT_EQ(Plan({first, Scenario(ConstantVusConfig{4, kSecond}, absl::Seconds(40))}).planned_vus,
            4);
}

TEST(PlanInstance, UnplannedVusCountWhileTheirScenarioLasts) {
  const ScenarioConfig rate =
      Scenario(ConstantArrivalRateConfig{10, kSecond, absl::Seconds(2), 0, 8});
  const InstancePlan apart =
      Plan({rate, Scenario(ConstantVusConfig{4, kSecond}, absl::Seconds(32))});
  EXPECT_EQ(apart.planned_vus, 4);
  EXPECT_EQ(apart.max_vus, 8);
  const InstancePlan together =
      Plan({rate, Scenario(ConstantVusConfig{4, kSecond}, absl::Seconds(31))});
  EXPECT_EQ(together.max_vus, 12);
}

TEST(PlanInstance, AnInstanceWithoutVusSkipsTheScenario) {
  const auto thirds = *SegmentTuple::MakeAll(*SegmentSequence::Parse("0,1/3,2/3,1"));
  const InstancePlan plan = Plan({Scenario(ConstantVusConfig{2, kSecond}),
                                  Scenario(ConstantArrivalRateConfig{9, kSecond, kSecond, 2, 2})},
                                 thirds[2]);
  EXPECT_EQ(plan.scenarios_with_work(), 0);
  EXPECT_EQ(plan.max_vus, 0);
  EXPECT_EQ(plan.max_duration, absl::ZeroDuration());
}

TEST(PlanInstance, EndlessScenariosHaveNoEnd) {
  const InstancePlan plan = Plan({Scenario(ExternallyControlledConfig{2, 6, {}})});
  EXPECT_EQ(plan.planned_vus, 6);
  EXPECT_EQ(plan.max_duration, absl::InfiniteDuration());
}

// Two tiers: over all instances, VUs and iterations of each executor add up to the test's.
TEST(PlanInstance, InstancesAddUpToTheTest) {
  const std::vector<ScenarioConfig> scenarios = {
      Scenario(SharedIterationsConfig{7, 50, kSecond}),
      Scenario(PerVuIterationsConfig{11, 3, kSecond}),
      Scenario(ConstantVusConfig{13, kSecond}),
      Scenario(ConstantArrivalRateConfig{97, kSecond, absl::Seconds(3), 7, 19}),
      Scenario(RampingArrivalRateConfig{3, kSecond, {{absl::Seconds(7), 31}}, 3, 5}),
  };
  const InstancePlan whole = Plan(scenarios);
  for (const char* sequence : {"0,1/2,1", "0,1/3,2/3,1", "0,10%,50%,1", "0,1/7,2/7,3/7,1"}) {
    SCOPED_TRACE(sequence);
    const auto tuples = SegmentTuple::MakeAll(*SegmentSequence::Parse(sequence));
    std::vector<InstancePlan> parts;
    for (const SegmentTuple& tuple : *tuples) {
      parts.push_back(Plan(scenarios, tuple));
    }
    for (size_t i = 0; i < scenarios.size(); ++i) {
      const auto sum = [&](auto member) {
        return std::accumulate(parts.begin(), parts.end(), int64_t{0},
                               [&](int64_t before, const InstancePlan& part) {
                                 return before + part.scenarios[i].*member;
                               });
      };
      EXPECT_EQ(sum(&ScenarioPlan::planned_vus), whole.scenarios[i].planned_vus);
      EXPECT_EQ(sum(&ScenarioPlan::max_vus), whole.scenarios[i].max_vus);
      if (whole.scenarios[i].iterations >= 0) {
        EXPECT_EQ(sum(&ScenarioPlan::iterations), whole.scenarios[i].iterations);
      }
    }
  }
}

TEST(StartsBetween, CountsWhatTheSchedulesGiveToAPart) {
  ScenarioConfig rate;
  rate.name = "rate";
  rate.start_time = absl::Seconds(5);
  rate.executor = ConstantArrivalRateConfig{
      .rate = 10, .duration = absl::Seconds(10), .pre_allocated_vus = 4, .max_vus = 4};
  ScenarioConfig vus;
  vus.name = "vus";
  vus.executor = ConstantVusConfig{.vus = 2, .duration = absl::Seconds(10)};
  const auto halves = SegmentTuple::MakeAll(*SegmentSequence::Parse("0,1/2,1"));
  const InstancePlan half = *PlanInstance({rate, vus}, (*halves)[0]);
  EXPECT_EQ(StartsBetween(half, absl::ZeroDuration(), absl::InfiniteDuration()),
            (std::vector<int64_t>{50, -1}));
  EXPECT_EQ(StartsBetween(half, absl::ZeroDuration(), absl::Seconds(5)),
            (std::vector<int64_t>{0, -1}));
  EXPECT_EQ(StartsBetween(half, absl::Seconds(6), absl::Seconds(7)), (std::vector<int64_t>{5, -1}));
  EXPECT_EQ(StartsBetween(half, absl::Seconds(20), absl::Seconds(30)),
            (std::vector<int64_t>{0, -1}));
}

TEST(DescribePlan, HeadOfTheSummary) {
  const auto text = [](const std::vector<ScenarioConfig>& scenarios, const SegmentTuple& segment) {
    return DescribePlan(*PlanInstance(scenarios, segment), segment);
  };
  EXPECT_EQ(text({Scenario(ConstantVusConfig{10, absl::Minutes(1)})}, SegmentTuple()),
            "(100.00%) 1 scenario, 10 max VUs, 1m30s max duration (incl. graceful stop)");
  EXPECT_EQ(text({Scenario(ConstantVusConfig{7, absl::Seconds(1)}),
                  Scenario(ConstantVusConfig{1, absl::Seconds(1)})},
                 *SegmentTuple::Make(*SegmentSequence::Parse("0,1/2,3/4,1"), 1)),
            "(25.00%) 1 scenario, 2 max VUs, 31s max duration (incl. graceful stop)");
  EXPECT_EQ(text({Scenario(ExternallyControlledConfig{2, 5, {}})}, SegmentTuple()),
            "(100.00%) 1 scenario, 5 max VUs, infinite max duration (incl. graceful stop)");
}

}  // namespace
}  // namespace lockstep
