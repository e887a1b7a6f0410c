// Whole runs on simulated time, seed by seed. What must hold after each event, sim_fleet checks
// while it plays; here are the accounts at the end: iterations started are those planned, less
// those dropped, less those missing by name.
//
// LOCKSTEP_SIM_SEED=N replays one history; LOCKSTEP_SIM_RUNS=N plays so many large fleets.
#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "common/base/counted.h"
#include "common/plan/plan.h"
#include "tests/sim/draw.h"
#include "tests/sim/sim_fleet.h"
#include "tests/support/seeds.h"

namespace lockstep {
namespace {

using lockstep::testing::Dice;
using lockstep::testing::FleetOf;
using lockstep::testing::NumberFromEnvironment;
using lockstep::testing::PlayedRun;
using lockstep::testing::Scenario;
using lockstep::testing::Seeds;
using lockstep::testing::SimMember;
using lockstep::testing::SimOutcome;
using lockstep::testing::SimSetup;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;

// A simulation's clock at its beginning.
MonoTime SimLoopStart() {
  return lockstep::testing::SimLoop().clock().Mono();
}

// Five agents; 103 iterations of a pool, and 80 starts in four seconds.
SimSetup FiveAgents(uint64_t seed, lockstep::testing::NetworkFaults faults) {
  SimSetup setup = FleetOf(5, seed);
  setup.faults = faults;
  setup.scenarios = {
      Scenario("rate",
               ConstantArrivalRateConfig{
                   .rate = 20, .duration = absl::Seconds(4), .pre_allocated_vus = 7, .max_vus = 7}),
      Scenario("shared", SharedIterationsConfig{.vus = 13, .iterations = 103})};
  return setup;
}

const v1::ScenarioProgress* Find(const SimMember& member, const std::string& scenario) {
  for (const v1::ScenarioProgress& part : member.progress.scenarios()) {
    if (part.name() == scenario) {
      return &part;
    }
  }
  return nullptr;
}

// What the coordinator says of a member that it did not lose is what the agent did.
void CheckPresent(const SimOutcome& outcome, const SimMember& member, size_t scenario,
                  const std::string& name) {
  const v1::ScenarioProgress* part = Find(member, name);
  ASSERT_NE(part, nullptr);
  EXPECT_EQ(part->started(), outcome.ledger.begun_by(member.agent, scenario));
  EXPECT_EQ(part->started(), part->full() + part->interrupted());
  EXPECT_EQ(part->dropped(), member.dropped[scenario]);
}

// A lost agent's work is missing, by name.
void CheckLost(const SimOutcome& outcome, const SimMember& member, size_t scenario,
               const std::string& name) {
  const int64_t planned = member.share.scenarios[scenario].iterations;
  if (planned <= 0) {
    return;
  }
  const v1::ScenarioProgress* part = Find(member, name);
  const int64_t settled =
      part == nullptr ? 0 : part->full() + part->interrupted() + part->dropped();
  EXPECT_LE(settled, planned);
  const std::string lost = absl::StrCat("agent agent-", member.agent, " was lost: ");
  const std::string missing = absl::StrCat("scenario ", name, ": ", planned - settled, " of ",
                                           Counted(planned, "iteration"));
  // One that had done all of its work leaves nothing missing.
  EXPECT_THAT(outcome.log, Contains(::testing::AllOf(
                               HasSubstr(lost), HasSubstr(settled < planned ? missing : lost))));
}

void CheckAccounts(const SimOutcome& outcome) {
  EXPECT_TRUE(outcome.ended);
  EXPECT_LE(outcome.setups, 1);
  EXPECT_LE(outcome.teardowns, 1);
  EXPECT_LE(outcome.summaries, 1);
  if (!outcome.started) {
    EXPECT_TRUE(outcome.ledger.begun().empty());
    return;
  }
  const bool complete = outcome.exit_code == 0;
  for (size_t i = 0; i < outcome.scenarios.size(); ++i) {
    const std::string& name = outcome.scenarios[i].name;
    SCOPED_TRACE(name);
    int64_t planned = 0;
    int64_t settled = 0;
    int64_t missing = 0;
    for (const SimMember& member : outcome.members) {
      SCOPED_TRACE(absl::StrCat("agent-", member.agent));
      const int64_t share = member.share.scenarios[i].iterations;
      planned += share;
      if (member.lost) {
        CheckLost(outcome, member, i, name);
        missing += share;
        continue;
      }
      CheckPresent(outcome, member, i, name);
      const int64_t mine = outcome.ledger.begun_by(member.agent, i) + member.dropped[i];
      settled += mine;
      EXPECT_TRUE(share < 0 || mine <= share);
    }
    const int64_t whole = PlanScenario(outcome.scenarios[i], SegmentTuple())->iterations;
    if (whole >= 0) {  // whoever was lost before T0: nothing is missing
      EXPECT_EQ(planned, whole);
      if (complete) {
        EXPECT_EQ(settled + missing, whole);
      }
    }
  }
  // Everything that a present agent finished has been counted.
  for (const SimMember& member : outcome.members) {
    int64_t full = 0;
    for (const v1::ScenarioProgress& part : member.progress.scenarios()) {
      full += part.full();
    }
    if (!member.lost) {
      EXPECT_EQ(outcome.ledger.counted_of(absl::StrCat("agent-", member.agent)), full);
    }
  }
}

// Agents cut their batches at the same instants, so that a second of the fleet is one second:
// what had ended by then, an iteration takes 20 to 319 ms, is in the figures, and nothing that
// began later. 10 ms for the agents' estimates of the coordinator's clock.
TEST(RunSim, ThresholdsSeeWholeSecondsOfAllAgents) {
  for (const uint64_t seed : Seeds(50)) {
    SimSetup setup = FiveAgents(seed, {});
    setup.scenarios.pop_back();  // 20 starts a second
    const PlayedRun outcome(setup);
    const auto& begins = outcome.ledger.begins();
    const MonoTime t0 = begins.at(0).second;
    const auto begun_until = [&](absl::Duration offset) {
      return static_cast<size_t>(
          std::count_if(begins.begin(), begins.end(),
                        [&](const auto& begin) { return begin.second <= t0 + offset; }));
    };
    ASSERT_GE(outcome.judged.size(), 3u);
    for (size_t i = 0; i < outcome.judged.size(); ++i) {
      const auto& [measured, counted] = outcome.judged[i];
      EXPECT_EQ(measured, absl::Seconds(i + 1));
      EXPECT_GE(counted, begun_until(measured - absl::Milliseconds(330)));
      EXPECT_LE(counted, begun_until(measured - absl::Milliseconds(10)));
    }
  }
}

TEST(RunSim, OverALossyNetworkEveryIterationHappensOnceAndIsCountedOnce) {
  for (const uint64_t seed : Seeds(50)) {
    const SimSetup setup =
        FiveAgents(seed, {.break_per_message = 0.01, .lose_batch = 0.1, .repeat_batch = 0.1});
    const PlayedRun outcome(setup);
    CheckAccounts(outcome);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.ledger.counted(), outcome.ledger.begun());
    EXPECT_EQ(outcome.setups, 1);
    EXPECT_EQ(outcome.teardowns, 1);
    EXPECT_EQ(outcome.summaries, 1);
    EXPECT_LE(outcome.worst_t0, absl::Milliseconds(10));  // two half round trips at most
  }
}

TEST(RunSim, AToleratedLossCostsOnlyWhatWasNotAcknowledged) {
  for (const uint64_t seed : Seeds(50)) {
    SimSetup setup =
        FiveAgents(seed, {.break_per_message = 0.005, .lose_batch = 0.05, .repeat_batch = 0.05});
    setup.victim = seed % 5;
    setup.kill_after_t0 = absl::Seconds(2);
    setup.tolerated_loss_percent = 20;
    const PlayedRun outcome(setup);
    CheckAccounts(outcome);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.setups, 1);
    EXPECT_EQ(outcome.teardowns, 1);
  }
}

