// Engines whose work is divided anew while they run.
#include <map>

#include <gmock/gmock.h>

#include "tests/agent/exec/engine_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MovingWorkTest : public EngineTest {
 protected:
  MovingWorkTest() { moves = true; }
  // Tells those that are left, by their index, to go on among themselves from `at` on.
  void Divide(const std::vector<size_t>& left, absl::Duration at,
              const std::vector<ScenarioConfig>& scenarios) {
    const std::vector<int64_t> weights(left.size(), 1);
    const auto tuples = SegmentTuple::MakeAll(*SegmentSequence::FromWeights(weights));
    for (size_t i = 0; i < left.size(); ++i) {
      ScenarioEngine& engine = *agents[left[i]]->engine;
      InstancePlan plan = *PlanInstance(scenarios, (*tuples)[i]);
      ASSERT_TRUE(engine.Hold(at));
      engine.Expect(plan);
      engine.Divide(std::move(plan), (*tuples)[i]);
    }
  }
  void RunUntil(absl::Duration after_t0) { loop.RunFor(t0 + after_t0 - loop.clock().Mono()); }
};

// Three agents share 30 starts a second; the third goes after one second, and from two seconds on
// the others do all.
TEST_F(MovingWorkTest, TheRestOfARateIsThatOfTheUncutTest) {
  const std::vector<ScenarioConfig> scenarios = {
      Scenario(ConstantArrivalRateConfig{30, kSecond, absl::Seconds(4), 9, 9})};
  Make(scenarios, Taking(absl::Milliseconds(100)), "0,1/3,2/3,1");
  Start();
  RunUntil(absl::Milliseconds(990));
  agents[2]->engine->Stop();
  RunUntil(absl::Milliseconds(1500));
  Divide({0, 1}, absl::Seconds(2), scenarios);
  Finish();
  std::map<int64_t, absl::Duration> begun;
  for (const auto& [at, number] : AllBegins()) {
    EXPECT_TRUE(begun.emplace(number, at).second) << number;
  }
  for (int64_t number = 0; number < 120; ++number) {
    const bool lost = number >= 30 && number < 60 && number % 3 == 2;
    EXPECT_EQ(begun.contains(number), !lost) << number;
  }
  for (const auto& [number, at] : begun) {
    EXPECT_LE(absl::AbsDuration(at - kSecond * number / 30), absl::Nanoseconds(1)) << number;
  }
  EXPECT_EQ(agents[0]->pool.initialised(), 5);  // of nine for the two of them, where three were
}

TEST_F(MovingWorkTest, NothingDueAtTheInstantBeginsUntilAllHaveAgreed) {
  const std::vector<ScenarioConfig> scenarios = {
      Scenario(ConstantArrivalRateConfig{10, kSecond, absl::Seconds(3), 4, 4})};
  Make(scenarios, Taking(absl::Milliseconds(10)));
  Start();
  RunUntil(absl::Milliseconds(500));
  EXPECT_TRUE(agent().engine->Hold(absl::Seconds(1)));
  RunUntil(absl::Milliseconds(1500));
  EXPECT_EQ(records().size(), 10u);
  // Another instant takes the place of that one: what is before it begins, late.
  EXPECT_TRUE(agent().engine->Hold(absl::Seconds(2)));
  RunUntil(absl::Milliseconds(1501));
  EXPECT_EQ(records().size(), 14u);  // four in one go: so many VUs are there
  RunUntil(absl::Milliseconds(2500));
  EXPECT_EQ(records().back().iteration.intended, t0 + absl::Milliseconds(1900));
  agent().engine->Divide(*PlanInstance(scenarios, SegmentTuple()), SegmentTuple());
  Finish();
  // 30 were due, of which 5 at once twice: for one of them there was no VU, and it took no number.
  EXPECT_EQ(records().back().iteration.in_test, 27);
}

TEST_F(MovingWorkTest, WhatHasBegunCannotBeHeld) {
  Make({Scenario(ConstantArrivalRateConfig{10, kSecond, absl::Seconds(2), 4, 4})},
       Taking(absl::Milliseconds(10)));
  Start();
  RunUntil(absl::Milliseconds(950));
  EXPECT_FALSE(agent().engine->Hold(absl::Milliseconds(900)));
  EXPECT_TRUE(agent().engine->Hold(absl::Milliseconds(901)));
  RunUntil(absl::Milliseconds(1100));
  EXPECT_EQ(records().size(), 10u);
}

