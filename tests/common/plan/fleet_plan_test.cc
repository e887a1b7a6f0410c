#include "common/plan/fleet_plan.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

std::vector<ScenarioConfig> Scenarios() {
  ScenarioConfig rate;
  rate.name = "rate";
  rate.executor = ConstantArrivalRateConfig{10, absl::Seconds(1), absl::Seconds(2), 7, 7};
  ScenarioConfig ramp;
  ramp.name = "ramp";
  ramp.start_time = absl::Seconds(1);
  ramp.graceful_stop = absl::ZeroDuration();
  ramp.executor = RampingVusConfig{0, {{{absl::Seconds(4), 4}}}, absl::ZeroDuration()};
  return {rate, ramp};
}

// Thirds: 7 VUs are 3, 2, 2, and starts follow them: 10/s are 4.29, 2.86 and 2.86 (as in k6: 0, .3,
// .5, .7, 1.0 and so on); VU n of the ramp starts after n seconds, and the fourth not at all, as
// the ramp then ends.
TEST(FleetPlan, TextForPeople) {
  const auto plan = PlanFleet(Scenarios(), {1, 1, 1}, Partition::kStriped);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(FleetPlanText(*plan),
            R"(3 agents, striped partition, 10 VUs, at most 32s (incl. graceful stop)

agent 1: segment 0:1/3 (33.33%), 4 VUs
  * rate: 4.29 iterations/s for 2s (maxVUs: 3, gracefulStop: 30s)
      VUs         0s: 3, 2s: 0
      iterations  9 of 20
      starts      0s, 300ms, 500ms, 700ms, 1s, ...
  * ramp: Up to 2 looping VUs for 4s over 1 stages (gracefulRampDown: 0s, startTime: 1s)
      VUs         1s: 0, 2s: 1, 5s: 0
      iterations  as many as the VUs can do
      starts      2s

agent 2: segment 1/3:2/3 (33.33%), 3 VUs
  * rate: 2.86 iterations/s for 2s (maxVUs: 2, gracefulStop: 30s)
      VUs         0s: 2, 2s: 0
      iterations  6 of 20
      starts      100ms, 400ms, 800ms, 1.1s, 1.5s, ...
  * ramp: Up to 1 looping VUs for 4s over 1 stages (gracefulRampDown: 0s, startTime: 1s)
      VUs         1s: 0, 3s: 1, 5s: 0
      iterations  as many as the VUs can do
      starts      3s

agent 3: segment 2/3:1 (33.33%), 3 VUs
  * rate: 2.86 iterations/s for 2s (maxVUs: 2, gracefulStop: 30s)
      VUs         0s: 2, 2s: 0
      iterations  5 of 20
      starts      200ms, 600ms, 900ms, 1.3s, 1.6s
  * ramp: Up to 1 looping VUs for 4s over 1 stages (gracefulRampDown: 0s, startTime: 1s)
      VUs         1s: 0, 4s: 1, 5s: 0
      iterations  as many as the VUs can do
      starts      4s
)");
}

TEST(FleetPlan, JsonIsWhatTheHeaderSays) {
  const auto plan = PlanFleet(Scenarios(), {2, 1}, Partition::kFair);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const nlohmann::ordered_json json = FleetPlanJson(Scenarios(), *plan);
  EXPECT_EQ(json["partition"], "fair");
  EXPECT_EQ(json["max_vus"], 10);
  EXPECT_EQ(json["max_duration_s"], 32.0);
  ASSERT_EQ(json["agents"].size(), 2u);
  const auto& second = json["agents"][1];
  EXPECT_EQ(second["agent"], 2);
  EXPECT_EQ(second["weight"], 1);
  EXPECT_EQ(second["segment"], "2/3:1");
  const auto& ramp = second["scenarios"][1];
  EXPECT_EQ(ramp["name"], "ramp");
  EXPECT_EQ(ramp["executor"], "ramping-vus");
  EXPECT_TRUE(ramp["iterations"].is_null());
  EXPECT_EQ(ramp["start_time_s"], 1.0);
  // Weights 2 and 1: owners 0, 1, 0 (turns at 1/2, 1, 3/2), so VUs 2 and 5 are the second agent's.
  EXPECT_EQ(ramp["vu_ids_in_test"], nlohmann::ordered_json({2}));
  EXPECT_EQ(ramp["first_starts_s"], nlohmann::ordered_json({3.0}));
  EXPECT_EQ(ramp["vus"],
            nlohmann::ordered_json::parse(
                R"([{"at_s":1.0,"vus":0},{"at_s":3.0,"vus":1},{"at_s":5.0,"vus":0}])"));
}

TEST(FleetPlan, AnAgentWithoutAVuHasNothingToDo) {
  ScenarioConfig shared;
  shared.name = "two";
  shared.executor = SharedIterationsConfig{2, 3};
  const auto plan = PlanFleet({shared}, {1, 1, 1}, Partition::kStriped);
  const std::string text = FleetPlanText(*plan);
  EXPECT_NE(text.find("agent 3: segment 2/3:1 (33.33%), 0 VUs\n  * two: nothing to do\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("iterations  2 of 3\n"), std::string::npos);
}

TEST(FleetPlan, EndlessScenariosNeverEnd) {
  ScenarioConfig control;
  control.name = "control";
  control.executor = ExternallyControlledConfig{2, 5, absl::ZeroDuration()};
  const auto plan = PlanFleet({control}, {1}, Partition::kStriped);
  EXPECT_TRUE(FleetPlanJson({control}, *plan)["max_duration_s"].is_null());
  EXPECT_EQ(FleetPlanText(*plan).substr(0, 52),
            "1 agent, striped partition, 5 VUs, until stopped\n\nag");
}

TEST(FleetPlan, APartByHandIsOneAgents) {
  const auto plan =
      PlanPart(Scenarios(), *SegmentSequence::Parse("0,1/3,2/3,1"), 2, Partition::kStriped);
  ASSERT_EQ(plan->agents.size(), 1u);
  EXPECT_EQ(plan->agents[0].segment.ToString(), "2/3:1");
  EXPECT_EQ(plan->whole.scenarios[0].iterations, 5);
}

TEST(FleetPlan, WeightsWithoutACommonMeasureAreNamed) {
  EXPECT_EQ(PlanFleet(Scenarios(), {16'777'216, 1}, Partition::kStriped).status().message(),
            "weights: 16777216,1 cannot be dealt out exactly: execution segment sequence "
            "0,16777216/16777217,1: the least common denominator of its lengths exceeds 16777216");
}

}  // namespace
}  // namespace lockstep
