#include "tests/sim/moved_work.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "common/plan/plan.h"
#include "tests/sim/draw.h"

namespace lockstep::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// What became of each agent: of one that handed its work over and joined again, as the last of its
// memberships, with the work of all.
std::vector<SimMember> ByAgent(const SimOutcome& outcome) {
  std::vector<SimMember> agents;
  for (const SimMember& member : outcome.members) {
    const auto before = std::find_if(agents.begin(), agents.end(), [&](const SimMember& other) {
      return other.agent == member.agent;
    });
    if (before == agents.end()) {
      agents.push_back(member);
      continue;
    }
    EXPECT_TRUE(before->settled) << "agent-" << member.agent;
    SimMember last = member;
    for (size_t i = 0; i < last.share.scenarios.size(); ++i) {
      last.share.scenarios[i].iterations += before->share.scenarios[i].iterations;
    }
    *before = std::move(last);
  }
  return agents;
}

// The starts of a schedule: each begun once, at its own instant, and those that are not are as many
// as were dropped, or are missing by name. With nothing dropped, their numbers are those of a
// single instance.
void CheckStarts(const SimOutcome& outcome, size_t index, const ArrivalTimes& times,
                 absl::Duration start) {
  std::multiset<absl::Duration> left;
  for (int64_t i = 0; i < times.total(); ++i) {
    left.insert(start + times.StartOf(i));
  }
  int64_t accounted = 0;
  int64_t dropped = 0;
  for (const SimMember& member : ByAgent(outcome)) {
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
  for (const SimMember& member : ByAgent(outcome)) {
    absl::StrAppend(&text, "agent-", member.agent, member.lost ? " lost" : "",
                    member.settled ? " settled" : "", ": begun ",
                    outcome.ledger.begun_by(member.agent, index), ", dropped ",
                    member.dropped[index], " of ", member.share.scenarios[index].iterations, "\n");
  }
  return text;
}

// The iterations of a pool, or of VUs that have so many together: each of them begun once, or
// dropped, or with an agent that was lost.
void CheckPool(const SimOutcome& outcome, size_t index, int64_t iterations) {
  int64_t accounted = 0;
  for (const SimMember& member : ByAgent(outcome)) {
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

}  // namespace

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

SimSetup FourAgents(uint64_t seed) {
  SimSetup setup = FleetOf(4, seed);
  setup.redistribute = true;
  setup.scenarios = {Scenario("rate", ConstantArrivalRateConfig{.rate = 40,
                                                                .duration = absl::Seconds(30),
                                                                .pre_allocated_vus = 40,
                                                                .max_vus = 40}),
                     Scenario("shared", SharedIterationsConfig{.vus = 8, .iterations = 900})};
  return setup;
}

}  // namespace lockstep::testing
