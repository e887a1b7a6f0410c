// Rows that a fleet shares while agents come, leave and die: none is given out twice, none is left
// over while an iteration hears that there are no more, and what is lost with an agent has a name.
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/numbers.h"

#include "tests/sim/draw.h"
#include "tests/sim/moved_work.h"
#include "tests/sim/sim_fleet.h"
#include "tests/support/seeds.h"

namespace lockstep {
namespace {

using lockstep::testing::CheckMoved;
using lockstep::testing::FourAgents;
using lockstep::testing::PlayedRun;
using lockstep::testing::Seeds;
using lockstep::testing::SimOutcome;
using lockstep::testing::SimSetup;

constexpr int64_t kIterations = 40 * 30 + 900;  // of FourAgents

// As many rows as iterations.
SimSetup ARowEach(uint64_t seed) {
  SimSetup setup = FourAgents(seed);
  setup.rows = kIterations;
  return setup;
}

void ExpectNoneTwice(const SimOutcome& outcome) {
  EXPECT_EQ(std::set<int64_t>(outcome.rows.begin(), outcome.rows.end()).size(),
            outcome.rows.size());
}

void ExpectAllTaken(const SimOutcome& outcome) {
  CheckMoved(outcome);
  ExpectNoneTwice(outcome);
  EXPECT_EQ(outcome.ledger.begun().size(), static_cast<size_t>(kIterations));
  EXPECT_EQ(outcome.rows.size(), static_cast<size_t>(kIterations));
  EXPECT_EQ(outcome.without_row, 0);
}

TEST(MovingRows, AgentsThatComeGetRowsThatNobodyElseHas) {
  for (const uint64_t seed : Seeds(20)) {
    SimSetup setup = ARowEach(seed);
    setup.wanted = 2;
    setup.agents[2].join_after = absl::Seconds(3);
    setup.agents[3].join_after = absl::Milliseconds(5000 + 100 * static_cast<int64_t>(seed));
    const PlayedRun outcome(setup);
    ExpectAllTaken(outcome);
  }
}

TEST(MovingRows, WhoLeavesGivesItsRowsBack) {
  for (const uint64_t seed : Seeds(50)) {
    SimSetup setup = ARowEach(seed);
    setup.victim = seed % 4;
    setup.leave_after_t0 = absl::Milliseconds(200 * static_cast<int64_t>(seed));
    const PlayedRun outcome(setup);
    ExpectAllTaken(outcome);
  }
}

TEST(MovingRows, FewerAreSharedToTheLastOne) {
  for (const uint64_t seed : Seeds(20)) {
    SimSetup setup = ARowEach(seed);
    setup.rows = 700;
    const PlayedRun outcome(setup);
    CheckMoved(outcome);
    ExpectNoneTwice(outcome);
    EXPECT_EQ(outcome.rows.size(), 700u);
    EXPECT_EQ(outcome.without_row, kIterations - 700);
  }
}

// How many rows are missing by the verdict: "up to N rows of ".
int64_t Named(const SimOutcome& outcome) {
  int64_t named = 0;
  for (const std::string& reason : outcome.judgement.reasons) {
    const size_t at = reason.find("up to ");
    int64_t rows = 0;
    if (at != std::string::npos &&
        absl::SimpleAtoi(reason.substr(at + 6, reason.find(" row", at) - at - 6), &rows)) {
      named += rows;
    }
  }
  return named;
}

// It begins nothing after its lease, in which it uses some hundred rows: of large blocks some are
// left.
TEST(MovingRows, WhatIsLostWithAnAgentIsNamed) {
  for (const uint64_t seed : Seeds(50)) {
    for (const int64_t rows : {1000, 4000}) {
      SimSetup setup = ARowEach(seed);
      setup.rows = rows;
      setup.victim = seed % 4;
      setup.kill_after_t0 = absl::Milliseconds(100 * static_cast<int64_t>(seed));
      const PlayedRun outcome(setup);
      CheckMoved(outcome);
      ExpectNoneTwice(outcome);
      if (rows < kIterations) {  // all are wanted
        EXPECT_LE(rows - static_cast<int64_t>(outcome.rows.size()), Named(outcome));
      } else {
        EXPECT_GT(Named(outcome), 0);
      }
    }
  }
}

}  // namespace
}  // namespace lockstep
