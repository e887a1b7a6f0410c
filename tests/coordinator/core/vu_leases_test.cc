#include "coordinator/core/vu_leases.h"

#include <optional>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr AgentId kFirst{1};
constexpr AgentId kSecond{2};

// To whom, first, end; a VU's.
using Lent = std::tuple<AgentId, int64_t, int64_t>;

class VuLeasesTest : public ::testing::Test {
 protected:
  // Of VU 0 of two, with ten iterations each, unless `vu` says otherwise.
  absl::Status Ask(AgentId agent, std::optional<int64_t> next, int64_t wanted, bool over = false,
                   int64_t vu = 0) {
    v1::VuIterationsWanted message;
    message.set_scenario("s");
    v1::VuIterationsWanted::Vu& line = *message.add_vus();
    line.set_vu(vu);
    if (next.has_value()) {
      line.set_next(*next);
    }
    line.set_wanted(wanted);
    line.set_over(over);
    line.set_ask(++asks_);
    return leases_.Ask(agent, message);
  }
  std::vector<Lent> Deal() {
    std::vector<Lent> given;
    told_over_.clear();
    for (const Addressed& grant : leases_.Deal()) {
      const v1::VuIterationsLeased& leased = grant.message.vu_iterations_leased();
      for (const v1::VuIterationsLeased::Vu& vu : leased.vus()) {
        given.emplace_back(grant.to, vu.first(), vu.end());
        answered_ = vu.ask();
      }
      if (leased.over()) {
        told_over_.push_back(grant.to);
      }
    }
    return given;
  }

  VuLeases leases_{{{"s", {.vus = 2, .iterations = 10}}}};
  int64_t asks_ = 0;
  int64_t answered_ = 0;
  std::vector<AgentId> told_over_;
};

TEST_F(VuLeasesTest, ItsAgentGoesOnAsItAsks) {
  ASSERT_TRUE(Ask(kFirst, std::nullopt, 2).ok());
  EXPECT_THAT(Deal(), ElementsAre(Lent(kFirst, 0, 2)));
  EXPECT_EQ(answered_, 1);
  ASSERT_TRUE(Ask(kFirst, 1, 4).ok());
  EXPECT_THAT(Deal(), ElementsAre(Lent(kFirst, 2, 5)));
  EXPECT_EQ(answered_, 2);
  ASSERT_TRUE(Ask(kFirst, 4, 100).ok());
  EXPECT_THAT(Deal(), ElementsAre(Lent(kFirst, 5, 10)));
  EXPECT_EQ(leases_.GrantedTo(kFirst, "s"), 10);
}

TEST_F(VuLeasesTest, TheNextOneGoesOnWhereTheOneBeforeHasEnded) {
  ASSERT_TRUE(Ask(kFirst, std::nullopt, 5).ok());
  EXPECT_THAT(Deal(), ElementsAre(Lent(kFirst, 0, 5)));
  ASSERT_TRUE(Ask(kSecond, std::nullopt, 3).ok());
  EXPECT_THAT(Deal(), IsEmpty());
  ASSERT_TRUE(Ask(kFirst, 2, 0).ok());
  EXPECT_THAT(Deal(), ElementsAre(Lent(kSecond, 2, 5)));
  EXPECT_EQ(leases_.GrantedTo(kFirst, "s"), 2);
  EXPECT_EQ(leases_.GrantedTo(kSecond, "s"), 3);
}

TEST_F(VuLeasesTest, AfterALossWhatItMayHaveBegunIsMissing) {
  ASSERT_TRUE(Ask(kFirst, std::nullopt, 5).ok());
  EXPECT_THAT(Deal(), ElementsAre(Lent(kFirst, 0, 5)));
  ASSERT_TRUE(Ask(kSecond, std::nullopt, 3).ok());
  leases_.End(kFirst, /*lost=*/true);
  EXPECT_THAT(Deal(), ElementsAre(Lent(kSecond, 5, 8)));
  EXPECT_EQ(leases_.GrantedTo(kFirst, "s"), 5);
}

TEST_F(VuLeasesTest, WhatIsOnItsWayToAnAgentThatHasEndedIsNot) {
  ASSERT_TRUE(Ask(kFirst, std::nullopt, 5).ok());
  EXPECT_EQ(Deal().size(), 1u);
  ASSERT_TRUE(Ask(kSecond, std::nullopt, 3).ok());
  leases_.End(kFirst, /*lost=*/false);
  EXPECT_THAT(Deal(), ElementsAre(Lent(kSecond, 0, 3)));
  EXPECT_EQ(leases_.GrantedTo(kFirst, "s"), 0);
}