TEST(RunSim, WithoutToleranceALossEndsTheRun) {
  for (const uint64_t seed : Seeds(50)) {
    SimSetup setup = FiveAgents(seed, {.break_per_message = 0.005});
    setup.victim = seed % 5;
    setup.kill_after_t0 = absl::Seconds(2);
    const PlayedRun outcome(setup);
    CheckAccounts(outcome);
    // An agent that had nothing left to say when it vanished is not missed until its lease is over.
    EXPECT_THAT(outcome.exit_code, AnyOf(255, 0));
    EXPECT_EQ(outcome.teardowns, 1);
  }
}

// A SIGTERM in the middle of a run: what the agent has begun comes to its end, and all of it
// counts; what it has not begun is named.
TEST(RunSim, AnAgentThatLeavesHandsOverAllThatItHasDone) {
  for (const uint64_t seed : Seeds(50)) {
    SimSetup setup =
        FiveAgents(seed, {.break_per_message = 0.005, .lose_batch = 0.05, .repeat_batch = 0.05});
    setup.victim = seed % 5;
    setup.leave_after_t0 = absl::Milliseconds(100 + 70 * seed);
    setup.tolerated_loss_percent = 20;
    const PlayedRun outcome(setup);
    CheckAccounts(outcome);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.teardowns, 1);
    EXPECT_EQ(outcome.ledger.counted(), outcome.ledger.begun());
    const auto leaver =
        std::find_if(outcome.members.begin(), outcome.members.end(),
                     [&](const SimMember& member) { return member.agent == setup.victim; });
    ASSERT_NE(leaver, outcome.members.end());
    for (size_t i = 0; i < outcome.scenarios.size(); ++i) {
      const v1::ScenarioProgress* part = Find(*leaver, outcome.scenarios[i].name);
      ASSERT_NE(part, nullptr);
      EXPECT_EQ(part->full(), outcome.ledger.begun_by(leaver->agent, i));
    }
  }
}

