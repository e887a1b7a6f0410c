// Whole runs on simulated time whose coordinator is killed at any moment, and goes on with its
// journal: the accounts at the end are those of a run whose coordinator lived. What sim_fleet
// checks as it happens: no iteration begins twice, none is counted twice, and no batch is forgotten
// by its agent before it is on disk (it would be missing in the sequence of its agent's batches).
//
// LOCKSTEP_SIM_SEED=N replays one history.
#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/sim/draw.h"
#include "tests/sim/moved_work.h"
#include "tests/sim/sim_fleet.h"
#include "tests/support/seeds.h"

namespace lockstep {
namespace {

using lockstep::testing::CheckMoved;
using lockstep::testing::Dice;
using lockstep::testing::FleetOf;
using lockstep::testing::PlayedRun;
using lockstep::testing::Scenario;
using lockstep::testing::Seeds;
using lockstep::testing::SimMember;
using lockstep::testing::SimOutcome;
using lockstep::testing::SimSetup;
using ::testing::Contains;
using ::testing::HasSubstr;

// From one to four kills at any moment, the second ones perhaps while agents come back from the
// first, each time for up to half a lease.
std::vector<SimSetup::Restart> AnyKills(Dice& dice, absl::Duration within) {
  std::vector<SimSetup::Restart> restarts(1 + dice.Index(4));
  for (SimSetup::Restart& restart : restarts) {
    restart.at = within * dice.Unit();
    restart.down = absl::Seconds(5) * dice.Unit() * dice.Unit();
  }
  return restarts;
}

// Four agents; a rate of 20/s for twenty seconds, a pool, VUs for a time, and VUs with iterations
// of their own.
SimSetup FourAgents(uint64_t seed) {
  SimSetup setup = FleetOf(4, seed);
  setup.scenarios = {Scenario("rate", ConstantArrivalRateConfig{.rate = 20,
                                                                .duration = absl::Seconds(20),
                                                                .pre_allocated_vus = 20,
                                                                .max_vus = 20}),
                     Scenario("shared", SharedIterationsConfig{.vus = 8, .iterations = 500}),
                     Scenario("vus", ConstantVusConfig{.vus = 5, .duration = absl::Seconds(15)}),
                     Scenario("vus_own", PerVuIterationsConfig{.vus = 7, .iterations = 60})};
  return setup;
}

int64_t BegunOf(const SimOutcome& outcome, size_t scenario) {
  int64_t begun = 0;
  for (const SimMember& member : outcome.members) {
    begun += outcome.ledger.begun_by(member.agent, scenario) + member.dropped[scenario];
  }
  return begun;
}

// Everything was begun, and all that was begun is in the results, once.
void CheckWhole(const SimOutcome& outcome) {
  EXPECT_TRUE(outcome.ended);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.setups, 1);
  EXPECT_EQ(outcome.teardowns, 1);
  EXPECT_EQ(outcome.summaries, 1);
  EXPECT_EQ(BegunOf(outcome, 0), 20 * 20);
  EXPECT_EQ(BegunOf(outcome, 1), 500);
  EXPECT_EQ(BegunOf(outcome, 3), 7 * 60);
  EXPECT_EQ(outcome.ledger.counted(), outcome.ledger.begun());
  EXPECT_EQ(outcome.kept, outcome.ledger.begun().size());
  for (const SimMember& member : outcome.members) {
    EXPECT_FALSE(member.lost) << member.agent;
  }
}

TEST(Journal, AKilledCoordinatorGoesOnAndNothingIsLostOrCountedTwice) {
  const Seeds seeds(100);
  int went_on = 0;
  for (const uint64_t seed : seeds) {
    Dice dice(seed);
    SimSetup setup = FourAgents(seed);
    setup.restarts = AnyKills(dice, absl::Seconds(24));
    const PlayedRun outcome(setup);
    CheckWhole(outcome);
    went_on += outcome.went_on;
  }
  EXPECT_TRUE(went_on > 100 || seeds.size() == 1) << went_on;
}

TEST(Journal, ABadNetworkChangesNothing) {
  for (const uint64_t seed : Seeds(50)) {
    Dice dice(1000 + seed);
    SimSetup setup = FourAgents(seed);
    setup.faults = {.max_delay = absl::Milliseconds(20),
                    .break_per_message = 0.003,
                    .lose_batch = 0.1,
                    .repeat_batch = 0.1};
    setup.restarts = AnyKills(dice, absl::Seconds(24));
    const PlayedRun outcome(setup);
    CheckWhole(outcome);
  }
}

// A disk that is full for a while: what was done meanwhile is written once there is room, and from
// then on it is as if nothing had been.
TEST(Journal, AfterAFullDiskEverythingIsKeptAgain) {
  for (const uint64_t seed : Seeds(50)) {
    Dice dice(3000 + seed);
    SimSetup setup = FourAgents(seed);
    setup.disk_full_from = absl::Seconds(1 + 4 * dice.Unit());
    setup.disk_full_until = setup.disk_full_from + absl::Seconds(5 * dice.Unit());
    setup.restarts = {{setup.disk_full_from + absl::Seconds(9 + 4 * dice.Unit()),
                       absl::Seconds(3 * dice.Unit())}};
    const PlayedRun outcome(setup);
    CheckWhole(outcome);
    EXPECT_EQ(outcome.went_on, 1);
  }
}

// A disk that stands still for longer than a lease: the load goes on, nobody is lost, and all is
// kept.
TEST(Journal, ADiskThatStandsStillHoldsUpNoLoad) {
  for (const uint64_t seed : Seeds(20)) {
    SimSetup setup = FourAgents(seed);
    setup.disk_stalls_from = absl::Seconds(3);
    setup.disk_stalls_until = absl::Seconds(16);
    setup.restarts = {{absl::Hours(2), absl::ZeroDuration()}};  // which never comes
    const PlayedRun outcome(setup);
    CheckWhole(outcome);
    EXPECT_THAT(outcome.log, Contains(HasSubstr("its disk has taken nothing for a second")));
    EXPECT_THAT(outcome.log, Contains(HasSubstr("its disk has gone on after 1")));
    EXPECT_THAT(outcome.judgement.remarks,
                Contains(HasSubstr("its disk has stood still, for up to 1")));
    EXPECT_THAT(outcome.judgement.reasons, ::testing::IsEmpty());
  }
}

// What was on its way to the disk is nowhere, and nobody has been told of it.
TEST(Journal, AKillWhileTheDiskStandsStillLosesNothing) {
  for (const uint64_t seed : Seeds(50)) {
    Dice dice(4000 + seed);
    SimSetup setup = FourAgents(seed);
    setup.disk_stalls_from = absl::Seconds(2 + 6 * dice.Unit());
    setup.disk_stalls_until = setup.disk_stalls_from + absl::Seconds(4);
    setup.restarts = {
        {setup.disk_stalls_from + absl::Seconds(4 * dice.Unit()), absl::Seconds(3 * dice.Unit())}};
    const PlayedRun outcome(setup);
    CheckWhole(outcome);
    EXPECT_EQ(outcome.went_on, 1);
  }
}

// Agents know of more than is kept: nobody can go on from there, and the run begins anew.
TEST(Journal, WhereTheDiskWasFullNobodyGoesOn) {
  for (const uint64_t seed : Seeds(20)) {
    SimSetup setup = FourAgents(seed);
    setup.disk_full_from = absl::Seconds(4);
    setup.disk_full_until = absl::Milliseconds(8500);
    setup.restarts = {{absl::Seconds(8), absl::Seconds(1)}};
    const PlayedRun outcome(setup);
    EXPECT_TRUE(outcome.ended);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.went_on, 0);
    EXPECT_THAT(outcome.broken_off, HasSubstr("the disk is full"));
    EXPECT_THAT(outcome.log, Contains(HasSubstr("the test goes on")));
  }
}