TEST_F(MovingWorkTest, BeyondItsFenceNothingBegins) {
  Make({Scenario(ConstantArrivalRateConfig{10, kSecond, absl::Seconds(2), 10, 10})},
       Taking(absl::Milliseconds(10)));
  Start();
  agent().engine->SetFence(t0 + absl::Milliseconds(1000));
  RunUntil(absl::Milliseconds(1400));
  EXPECT_EQ(records().size(), 10u);
  agent().engine->SetFence(t0 + absl::Seconds(10));  // the lease was renewed after all
  Finish();
  EXPECT_EQ(records().size(), 20u);
}

TEST_F(MovingWorkTest, VusComeAndGoWithTheDivision) {
  const std::vector<ScenarioConfig> scenarios = {
      Scenario(ConstantVusConfig{7, absl::Seconds(6)}, absl::ZeroDuration())};
  Make(scenarios, Taking(absl::Milliseconds(50)), "0,1/3,2/3,1");
  Start();
  RunUntil(absl::Seconds(1));
  EXPECT_EQ(agents[0]->pool.running(), 3);
  Divide({0, 1}, absl::Seconds(2), scenarios);
  RunUntil(absl::Milliseconds(2500));
  EXPECT_EQ(agents[0]->pool.running(), 4);
  EXPECT_EQ(agents[1]->pool.running(), 3);
  Divide({0, 1, 2}, absl::Seconds(3), scenarios);
  RunUntil(absl::Milliseconds(3500));
  EXPECT_EQ(agents[0]->pool.running(), 3);
  EXPECT_EQ(agents[1]->pool.running(), 2);
  Finish();
}

TEST_F(MovingWorkTest, ARampGoesOnWhereTheWholeIs) {
  const std::vector<ScenarioConfig> scenarios = {Scenario(
      RampingVusConfig{0, {{absl::Seconds(10), 10}}, absl::ZeroDuration()}, absl::ZeroDuration())};
  Make(scenarios, Taking(absl::Milliseconds(50)), "0,1/2,1");
  Start();
  RunUntil(absl::Milliseconds(5500));
  EXPECT_EQ(agents[0]->pool.running() + agents[1]->pool.running(), 5);
  Divide({1}, absl::Seconds(6), scenarios);
  RunUntil(absl::Milliseconds(6500));
  EXPECT_EQ(agents[1]->pool.running(), 6);
  RunUntil(absl::Milliseconds(8500));
  EXPECT_EQ(agents[1]->pool.running(), 8);
  Finish();
}

TEST_F(MovingWorkTest, WithoutWorkAnAgentStaysForWhatMayCome) {
  const std::vector<ScenarioConfig> scenarios = {
      Scenario(ConstantVusConfig{1, absl::Seconds(4)}, absl::ZeroDuration())};
  Make(scenarios, Taking(absl::Milliseconds(50)), "0,1/2,1");
  Start();
  RunUntil(absl::Seconds(1));
  EXPECT_FALSE(agents[1]->done);
  EXPECT_EQ(agents[1]->pool.running(), 0);
  Divide({1}, absl::Seconds(2), scenarios);
  RunUntil(absl::Milliseconds(2500));
  EXPECT_EQ(agents[1]->pool.running(), 1);
  Finish();
}

TEST_F(MovingWorkTest, HandsOverAtTheInstant) {
  Make({Scenario(ConstantArrivalRateConfig{10, kSecond, absl::Seconds(3), 4, 4})},
       Taking(absl::Milliseconds(300)));
  Start();
  RunUntil(absl::Milliseconds(500));
  EXPECT_TRUE(agent().engine->Hold(absl::Seconds(1)));
  agent().engine->EndAtHold();
  Finish();
  EXPECT_EQ(records().size(), 10u);
  EXPECT_EQ(agent().dropped(), 0);
  EXPECT_EQ(SinceT0(agent().done_at), absl::Milliseconds(1200));
}

// ---- shared iterations ----