// Coordinators that are gone at any moment, and started again at once: whatever the agents were in
// the middle of, the next run is whole.
TEST(RunSim, ASessionMayEndAnywhereAndTheNextRunIsWhole) {
  for (const uint64_t seed : Seeds(200)) {
    SimSetup setup =
        FiveAgents(seed, {.break_per_message = 0.002, .lose_batch = 0.05, .repeat_batch = 0.05});
    setup.coordinator_dies_at = absl::Milliseconds(25 * seed);  // until after T0 and the plan's end
    const PlayedRun outcome(setup);
    CheckAccounts(outcome);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.ledger.counted(), outcome.ledger.begun());
    EXPECT_EQ(outcome.setups, 1);
    EXPECT_EQ(outcome.teardowns, 1);
  }
}

// The agents' clocks differ by minutes; what they agree on is the coordinator's clock.
TEST(RunSim, AllAgentsPauseAndResumeAtOneInstant) {
  for (const uint64_t seed : Seeds(20)) {
    SimSetup setup = FiveAgents(seed, {});
    setup.scenarios = {Scenario(
        "control",
        ExternallyControlledConfig{.vus = 25, .max_vus = 25, .duration = absl::Seconds(8)})};
    setup.pause_at = absl::Seconds(2);
    setup.resume_at = absl::Seconds(5);
    const PlayedRun outcome(setup);
    CheckAccounts(outcome);
    EXPECT_EQ(outcome.exit_code, 0);
    const MonoTime start = SimLoopStart();
    const absl::Duration inexact = setup.faults.max_delay;  // of two clocks: half a round trip each
    std::map<size_t, absl::Duration> first_after;
    for (const auto& [agent, at] : outcome.ledger.begins()) {
      const absl::Duration since = at - start;
      // A pause is announced three round trips and some milliseconds ahead.
      EXPECT_FALSE(since > absl::Milliseconds(2100) && since < absl::Seconds(5)) << since;
      if (since >= absl::Seconds(5)) {
        first_after.emplace(agent, since);
      }
    }
    ASSERT_EQ(first_after.size(), 5u);
    for (const auto& [agent, since] : first_after) {
      EXPECT_LE(absl::AbsDuration(since - first_after.begin()->second), inexact) << agent;
    }
  }
}

// A test and a fleet of twenty out of a hat: executors, weights, the partition's rule, clocks that
// differ by hours, a bad network, deaths at any time and people who lose their patience.
class Hat {
 public:
  explicit Hat(uint64_t seed) : dice_(seed) { setup_.seed = seed; }

