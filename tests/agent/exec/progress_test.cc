#include "agent/exec/progress.h"

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

double After(const ExecutorConfig& executor, absl::Duration elapsed, int64_t iterations) {
  ScenarioConfig scenario;
  scenario.executor = executor;
  return PlannedProgress(*PlanScenario(scenario, SegmentTuple()), elapsed, iterations);
}

TEST(PlannedProgress, OfIterationsWhereTheyEndTheScenario) {
  const SharedIterationsConfig shared{.vus = 2, .iterations = 8};
  EXPECT_EQ(After(shared, absl::Hours(1), 2), 0.25);
  EXPECT_EQ(After(PerVuIterationsConfig{.vus = 2, .iterations = 5}, absl::Hours(1), 5), 0.5);
}

TEST(PlannedProgress, OfTimeElsewhere) {
  const ConstantVusConfig constant{.vus = 1, .duration = absl::Seconds(8)};
  EXPECT_EQ(After(constant, absl::Seconds(2), 1000), 0.25);
  EXPECT_EQ(After(constant, absl::Seconds(9), 0), 1);
  EXPECT_EQ(After(constant, -absl::Seconds(1), 0), 0);
  // 20 iterations are planned, but it is the duration that ends it.
  const ConstantArrivalRateConfig rate{
      .rate = 10, .duration = absl::Seconds(2), .pre_allocated_vus = 1, .max_vus = 1};
  EXPECT_EQ(After(rate, absl::Seconds(1), 20), 0.5);
}

TEST(PlannedProgress, ThereIsNoneWithoutAnEnd) {
  EXPECT_EQ(After(ExternallyControlledConfig{1, 1, absl::ZeroDuration()}, absl::Hours(9), 9), 0);
  EXPECT_EQ(After(ConstantVusConfig{.vus = 1, .duration = absl::ZeroDuration()}, absl::Hours(9), 9),
            0);
}

}  // namespace
}  // namespace lockstep::agent