// While work moves: an agent leaves, another comes, and the coordinator is killed at any moment, in
// the middle of a division, too.
TEST(Journal, WorkMovesAcrossCoordinators) {
  for (const uint64_t seed : Seeds(50)) {
    Dice dice(2000 + seed);
    SimSetup setup = FourAgents(seed);
    setup.redistribute = true;
    setup.wanted = 4;
    setup.agents.push_back(
        {.clock_offset = absl::Seconds(7), .join_after = absl::Seconds(3 + 12 * dice.Unit())});
    setup.agents[seed % 4].leaves_at = absl::Seconds(3 + 12 * dice.Unit());
    setup.restarts = AnyKills(dice, absl::Seconds(20));
    for (SimSetup::Restart& restart : setup.restarts) {
      restart.at += absl::Seconds(1);  // or the test begins anew, without the one that has left
    }
    const PlayedRun outcome(setup);
    EXPECT_TRUE(outcome.ended);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(BegunOf(outcome, 0), 20 * 20);
    EXPECT_EQ(BegunOf(outcome, 1), 500);
    EXPECT_EQ(BegunOf(outcome, 3), 7 * 60);
    EXPECT_EQ(outcome.ledger.counted(), outcome.ledger.begun());
    EXPECT_EQ(outcome.kept, outcome.ledger.begun().size());
  }
}