  SimSetup Draw() {
    for (int i = 0; i < 20; ++i) {
      setup_.agents.push_back({.weight = dice_.Chance(0.3) ? dice_.Number(1, 9) : 1,
                               .clock_offset = dice_.Millis(0, 10'000'000),
                               .join_after = dice_.Millis(0, 300)});
    }
    const int64_t scenarios = dice_.Number(1, 3);
    for (int64_t i = 0; i < scenarios; ++i) {
      ScenarioConfig scenario = Scenario(absl::StrCat("s", i), Executor());
      scenario.start_time = absl::Milliseconds(dice_.Chance(0.5) ? 0 : dice_.Number(0, 1500));
      scenario.graceful_stop = dice_.Millis(0, 500);
      setup_.scenarios.push_back(std::move(scenario));
    }
    setup_.partition = dice_.Chance(0.5) ? Partition::kStriped : Partition::kFair;
    setup_.faults = {.max_delay = dice_.Millis(1, 20),
                     .break_per_message = dice_.Chance(0.5) ? 0 : 0.005 * dice_.Unit(),
                     .lose_batch = 0.1 * dice_.Unit(),
                     .repeat_batch = 0.1 * dice_.Unit()};
    if (dice_.Chance(0.5)) {
      setup_.tolerated_loss_percent = dice_.Chance(0.5) ? 10 : 100;
      for (int64_t deaths = dice_.Number(1, 4); deaths > 0; --deaths) {
        setup_.agents[dice_.Index(setup_.agents.size())].dies_at = dice_.Millis(0, 6000);
      }
    }
    if (dice_.Chance(0.1)) {
      setup_.interrupt_at = dice_.Millis(0, 6000);
    }
    return setup_;
  }

 private:
  ExecutorConfig Executor() {
    const int64_t vus = dice_.Number(1, 40);
    const absl::Duration duration = dice_.Millis(1000, 2500);
    switch (dice_.Number(0, 6)) {
      case 0:
        return SharedIterationsConfig{vus, vus + dice_.Number(0, 60)};
      case 1:
        return PerVuIterationsConfig{vus, dice_.Number(1, 3)};
      case 2:
        return ConstantVusConfig{dice_.Number(1, 25), duration};
      case 3:
        return RampingVusConfig{dice_.Number(0, 10), dice_.Stages(100, 1200, 20),
                                dice_.Millis(0, 500)};
      case 4:
        return ConstantArrivalRateConfig{dice_.Number(1, 50), absl::Seconds(1), duration,
                                         dice_.Number(0, vus), vus};
      case 5:
        return RampingArrivalRateConfig{dice_.Number(0, 50), absl::Seconds(1),
                                        dice_.Stages(100, 1200, 50), dice_.Number(0, vus), vus};
      default:
        return ExternallyControlledConfig{dice_.Number(0, std::min<int64_t>(vus, 20)), vus,
                                          duration};
    }
  }

  Dice dice_;
  SimSetup setup_;
};

// A thousand of them, in four blocks that may be played side by side.
constexpr uint64_t kBlocks = 4;

class FleetsOfTwenty : public ::testing::TestWithParam<uint64_t> {};

TEST_P(FleetsOfTwenty, KeepTheirAccounts) {
  const uint64_t runs = NumberFromEnvironment("LOCKSTEP_SIM_RUNS", 1000);
  for (const uint64_t seed : Seeds(runs)) {
    if (seed % kBlocks != GetParam()) {
      continue;
    }
    const SimSetup setup = Hat(seed).Draw();
    const PlayedRun outcome(setup);
    CheckAccounts(outcome);
    const bool undisturbed =
        setup.interrupt_at == absl::InfiniteDuration() && setup.tolerated_loss_percent == 0;
    if (undisturbed) {
      EXPECT_EQ(outcome.exit_code, 0);
      EXPECT_EQ(outcome.teardowns, 1);
      EXPECT_LE(outcome.worst_t0, 2 * setup.faults.max_delay);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Blocks, FleetsOfTwenty, ::testing::Range<uint64_t>(0, kBlocks));

}  // namespace
}  // namespace lockstep
