// Agents that leave in order while the load runs, when something else is amiss at the same time,
// and what people see of a test whose agents come and go.
#include <algorithm>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "tests/sim/draw.h"
#include "tests/sim/moved_work.h"
#include "tests/support/seeds.h"

namespace lockstep::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Lines of the coordinator's log that have this in them.
size_t Count(const SimOutcome& outcome, const std::string& text) {
  return static_cast<size_t>(
      std::count_if(outcome.log.begin(), outcome.log.end(),
                    [&](const std::string& line) { return absl::StrContains(line, text); }));
}

// One leaves while another does not answer, for less than the lease: no division can be agreed to
// without that one, and so the one that leaves works on until it can.
TEST(HandingOver, NothingIsMissingWhileAnotherAgentIsSilent) {
  for (const uint64_t seed : Seeds(30)) {
    SimSetup setup = FourAgents(seed);
    setup.scenarios.push_back(
        Scenario("vus", ConstantVusConfig{.vus = 6, .duration = absl::Seconds(30)}));
    setup.victim = seed % 4;
    setup.silences = {{(seed + 1) % 4, absl::Seconds(5),
                       absl::Seconds(6) + absl::Milliseconds(90 * static_cast<int64_t>(seed))}};
    setup.leave_after_t0 = absl::Milliseconds(5200);
    const PlayedRun outcome(setup);
    CheckMoved(outcome);
    EXPECT_EQ(outcome.ledger.counted(), outcome.ledger.begun());
    EXPECT_THAT(outcome.log, Contains(HasSubstr("its work was handed over")));
    EXPECT_THAT(outcome.judgement.lost, IsEmpty());
    int64_t starts = 0;
    for (const auto& [scenario, iteration] : outcome.ledger.begun()) {
      starts += outcome.scenarios[scenario].name == "rate" ? 1 : 0;
    }
    EXPECT_EQ(starts, 40 * 30);
  }
}

// One is told to leave while T0 is agreed to: the others get all of its work, or what it has not
// begun of it, and it is gone soon.
TEST(HandingOver, WhoeverLeavesAsTheRunStartsDoesNotStay) {
  int before = 0;
  int after = 0;
  for (const uint64_t seed : Seeds(60)) {
    SimSetup setup = FourAgents(seed);
    setup.victim = seed % 4;
    setup.leave_since = seed % 3 == 0 ? v1::RunStatus::PREPARING : v1::RunStatus::READY_BARRIER;
    setup.leave_after_t0 = absl::Milliseconds(static_cast<int64_t>(seed));
    const PlayedRun outcome(setup);
    CheckMoved(outcome);
    EXPECT_EQ(outcome.ledger.counted(), outcome.ledger.begun());
    EXPECT_THAT(outcome.judgement.lost, IsEmpty());
    const std::string name = absl::StrCat("agent agent-", setup.victim);
    const bool dealt_again =
        Count(outcome, absl::StrCat(name, " was lost before the start: it left: terminated")) > 0;
    const bool handed_over = Count(outcome, absl::StrCat(name, " has left")) > 0;
    EXPECT_TRUE(dealt_again || handed_over);
    before += dealt_again ? 1 : 0;
    after += handed_over ? 1 : 0;
  }
  EXPECT_GT(before, 0);
  EXPECT_GT(after, 0);
}

// Where no work moves, it is dealt out again, or it is missing by name.
TEST(HandingOver, WhereNoWorkMovesWhoeverLeavesAsTheRunStartsIsNamed) {
  for (const uint64_t seed : Seeds(60)) {
    SimSetup setup = FourAgents(seed);
    setup.redistribute = false;
    setup.tolerated_loss_percent = 50;
    setup.victim = seed % 4;
    setup.leave_since = v1::RunStatus::READY_BARRIER;
    setup.leave_after_t0 = absl::Milliseconds(static_cast<int64_t>(seed));
    const PlayedRun outcome(setup);
    EXPECT_TRUE(outcome.ended);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.ledger.counted(), outcome.ledger.begun());
    const bool dealt_again = Count(outcome, "was lost before the start: it left: terminated") > 0;
    EXPECT_EQ(outcome.judgement.lost.size(), dealt_again ? 0u : 1u);
    EXPECT_EQ(outcome.ledger.begun().size() == 40u * 30 + 900, dealt_again);
  }
}

// One leaves, and another dies at that moment: what is missing is the dead one's, by name.
TEST(HandingOver, OnlyTheDeadAgentsWorkIsMissing) {
  for (const uint64_t seed : Seeds(20)) {
    SimSetup setup = FourAgents(seed);
    setup.victim = seed % 4;
    setup.leave_after_t0 = absl::Milliseconds(5200);
    const size_t dead = (seed + 1) % 4;
    setup.agents[dead].dies_at = absl::Milliseconds(5300);
    const PlayedRun outcome(setup);
    CheckMoved(outcome);
    ASSERT_EQ(outcome.judgement.lost.size(), 1u);
    EXPECT_EQ(outcome.judgement.lost[0].name, absl::StrCat("agent-", dead));
    EXPECT_THAT(outcome.log, Contains(HasSubstr("its work was handed over")));
  }
}