// Whoever wished it has been told that it is granted.
TEST(Journal, AWishThatWasGrantedIsKnownToTheNextCoordinator) {
  for (const uint64_t seed : Seeds(20)) {
    SimSetup setup = FourAgents(seed);
    setup.redistribute = true;
    setup.scales = {{absl::Seconds(5), 2}};
    // Soon, but not before a disk of ours has taken what it was writing, and that.
    setup.restarts = {{absl::Seconds(5) + absl::Milliseconds(11), absl::Seconds(1)}};
    const PlayedRun outcome(setup);
    EXPECT_TRUE(outcome.ended);
    EXPECT_EQ(outcome.went_on, 1);
    EXPECT_THAT(outcome.log, Contains(HasSubstr("the work is divided among 2 agents")));
    EXPECT_EQ(outcome.ledger.counted(), outcome.ledger.begun());
  }
}

TEST(Journal, TheVerdictTellsOfARestartAndOfNoStandstill) {
  SimSetup setup = FourAgents(1);
  setup.restarts = {{absl::Seconds(5), absl::Seconds(2)}};
  const PlayedRun outcome(setup);
  EXPECT_EQ(outcome.went_on, 1);
  ASSERT_EQ(outcome.judgement.reasons.size(), 1u);
  EXPECT_THAT(outcome.judgement.reasons[0], HasSubstr("there was no coordinator for 2"));
}

// An agent that dies is missed by the coordinator that goes on, a lease after it has begun.
TEST(Journal, AnAgentThatDiesMeanwhileIsLostByName) {
  for (const uint64_t seed : Seeds(20)) {
    SimSetup setup = FourAgents(seed);
    setup.tolerated_loss_percent = 25;
    setup.agents[1].dies_at = absl::Milliseconds(5100);
    setup.restarts = {{absl::Seconds(5), absl::Milliseconds(100 * static_cast<int64_t>(seed))}};
    const PlayedRun outcome(setup);
    EXPECT_TRUE(outcome.ended);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.went_on, 1);
    EXPECT_THAT(outcome.log, Contains(HasSubstr("agent agent-1 was lost: nothing was heard")));
    EXPECT_EQ(outcome.kept, outcome.ledger.counted().size());
  }
}

