// Whole runs on simulated time whose work moves: agents die, leave and come while the load runs,
// and all starts together are still those of a single instance, instant by instant, but for those
// that are missing with an agent, by name. What must never happen at all, an iteration that begins
// twice, sim_fleet checks while it plays.
//
// LOCKSTEP_SIM_SEED=N replays one history; LOCKSTEP_SIM_RUNS=N plays so many large fleets.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "common/plan/plan.h"
#include "tests/sim/draw.h"
#include "tests/sim/moved_work.h"
#include "tests/sim/sim_fleet.h"
#include "tests/support/seeds.h"

namespace lockstep {
namespace {

using lockstep::testing::CheckMoved;
using lockstep::testing::Dice;
using lockstep::testing::FourAgents;
using lockstep::testing::NumberFromEnvironment;
using lockstep::testing::PlayedRun;
using lockstep::testing::Scenario;
using lockstep::testing::Seeds;
using lockstep::testing::SimOutcome;
using lockstep::testing::SimSetup;
using ::testing::Contains;
using ::testing::HasSubstr;

TEST(MovingWork, WithoutALossAllIsAsEver) {
  for (const uint64_t seed : Seeds(10)) {
    const PlayedRun outcome(FourAgents(seed));
    CheckMoved(outcome);
    EXPECT_EQ(outcome.ledger.begun().size(), 40u * 30 + 900);
  }
}

TEST(MovingWork, WhatALostAgentHasNotBegunTheOthersDo) {
  for (const uint64_t seed : Seeds(50)) {
    SimSetup setup = FourAgents(seed);
    setup.victim = seed % 4;
    setup.kill_after_t0 = absl::Milliseconds(100 * static_cast<int64_t>(seed));
    const PlayedRun outcome(setup);
    CheckMoved(outcome);
    // Its quarter of the rate for the lease and the time to agree, and what it had of the pool.
    EXPECT_GE(outcome.ledger.begun().size(), 40u * 30 + 900 - 10 * 12 - 40);
    EXPECT_LT(outcome.ledger.begun().size(), 40u * 30 + 900);
  }
}

TEST(MovingWork, AnAgentThatLeavesHandsOverAndNothingIsMissing) {
  for (const uint64_t seed : Seeds(50)) {
    SimSetup setup = FourAgents(seed);
    setup.victim = seed % 4;
    setup.leave_after_t0 = absl::Milliseconds(200 * static_cast<int64_t>(seed));
    const PlayedRun outcome(setup);
    CheckMoved(outcome);
    EXPECT_EQ(outcome.ledger.begun().size(), 40u * 30 + 900);
    EXPECT_EQ(outcome.ledger.counted(), outcome.ledger.begun());
    EXPECT_THAT(outcome.log, Contains(HasSubstr("its work was handed over")));
  }
}

TEST(MovingWork, AgentsThatComeTakeTheirPart) {
  for (const uint64_t seed : Seeds(20)) {
    SimSetup setup = FourAgents(seed);
    setup.wanted = 2;
    setup.agents[2].join_after = absl::Seconds(3);
    setup.agents[3].join_after = absl::Milliseconds(5000 + 100 * static_cast<int64_t>(seed));
    const PlayedRun outcome(setup);
    CheckMoved(outcome);
    EXPECT_EQ(outcome.ledger.begun().size(), 40u * 30 + 900);
    EXPECT_GT(outcome.ledger.begun_by(2, 0), 200);
    EXPECT_GT(outcome.ledger.begun_by(3, 0), 200);
    EXPECT_GT(outcome.ledger.begun_by(3, 1), 0);
  }
}

TEST(MovingWork, PeopleSayHowManyAgentsShareIt) {
  for (const uint64_t seed : Seeds(20)) {
    SimSetup setup = FourAgents(seed);
    setup.scales = {{absl::Seconds(5), 2}};
    const PlayedRun outcome(setup);
    CheckMoved(outcome);
    EXPECT_EQ(outcome.ledger.begun().size(), 40u * 30 + 900);
    ASSERT_EQ(outcome.members.size(), 4u);
    for (const size_t last : {2, 3}) {  // a quarter of five seconds
      EXPECT_LT(outcome.ledger.begun_by(outcome.members[last].agent, 0), 60);
    }
  }
}

// The instants of the divisions after T0, as the log tells.
std::vector<absl::Duration> Divisions(const SimOutcome& outcome) {
  std::vector<absl::Duration> divisions;
  for (const std::string& line : outcome.log) {
    const size_t end = line.find(" on, the work is divided among");
    absl::Duration at;
    if (end != std::string::npos && absl::ParseDuration(line.substr(5, end - 5), &at)) {
      divisions.push_back(at);
    }
  }
  return divisions;
}

// From soon after each division on, there are as many VUs as a single instance would have.
TEST(MovingWork, VusAreThoseOfTheUncutTest) {
  for (const uint64_t seed : Seeds(20)) {
    SimSetup setup = FourAgents(seed);
    setup.scenarios = {
        Scenario("constant", ConstantVusConfig{.vus = 13, .duration = absl::Seconds(40)}),
        Scenario("ramping",
                 RampingVusConfig{.start_vus = 3,
                                  .stages = {{absl::Seconds(20), 31}, {absl::Seconds(20), 2}},
                                  .graceful_ramp_down = absl::ZeroDuration()})};
    for (ScenarioConfig& scenario : setup.scenarios) {
      scenario.graceful_stop = absl::ZeroDuration();
    }
    setup.victim = 1 + seed % 3;
    setup.kill_after_t0 = absl::Seconds(3);
    setup.wanted = 4;
    setup.agents.push_back({.join_after = absl::Seconds(20)});
    const PlayedRun outcome(setup);
    CheckMoved(outcome);
    const std::vector<absl::Duration> divisions = Divisions(outcome);
    ASSERT_EQ(divisions.size(), 2u);
    std::vector<ScenarioPlan> whole;
    for (const ScenarioConfig& scenario : outcome.scenarios) {
      whole.push_back(*PlanScenario(scenario, SegmentTuple()));
    }
    int compared = 0;
    for (const lockstep::testing::SimSample& sample : outcome.samples) {
      const absl::Duration at = sample.after_t0;
      const bool settled =
          std::any_of(divisions.begin(), divisions.end(), [&](absl::Duration division) {
            return at > division + absl::Milliseconds(500) && at < division + absl::Seconds(6);
          });
      if (!settled || at > absl::Seconds(39)) {
        continue;
      }
      ++compared;
      for (size_t i = 0; i < whole.size(); ++i) {
        int64_t wanted = 0;
        int64_t near = 0;  // just before: clocks are known to some milliseconds
        for (const VuStep& step : whole[i].wanted) {
          wanted = step.at <= at + absl::Milliseconds(20) ? step.vus : wanted;
          near = step.at <= at - absl::Milliseconds(20) ? step.vus : near;
        }
        EXPECT_LE(sample.vus[i], std::max(wanted, near)) << at << " " << whole[i].name;
        EXPECT_GE(sample.vus[i], std::min(wanted, near)) << at << " " << whole[i].name;
      }
    }
    EXPECT_GT(compared, 60);
  }
}

// Four agents with 11 VUs of 60 iterations each, which takes them about ten seconds.
SimSetup VusOfTheirOwn(uint64_t seed) {
  SimSetup setup = FourAgents(seed);
  setup.scenarios = {Scenario("each", PerVuIterationsConfig{.vus = 11, .iterations = 60})};
  return setup;
}

TEST(MovingWork, IterationsOfVusGoOnWithOthers) {
  for (const uint64_t seed : Seeds(50)) {
    SimSetup setup = VusOfTheirOwn(seed);
    setup.victim = seed % 4;
    setup.kill_after_t0 = absl::Milliseconds(200 * static_cast<int64_t>(seed));
    const PlayedRun outcome(setup);
    CheckMoved(outcome);
    // Of three VUs at most, what is about to begin within a second.
    EXPECT_GE(outcome.ledger.begun().size(), 11u * 60 - 3 * 20);
  }
}

TEST(MovingWork, WhereAllLeaveInOrderNothingOfVusIsMissing) {
  for (const uint64_t seed : Seeds(50)) {
    SimSetup setup = VusOfTheirOwn(seed);
    setup.victim = seed % 4;
    setup.leave_after_t0 = absl::Milliseconds(200 * static_cast<int64_t>(seed));
    setup.agents.push_back(
        {.join_after = absl::Milliseconds(1500 + 100 * static_cast<int64_t>(seed))});
    setup.wanted = 4;
    const PlayedRun outcome(setup);
    CheckMoved(outcome);
    EXPECT_EQ(outcome.ledger.begun().size(), 11u * 60);
    EXPECT_EQ(outcome.ledger.counted(), outcome.ledger.begun());
  }
}

TEST(MovingWork, WithNobodyLeftTheRunFails) {
  SimSetup setup = FourAgents(1);
  for (auto& agent : setup.agents) {
    agent.dies_at = absl::Seconds(5);
  }
  const PlayedRun outcome(setup);
  EXPECT_TRUE(outcome.ended);
  EXPECT_EQ(outcome.exit_code, 255);
  EXPECT_THAT(outcome.log, Contains(HasSubstr("was lost")));
}

// A test and a fleet of twenty out of a hat: agents that come late, die, leave and are sent away; a
// bad network; clocks that differ by hours.
class Hat {
 public:
  explicit Hat(uint64_t seed) : dice_(seed) { setup_.seed = seed; }