// A fleet that is told to end within so many milliseconds of each other, so long after the start.
SimSetup AllLeave(uint64_t seed, absl::Duration at) {
  SimSetup setup = FourAgents(seed);
  for (size_t i = 0; i < setup.agents.size(); ++i) {
    setup.agents[i].leaves_at = at + absl::Milliseconds(static_cast<int64_t>(i * (seed % 40)));
  }
  return setup;
}

// There is nobody to take over what they do, so they work on, and end what ends within 20 s.
TEST(HandingOver, WhereAllLeaveAtOnceEachGoesOnWithItsPart) {
  for (const uint64_t seed : Seeds(80)) {
    const PlayedRun outcome(AllLeave(seed, absl::Seconds(15)));
    CheckMoved(outcome);
    EXPECT_EQ(outcome.ledger.begun().size(), 40u * 30 + 900);
    EXPECT_EQ(outcome.ledger.counted(), outcome.ledger.begun());
    EXPECT_THAT(outcome.judgement.lost, IsEmpty());
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.teardowns, 1);
    EXPECT_EQ(outcome.summaries, 1);
  }
}

// What does not end within that time is missing by name, and the run fails.
TEST(HandingOver, WhereAllLeaveTooEarlyWhatIsMissingIsNamed) {
  for (const uint64_t seed : Seeds(40)) {
    const PlayedRun outcome(AllLeave(seed, absl::Seconds(3)));
    EXPECT_TRUE(outcome.ended);
    EXPECT_EQ(outcome.exit_code, 255);
    EXPECT_FALSE(outcome.judgement.lost.empty());
    int64_t starts = 0;
    for (const auto& [scenario, iteration] : outcome.ledger.begun()) {
      starts += outcome.scenarios[scenario].name == "rate" ? 1 : 0;
    }
    EXPECT_GE(starts, 40 * 22);
    EXPECT_EQ(outcome.ledger.counted(), outcome.ledger.begun());
  }
}

// What a scenario has shown so far.
struct Shown {
  int64_t allocated_vus = 0;
  double progress = 0;
};

// Agents come, leave and are sent away: what is planned is the test's own all the time, and nothing
// that people see of its progress falls.
TEST(HandingOver, PeopleSeeTheWholeTest) {
  for (const uint64_t seed : Seeds(10)) {
    SimSetup setup = FourAgents(seed);
    setup.wanted = 3;
    setup.agents[3].join_after = absl::Milliseconds(4000 + 100 * static_cast<int64_t>(seed));
    setup.scenarios.push_back(
        Scenario("vus", ConstantVusConfig{.vus = 7, .duration = absl::Seconds(30)}));
    setup.scenarios.push_back(Scenario("own", PerVuIterationsConfig{.vus = 6, .iterations = 150}));
    setup.victim = seed % 3;
    setup.leave_after_t0 = absl::Seconds(9);
    setup.scales = {{absl::Seconds(16), 2}};
    const std::map<std::string, std::pair<int64_t, int64_t>> plan = {
        {"rate", {1200, 40}}, {"shared", {900, 8}}, {"vus", {-1, 7}}, {"own", {900, 6}}};
    std::map<std::string, Shown> before;
    setup.watch = [&](const v1::RunStatus& status) {
      if (status.state() != v1::RunStatus::RUNNING) {
        return;
      }
      EXPECT_LE(status.vus_max(), 61);
      for (const v1::ScenarioStatus& scenario : status.scenarios()) {
        SCOPED_TRACE(absl::StrCat(scenario.name(), " at ", status.elapsed_s(), " s"));
        const auto [iterations, max_vus] = plan.at(scenario.name());
        EXPECT_EQ(scenario.planned(), iterations);
        EXPECT_EQ(scenario.max_vus(), max_vus);
        EXPECT_LE(scenario.allocated_vus(), max_vus);
        Shown& shown = before[scenario.name()];
        EXPECT_GE(scenario.allocated_vus(), shown.allocated_vus);
        EXPECT_GE(scenario.progress(), shown.progress);
        shown = {scenario.allocated_vus(), scenario.progress()};
      }
    };
    const PlayedRun outcome(setup);
    CheckMoved(outcome);
    for (const auto& [scenario, shown] : before) {
      EXPECT_GT(shown.progress, 0.9) << scenario;
    }
  }
}

}  // namespace
}  // namespace lockstep::testing