// "scenario rate: 7 of 100 iterations" of what is said to be missing: 7.
int64_t MissingOf(const Judgement& judgement, const std::string& scenario) {
  int64_t missing = 0;
  for (const LostAgent& lost : judgement.lost) {
    const std::string before = absl::StrCat("scenario ", scenario, ": ");
    const size_t at = lost.missing.find(before);
    if (at != std::string::npos) {
      missing += std::atoll(lost.missing.c_str() + at + before.size());
    }
  }
  return missing;
}

// What was planned was counted, or dropped, or is missing by name.
void CheckMissing(const SimOutcome& outcome) {
  const auto accounted = [&outcome](size_t scenario, const std::string& name) {
    const auto& counted = outcome.ledger.counted();
    int64_t sum = std::count_if(counted.begin(), counted.end(),
                                [scenario](const auto& each) { return each.first == scenario; });
    for (const SimMember& member : outcome.members) {
      sum += member.lost && !member.settled ? 0 : member.dropped[scenario];
    }
    return sum + MissingOf(outcome.judgement, name);
  };
  EXPECT_EQ(accounted(0, "rate"), 20 * 20);
  EXPECT_EQ(accounted(1, "shared"), 500);
  EXPECT_EQ(accounted(3, "vus_own"), 7 * 60);
}

// What it had told of its progress was on disk, and some of what it had measured was not; and what
// the others send again is theirs once.
TEST(Journal, WhatAnAgentHadDoneThatDiesWithTheCoordinatorIsMissingByName) {
  for (const uint64_t seed : Seeds(50)) {
    Dice dice(5000 + seed);
    SimSetup setup = FourAgents(seed);
    setup.tolerated_loss_percent = 50;
    const absl::Duration at = absl::Seconds(2 + 10 * dice.Unit());
    setup.agents[1].dies_at = at;
    setup.agents[2].dies_at = at + absl::Seconds(5 * dice.Unit());
    setup.restarts = {{at, absl::Seconds(2 * dice.Unit())}};
    const PlayedRun outcome(setup);
    EXPECT_TRUE(outcome.ended);
    EXPECT_EQ(outcome.went_on, 1);
    EXPECT_NE(outcome.judgement.validity, v1::Health::VALID);
    CheckMissing(outcome);
  }
}

// The same where work moves: what the dead ones have not begun the others do, and what they have
// begun and not delivered is missing by name.
TEST(Journal, WorkMovesAndAgentsDieAcrossCoordinators) {
  for (const uint64_t seed : Seeds(50)) {
    Dice dice(6000 + seed);
    SimSetup setup = FourAgents(seed);
    setup.redistribute = true;
    setup.wanted = 4;
    setup.agents.push_back(
        {.clock_offset = absl::Seconds(7), .join_after = absl::Seconds(3 + 12 * dice.Unit())});
    setup.restarts = AnyKills(dice, absl::Seconds(20));
    for (SimSetup::Restart& restart : setup.restarts) {
      restart.at += absl::Seconds(1);
    }
    setup.agents[1 + seed % 3].dies_at = setup.restarts[0].at + absl::Seconds(2 * dice.Unit() - 1);
    setup.agents[1 + (seed + 1) % 3].leaves_at = absl::Seconds(3 + 12 * dice.Unit());
    const PlayedRun outcome(setup);
    CheckMoved(outcome);
    CheckMissing(outcome);
  }
}

TEST(Journal, AnInterruptedRunIsBroughtToItsEnd) {
  for (const uint64_t seed : Seeds(20)) {
    SimSetup setup = FourAgents(seed);
    setup.interrupt_at = absl::Seconds(6);
    setup.restarts = {
        {absl::Seconds(6) + absl::Milliseconds(10 * static_cast<int64_t>(seed)), absl::Seconds(2)}};
    const PlayedRun outcome(setup);
    EXPECT_TRUE(outcome.ended);
    EXPECT_EQ(outcome.exit_code, 105);
    EXPECT_EQ(outcome.teardowns, 1);
    EXPECT_EQ(outcome.ledger.counted(), outcome.ledger.begun());
  }
}

}  // namespace
}  // namespace lockstep