// Divisions follow each other faster than messages.
TEST_F(VuLeasesTest, WhoeverChangesItsMindBeforeItHasGotTheVuHasBegunNothing) {
  ASSERT_TRUE(Ask(kFirst, std::nullopt, 5).ok());
  EXPECT_THAT(Deal(), ElementsAre(Lent(kFirst, 0, 5)));
  ASSERT_TRUE(Ask(kFirst, std::nullopt, 0).ok());
  ASSERT_TRUE(Ask(kFirst, std::nullopt, 2).ok());
  EXPECT_THAT(Deal(), ElementsAre(Lent(kFirst, 0, 2)));
  EXPECT_EQ(answered_, 3);
  EXPECT_EQ(leases_.GrantedTo(kFirst, "s"), 2);
}

TEST_F(VuLeasesTest, AllWhoWaitGetItsTurnUnlessTheyNoLongerWantIt) {
  constexpr AgentId kC{3};
  ASSERT_TRUE(Ask(kFirst, std::nullopt, 1).ok());
  EXPECT_EQ(Deal().size(), 1u);
  ASSERT_TRUE(Ask(kSecond, std::nullopt, 1).ok());
  ASSERT_TRUE(Ask(kC, std::nullopt, 1).ok());
  ASSERT_TRUE(Ask(kSecond, std::nullopt, 0).ok());
  ASSERT_TRUE(Ask(kFirst, 1, 0).ok());
  EXPECT_THAT(Deal(), ElementsAre(Lent(kC, 1, 2)));
}

TEST_F(VuLeasesTest, WhenTheTimeIsOverItsAgentTakesTheRest) {
  ASSERT_TRUE(Ask(kFirst, std::nullopt, 5).ok());
  EXPECT_EQ(Deal().size(), 1u);
  ASSERT_TRUE(Ask(kSecond, std::nullopt, 0, /*over=*/true).ok());
  EXPECT_THAT(Deal(), IsEmpty());
  ASSERT_TRUE(Ask(kFirst, 3, 0, /*over=*/true).ok());
  EXPECT_THAT(Deal(), ElementsAre(Lent(kSecond, 10, 10)));  // nothing is left
  EXPECT_EQ(leases_.GrantedTo(kFirst, "s"), 10);
}

TEST_F(VuLeasesTest, OrWhoeverWaitsForIt) {
  ASSERT_TRUE(Ask(kFirst, std::nullopt, 5).ok());
  EXPECT_EQ(Deal().size(), 1u);
  ASSERT_TRUE(Ask(kSecond, std::nullopt, 0, /*over=*/true).ok());
  ASSERT_TRUE(Ask(kFirst, 3, 0).ok());
  EXPECT_THAT(Deal(), ElementsAre(Lent(kSecond, 3, 10)));
  EXPECT_EQ(leases_.GrantedTo(kFirst, "s") + leases_.GrantedTo(kSecond, "s"), 10);
}

TEST_F(VuLeasesTest, AllHearOfTheEndOnceAllHasBegun) {
  ASSERT_TRUE(Ask(kFirst, std::nullopt, 10, false, 0).ok());
  ASSERT_TRUE(Ask(kSecond, std::nullopt, 10, false, 1).ok());
  EXPECT_EQ(Deal().size(), 2u);
  ASSERT_TRUE(Ask(kFirst, 10, 0, false, 0).ok());
  EXPECT_THAT(Deal(), IsEmpty());
  EXPECT_THAT(told_over_, IsEmpty());
  ASSERT_TRUE(Ask(kSecond, 10, 0, false, 1).ok());
  EXPECT_THAT(Deal(), IsEmpty());
  EXPECT_THAT(told_over_, ElementsAre(kFirst, kSecond));
  Deal();
  EXPECT_THAT(told_over_, IsEmpty());
}

TEST_F(VuLeasesTest, RefusesCountsThatCannotBe) {
  EXPECT_EQ(Ask(kFirst, std::nullopt, 1, false, 2).message(),
            "vu_iterations_wanted: VU 2 of 2 wants 1: no such VU, or no such count");
  EXPECT_FALSE(Ask(kFirst, std::nullopt, -1).ok());
  ASSERT_TRUE(Ask(kFirst, std::nullopt, 5).ok());
  EXPECT_EQ(Deal().size(), 1u);
  ASSERT_TRUE(Ask(kFirst, 2, 5).ok());
  EXPECT_EQ(Ask(kFirst, 1, 5).message(),
            "vu_iterations_wanted: VU 0 has begun 1 iterations: expected 2 to 7");
  EXPECT_FALSE(Ask(kFirst, 8, 5).ok());
  v1::VuIterationsWanted other;
  other.set_scenario("t");
  EXPECT_EQ(leases_.Ask(kFirst, other).message(),
            "vu_iterations_wanted.scenario: no scenario with VUs that move: \"t\"");
}

}  // namespace
}  // namespace lockstep::coordinator