TEST_F(MovingWorkTest, IterationsOfAPoolAreAskedForAheadOfTheStart) {
  Make({Scenario(SharedIterationsConfig{3, 100})}, Taking(absl::Milliseconds(100)));
  Start();
  RunUntil(absl::Milliseconds(-1));
  ASSERT_EQ(agent().asked.size(), 1u);
  EXPECT_EQ(agent().asked[0].wanted, 3);
  agent().engine->Lease("s", 40, 3);
  RunUntil(absl::Milliseconds(150));
  EXPECT_EQ(Numbers(0), (std::vector<int64_t>{40, 41, 42}));
  EXPECT_EQ(SinceT0(records()[2].begin), absl::ZeroDuration());
  // It has asked when there was little left.
  ASSERT_EQ(agent().asked.size(), 2u);
  EXPECT_EQ(agent().asked[1].begun, 3);
  EXPECT_GE(agent().asked[1].wanted, 6);
  agent().engine->Lease("s", 50, 2);
  RunUntil(absl::Milliseconds(180));
  EXPECT_EQ(records().size(), 5u);
  RunUntil(absl::Milliseconds(400));
  EXPECT_FALSE(agent().done);
  agent().engine->Lease("s", 0, 0);
  Finish();
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::DONE);
  EXPECT_EQ(agent().dropped(), 0);
}

TEST_F(MovingWorkTest, VusThatBeginAtOneInstantAreNoSpeed) {
  Make({Scenario(SharedIterationsConfig{3, 100'000})}, Taking(absl::Milliseconds(100)));
  Start();
  agent().engine->Lease("s", 0, 3);
  for (int64_t turn = 1; turn <= 20; ++turn) {
    RunUntil(absl::Milliseconds(100 * turn - 50));
    agent().engine->Lease("s", 3 * turn, 3);
  }
  RunUntil(absl::Milliseconds(2000));
  ASSERT_GT(agent().asked.size(), 20u);
  for (const auto& asked : agent().asked) {
    EXPECT_LE(asked.wanted, 30);  // what three VUs begin in a second
  }
}

TEST_F(MovingWorkTest, WhatHasNotBegunGoesBackFromAnAgentThatEnds) {
  Make({Scenario(SharedIterationsConfig{2, 100})}, Taking(absl::Milliseconds(100)));
  Start();
  agent().engine->Lease("s", 0, 10);
  RunUntil(absl::Milliseconds(150));
  agent().engine->GracefulStop();
  Finish();
  EXPECT_EQ(records().size(), 4u);
  EXPECT_THAT(agent().returned, ElementsAre(std::make_pair(int64_t{4}, int64_t{6})));
  EXPECT_EQ(agent().dropped(), 0);
}

TEST_F(MovingWorkTest, BeforeItsStartAScenarioGivesAllBack) {
  Make({Scenario(SharedIterationsConfig{2, 100}, kSecond, absl::Seconds(5))},
       Taking(absl::Milliseconds(100)));
  Start();
  RunUntil(absl::Milliseconds(4500));
  agent().engine->Lease("s", 0, 2);
  agent().engine->GracefulStop();
  Finish();
  EXPECT_THAT(records(), IsEmpty());
  EXPECT_THAT(agent().returned, ElementsAre(std::make_pair(int64_t{0}, int64_t{2})));
}

TEST_F(MovingWorkTest, WhenTheTimeIsOverTheRestIsDropped) {
  SharedIterationsConfig config{2, 100};
  config.max_duration = absl::Milliseconds(250);
  Make({Scenario(config)}, Taking(absl::Milliseconds(100)));
  Start();
  agent().engine->Lease("s", 0, 10);
  RunUntil(absl::Milliseconds(400));
  EXPECT_FALSE(agent().done);  // it wants to know what is left of the pool
  ASSERT_TRUE(agent().asked.back().over);
  agent().engine->Lease("s", 10, 90);
  agent().engine->Lease("s", 0, 0);
  Finish();
  EXPECT_EQ(records().size(), 6u);
  EXPECT_EQ(agent().dropped(), 94);
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::INTERRUPTED);
}

TEST_F(MovingWorkTest, APoolsVusMoveToo) {
  const std::vector<ScenarioConfig> scenarios = {
      Scenario(SharedIterationsConfig{4, 1000}, absl::ZeroDuration())};
  Make(scenarios, Taking(absl::Milliseconds(100)), "0,1/2,1");
  Start();
  for (const std::unique_ptr<TestAgent>& each : agents) {
    each->engine->Lease("s", each == agents[0] ? 0 : 500, 500);
  }
  RunUntil(absl::Milliseconds(950));
  EXPECT_EQ(agents[0]->pool.running(), 2);
  Divide({0}, kSecond, scenarios);
  RunUntil(absl::Milliseconds(1150));
  EXPECT_EQ(agents[0]->pool.running(), 4);
}

}  // namespace
}  // namespace lockstep::agent