  SimSetup Draw() {
    setup_.redistribute = true;
    setup_.wanted = static_cast<size_t>(dice_.Number(3, 20));
    for (size_t i = 0; i < 20; ++i) {
      const bool late = i >= setup_.wanted;
      setup_.agents.push_back({.weight = dice_.Chance(0.3) ? dice_.Number(1, 9) : 1,
                               .clock_offset = dice_.Millis(0, 10'000'000),
                               .join_after = absl::Milliseconds(late ? dice_.Number(1500, 25'000)
                                                                     : dice_.Number(0, 300))});
    }
    const int64_t scenarios = dice_.Number(1, 3);
    for (int64_t i = 0; i < scenarios; ++i) {
      ScenarioConfig scenario = Scenario(absl::StrCat("s", i), Executor());
      scenario.start_time = absl::Milliseconds(dice_.Chance(0.5) ? 0 : dice_.Number(0, 8000));
      scenario.graceful_stop = absl::Seconds(1);
      setup_.scenarios.push_back(std::move(scenario));
    }
    setup_.partition = dice_.Chance(0.5) ? Partition::kStriped : Partition::kFair;
    setup_.faults = {.max_delay = dice_.Millis(1, 20),
                     .break_per_message = dice_.Chance(0.5) ? 0 : 0.003 * dice_.Unit(),
                     .lose_batch = 0.1 * dice_.Unit(),
                     .repeat_batch = 0.1 * dice_.Unit()};
    // The first one stays: somebody must.
    for (size_t i = 1; i < 20; ++i) {
      if (dice_.Chance(0.15)) {
        setup_.agents[i].dies_at = dice_.Millis(500, 25'000);
      } else if (dice_.Chance(0.15)) {
        setup_.agents[i].leaves_at = dice_.Millis(500, 25'000);
      }
    }
    if (dice_.Chance(0.3)) {
      setup_.scales = {{dice_.Millis(2000, 20'000), dice_.Number(2, 20)}};
    }
    return setup_;
  }

 private:
  ExecutorConfig Executor() {
    const int64_t vus = dice_.Number(1, 40);
    const absl::Duration duration = dice_.Millis(8000, 25'000);
    switch (dice_.Number(0, 6)) {
      case 0:
        return SharedIterationsConfig{
            vus, vus + dice_.Number(0, 1500),
            dice_.Chance(0.2) ? dice_.Millis(2000, 20'000) : absl::Minutes(10)};
      case 1:
        return ConstantVusConfig{dice_.Number(1, 25), duration};
      case 2:
        return RampingVusConfig{dice_.Number(0, 10), dice_.Stages(2000, 10000, 20),
                                dice_.Millis(0, 500)};
      case 3:
        return ConstantArrivalRateConfig{dice_.Number(1, 50), absl::Seconds(1), duration,
                                         dice_.Number(0, vus), vus};
      case 4:
        return RampingArrivalRateConfig{dice_.Number(0, 50), absl::Seconds(1),
                                        dice_.Stages(2000, 10000, 50), dice_.Number(0, vus), vus};
      case 5:
        return PerVuIterationsConfig{
            vus, dice_.Number(1, 60),
            dice_.Chance(0.2) ? dice_.Millis(2000, 20'000) : absl::Minutes(10)};
      default:
        return ExternallyControlledConfig{dice_.Number(0, std::min<int64_t>(vus, 20)), vus,
                                          duration};
    }
  }

  Dice dice_;
  SimSetup setup_;
};

// A hundred of them (a thousand with LOCKSTEP_SIM_RUNS=1000), in four blocks that may be played
// side by side.
constexpr uint64_t kBlocks = 4;

class MovingFleetsOfTwenty : public ::testing::TestWithParam<uint64_t> {};

TEST_P(MovingFleetsOfTwenty, StartWhatASingleInstanceWould) {
  const uint64_t runs = NumberFromEnvironment("LOCKSTEP_SIM_RUNS", 100);
  for (const uint64_t seed : Seeds(runs)) {
    if (seed % kBlocks != GetParam()) {
      continue;
    }
    const PlayedRun outcome(Hat(seed).Draw());
    CheckMoved(outcome);
  }
}

INSTANTIATE_TEST_SUITE_P(Blocks, MovingFleetsOfTwenty, ::testing::Range<uint64_t>(0, kBlocks));

}  // namespace
}  // namespace lockstep
