// Whole runs on simulated time whose work moves: agents die, leave and come while the load runs, and
// all starts together are still those of a single instance, instant by instant, but for those that
// are missing with an agent, by name. What must never happen at all, an iteration that begins twice,
// sim_fleet checks while it plays.
//
// LOCKSTEP_SIM_SEED=N replays one history; LOCKSTEP_SIM_RUNS=N plays so many large fleets.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/plan/plan.h"
#include "tests/sim/draw.h"
#include "tests/sim/sim_fleet.h"

namespace lockstep {
namespace {

using lockstep::testing::Dice;
using lockstep::testing::FromEnvironment;
using lockstep::testing::PlayRun;
using lockstep::testing::Scenario;
using lockstep::testing::Seeds;
using lockstep::testing::SimMember;
using lockstep::testing::SimOutcome;
using lockstep::testing::SimSetup;
using ::testing::Contains;
using ::testing::HasSubstr;

// The starts of a schedule: each begun once, at its own instant, and those that are not are as many
// as were dropped, or are missing by name. With nothing dropped, their numbers are those of a single
// instance.
void CheckStarts(const SimOutcome& outcome, size_t index, const ArrivalTimes& times,
                 absl::Duration start) {
  std::multiset<absl::Duration> left;
  for (int64_t i = 0; i < times.total(); ++i) {
    left.insert(start + times.StartOf(i));
  }
  int64_t accounted = 0;
  int64_t dropped = 0;
  for (const SimMember& member : outcome.members) {
    SCOPED_TRACE(absl::StrCat("agent-", member.agent));
    const int64_t begun = outcome.ledger.begun_by(member.agent, index);
    const int64_t share = member.share.scenarios[index].iterations;
    dropped += member.dropped[index];
    EXPECT_LE(begun + member.dropped[index], share);
    accounted += member.lost ? share : begun + member.dropped[index];
  }
  for (const auto& [iteration, intended] : outcome.ledger.intended()) {
    if (iteration.first != index) {
      continue;
    }
    const auto found = left.find(intended);
    ASSERT_NE(found, left.end()) << "iteration " << iteration.second << " began for " << intended
                                 << ", where no start is, or none is left";
    left.erase(found);
    if (dropped == 0) {
      EXPECT_EQ(intended, start + times.StartOf(iteration.second)) << iteration.second;
    }
  }
  EXPECT_EQ(accounted, times.total());
}

// Who has done what, for whoever looks for a fault.
std::string Accounts(const SimOutcome& outcome, size_t index) {
  std::string text;
  for (const SimMember& member : outcome.members) {
    absl::StrAppend(&text, "agent-", member.agent, member.lost ? " lost" : "",
                    member.settled ? " settled" : "", ": begun ",
                    outcome.ledger.begun_by(member.agent, index), ", dropped ",
                    member.dropped[index], " of ", member.share.scenarios[index].iterations, "\n");
  }
  return text;
}

// The iterations of a pool, or of VUs that have so many together: each of them begun once, or dropped, or with an agent that was lost.
void CheckPool(const SimOutcome& outcome, size_t index, int64_t iterations) {
  int64_t accounted = 0;
  for (const SimMember& member : outcome.members) {
    SCOPED_TRACE(absl::StrCat("agent-", member.agent));
    const int64_t begun = outcome.ledger.begun_by(member.agent, index);
    const bool missing = member.lost && !member.settled;
    EXPECT_TRUE(!missing || begun <= member.share.scenarios[index].iterations);
    accounted += missing ? member.share.scenarios[index].iterations : begun + member.dropped[index];
  }
  for (const auto& iteration : outcome.ledger.begun()) {
    EXPECT_TRUE(iteration.first != index || iteration.second < iterations) << iteration.second;
  }
  EXPECT_EQ(accounted, iterations) << Accounts(outcome, index);
}

void CheckMoved(const SimOutcome& outcome) {
  EXPECT_TRUE(outcome.ended);
  // An agent may die while it runs teardown(): that fails the run, by name.
  const bool torn_down = std::none_of(
      outcome.log.begin(), outcome.log.end(),
      [](const std::string& line) { return line.starts_with("teardown() was lost with agent "); });
  EXPECT_EQ(outcome.exit_code, torn_down ? 0 : 255);
  EXPECT_LE(outcome.setups, 1);
  EXPECT_LE(outcome.teardowns, 1);
  EXPECT_TRUE(outcome.teardowns == 1 || !torn_down);
  for (size_t i = 0; i < outcome.scenarios.size(); ++i) {
    const ScenarioConfig& scenario = outcome.scenarios[i];
    SCOPED_TRACE(absl::StrCat(scenario.name, ", ", ExecutorTypeName(scenario.executor)));
    const ScenarioPlan whole = *PlanScenario(scenario, SegmentTuple());
    if (whole.arrivals.has_value()) {
      CheckStarts(outcome, i, *whole.arrivals, whole.start_time);
    }
    if (const auto* shared = std::get_if<SharedIterationsConfig>(&scenario.executor)) {
      CheckPool(outcome, i, shared->iterations);
    }
    if (const auto* bound = std::get_if<PerVuIterationsConfig>(&scenario.executor)) {
      CheckPool(outcome, i, bound->vus * bound->iterations);
    }
  }
  for (const SimMember& member : outcome.members) {
    if (member.lost && !member.settled) {
      EXPECT_THAT(outcome.log,
                  Contains(HasSubstr(absl::StrCat("agent agent-", member.agent, " was lost: "))));
    }
  }
}

std::string Replay(uint64_t seed, const SimOutcome& outcome) {
  return absl::StrCat("replay with LOCKSTEP_SIM_SEED=", seed, "; exit code ", outcome.exit_code,
                      "; the coordinator said:\n", absl::StrJoin(outcome.log, "\n"));
}

// Four agents; a rate of 40/s for half a minute, and a pool that takes them about 20 s.
SimSetup FourAgents(uint64_t seed) {
  SimSetup setup;
  setup.seed = seed;
  setup.redistribute = true;
  for (int i = 0; i < 4; ++i) {
    setup.agents.push_back({.clock_offset = absl::Seconds(100 * i)});
  }
  setup.scenarios = {Scenario("rate", ConstantArrivalRateConfig{.rate = 40,
                                                                .duration = absl::Seconds(30),
                                                                .pre_allocated_vus = 40,
                                                                .max_vus = 40}),
                     Scenario("shared", SharedIterationsConfig{.vus = 8, .iterations = 900})};
  return setup;
}

TEST(MovingWork, WithoutALossAllIsAsEver) {
  for (const uint64_t seed : Seeds(10)) {
    SCOPED_TRACE(seed);
    const SimOutcome outcome = PlayRun(FourAgents(seed));
    CheckMoved(outcome);
    EXPECT_EQ(outcome.ledger.begun().size(), 40u * 30 + 900);
    ASSERT_FALSE(HasFailure()) << Replay(seed, outcome);
  }
}

TEST(MovingWork, WhatALostAgentHasNotBegunTheOthersDo) {
  for (const uint64_t seed : Seeds(50)) {
    SCOPED_TRACE(seed);
    SimSetup setup = FourAgents(seed);
    setup.victim = seed % 4;
    setup.kill_after_t0 = absl::Milliseconds(100 * static_cast<int64_t>(seed));
    const SimOutcome outcome = PlayRun(setup);
    CheckMoved(outcome);
    // Its quarter of the rate for the lease and the time to agree, and what it had of the pool.
    EXPECT_GE(outcome.ledger.begun().size(), 40u * 30 + 900 - 10 * 12 - 40);
    EXPECT_LT(outcome.ledger.begun().size(), 40u * 30 + 900);
    ASSERT_FALSE(HasFailure()) << Replay(seed, outcome);
  }
}

TEST(MovingWork, AnAgentThatLeavesHandsOverAndNothingIsMissing) {
  for (const uint64_t seed : Seeds(50)) {
    SCOPED_TRACE(seed);
    SimSetup setup = FourAgents(seed);
    setup.victim = seed % 4;
    setup.leave_after_t0 = absl::Milliseconds(200 * static_cast<int64_t>(seed));
    const SimOutcome outcome = PlayRun(setup);
    CheckMoved(outcome);
    EXPECT_EQ(outcome.ledger.begun().size(), 40u * 30 + 900);
    EXPECT_EQ(outcome.ledger.counted(), outcome.ledger.begun());
    EXPECT_THAT(outcome.log, Contains(HasSubstr("its work was handed over")));
    ASSERT_FALSE(HasFailure()) << Replay(seed, outcome);
  }
}

TEST(MovingWork, AgentsThatComeTakeTheirPart) {
  for (const uint64_t seed : Seeds(20)) {
    SCOPED_TRACE(seed);
    SimSetup setup = FourAgents(seed);
    setup.wanted = 2;
    setup.agents[2].join_after = absl::Seconds(3);
    setup.agents[3].join_after = absl::Milliseconds(5000 + 100 * static_cast<int64_t>(seed));
    const SimOutcome outcome = PlayRun(setup);
    CheckMoved(outcome);
    EXPECT_EQ(outcome.ledger.begun().size(), 40u * 30 + 900);
    EXPECT_GT(outcome.ledger.begun_by(2, 0), 200);
    EXPECT_GT(outcome.ledger.begun_by(3, 0), 200);
    EXPECT_GT(outcome.ledger.begun_by(3, 1), 0);
    ASSERT_FALSE(HasFailure()) << Replay(seed, outcome);
  }
}

TEST(MovingWork, PeopleSayHowManyAgentsShareIt) {
  for (const uint64_t seed : Seeds(20)) {
    SCOPED_TRACE(seed);
    SimSetup setup = FourAgents(seed);
    setup.scales = {{absl::Seconds(5), 2}};
    const SimOutcome outcome = PlayRun(setup);
    CheckMoved(outcome);
    EXPECT_EQ(outcome.ledger.begun().size(), 40u * 30 + 900);
    ASSERT_EQ(outcome.members.size(), 4u);
    for (const size_t last : {2, 3}) {  // a quarter of five seconds
      EXPECT_LT(outcome.ledger.begun_by(outcome.members[last].agent, 0), 60);
    }
    ASSERT_FALSE(HasFailure()) << Replay(seed, outcome);
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
    SCOPED_TRACE(seed);
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
    const SimOutcome outcome = PlayRun(setup);
    CheckMoved(outcome);
    const std::vector<absl::Duration> divisions = Divisions(outcome);
    ASSERT_EQ(divisions.size(), 2u) << Replay(seed, outcome);
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
    ASSERT_FALSE(HasFailure()) << Replay(seed, outcome);
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
    SCOPED_TRACE(seed);
    SimSetup setup = VusOfTheirOwn(seed);
    setup.victim = seed % 4;
    setup.kill_after_t0 = absl::Milliseconds(200 * static_cast<int64_t>(seed));
    const SimOutcome outcome = PlayRun(setup);
    CheckMoved(outcome);
    // Of three VUs at most, what is about to begin within a second.
    EXPECT_GE(outcome.ledger.begun().size(), 11u * 60 - 3 * 20);
    ASSERT_FALSE(HasFailure()) << Replay(seed, outcome);
  }
}

TEST(MovingWork, WhereAllLeaveInOrderNothingOfVusIsMissing) {
  for (const uint64_t seed : Seeds(50)) {
    SCOPED_TRACE(seed);
    SimSetup setup = VusOfTheirOwn(seed);
    setup.victim = seed % 4;
    setup.leave_after_t0 = absl::Milliseconds(200 * static_cast<int64_t>(seed));
    setup.agents.push_back(
        {.join_after = absl::Milliseconds(1500 + 100 * static_cast<int64_t>(seed))});
    setup.wanted = 4;
    const SimOutcome outcome = PlayRun(setup);
    CheckMoved(outcome);
    EXPECT_EQ(outcome.ledger.begun().size(), 11u * 60);
    EXPECT_EQ(outcome.ledger.counted(), outcome.ledger.begun());
    ASSERT_FALSE(HasFailure()) << Replay(seed, outcome);
  }
}

TEST(MovingWork, WithNobodyLeftTheRunFails) {
  SimSetup setup = FourAgents(1);
  for (auto& agent : setup.agents) {
    agent.dies_at = absl::Seconds(5);
  }
  const SimOutcome outcome = PlayRun(setup);
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

// A hundred of them (a thousand with LOCKSTEP_SIM_RUNS=1000), in four blocks that may be played side by side.
constexpr uint64_t kBlocks = 4;

class MovingFleetsOfTwenty : public ::testing::TestWithParam<uint64_t> {};

TEST_P(MovingFleetsOfTwenty, StartWhatASingleInstanceWould) {
  const uint64_t runs = FromEnvironment("LOCKSTEP_SIM_RUNS", 100);
  for (const uint64_t seed : Seeds(runs)) {
    if (seed % kBlocks != GetParam()) {
      continue;
    }
    SCOPED_TRACE(absl::StrCat("LOCKSTEP_SIM_SEED=", seed));
    const SimOutcome outcome = PlayRun(Hat(seed).Draw());
    CheckMoved(outcome);
    ASSERT_FALSE(HasFailure()) << Replay(seed, outcome);
  }
}

INSTANTIATE_TEST_SUITE_P(Blocks, MovingFleetsOfTwenty, ::testing::Range<uint64_t>(0, kBlocks));

}  // namespace
}  // namespace lockstep
