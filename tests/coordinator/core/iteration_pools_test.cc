#include "coordinator/core/iteration_pools.h"

#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr AgentId kA{1};
constexpr AgentId kB{2};

v1::IterationLease Lease(int64_t begun, int64_t wanted, bool over = false) {
  v1::IterationLease lease;
  lease.set_scenario("s");
  lease.set_begun(begun);
  lease.set_wanted(wanted);
  lease.set_over(over);
  return lease;
}

v1::IterationsReturned Returned(int64_t first, int64_t count) {
  v1::IterationsReturned returned;
  returned.set_scenario("s");
  returned.set_first(first);
  returned.set_count(count);
  return returned;
}

// To whom, first, count.
using Given = std::tuple<AgentId, int64_t, int64_t>;
std::vector<Given> Deal(IterationPools& pools, const std::vector<AgentId>& at_work) {
  std::vector<Given> given;
  for (const Addressed& grant : pools.Deal(at_work)) {
    const v1::IterationsLeased& leased = grant.message.iterations_leased();
    given.emplace_back(grant.to, leased.first(), leased.count());
  }
  return given;
}

TEST(IterationPools, EachAsksForItsPartAndGetsNoMoreThanAFairShareOfTheRest) {
  IterationPools pools({{"s", 10}});
  ASSERT_TRUE(pools.Ask(kA, Lease(0, 8)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kA, 0, 5)));
  ASSERT_TRUE(pools.Ask(kB, Lease(0, 1)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kB, 5, 1)));
  EXPECT_THAT(Deal(pools, {kA, kB}), IsEmpty());
  EXPECT_EQ(pools.GrantedTo(kA, "s"), 5);
}

// Or it would get twice what it wants for asking twice, before the first answer has reached it.
TEST(IterationPools, WhatAnAgentHasNotBegunIsPartOfWhatItWants) {
  IterationPools pools({{"s", 100}});
  ASSERT_TRUE(pools.Ask(kA, Lease(0, 8)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kA, 0, 8)));
  ASSERT_TRUE(pools.Ask(kA, Lease(2, 8)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kA, 8, 2)));
  ASSERT_TRUE(pools.Ask(kA, Lease(2, 8)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), IsEmpty());
  ASSERT_TRUE(pools.Ask(kA, Lease(5, 8)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kA, 10, 3)));
}

TEST(IterationPools, ThereAreNoMoreOnceNobodyCanGiveAnyBack) {
  IterationPools pools({{"s", 4}});
  ASSERT_TRUE(pools.Ask(kA, Lease(0, 2)).ok());
  ASSERT_TRUE(pools.Ask(kB, Lease(0, 2)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kA, 0, 2), Given(kB, 2, 1)));
  ASSERT_TRUE(pools.Ask(kA, Lease(2, 2)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kA, 3, 1)));
  ASSERT_TRUE(pools.Ask(kA, Lease(3, 2)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), IsEmpty());  // B may give its one back
  ASSERT_TRUE(pools.Ask(kB, Lease(1, 2)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kA, 0, 0), Given(kB, 0, 0)));
}

TEST(IterationPools, WhatIsGivenBackIsDealtOutToWhoeverWaits) {
  IterationPools pools({{"s", 3}});
  ASSERT_TRUE(pools.Ask(kA, Lease(0, 9)).ok());
  EXPECT_THAT(Deal(pools, {kA}), ElementsAre(Given(kA, 0, 3)));
  ASSERT_TRUE(pools.Ask(kB, Lease(0, 9)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), IsEmpty());
  ASSERT_TRUE(pools.Return(kA, Returned(1, 2)).ok());
  EXPECT_EQ(pools.GrantedTo(kA, "s"), 1);
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kB, 1, 1)));
}

TEST(IterationPools, WhoeverIsLostIsNotWaitedFor) {
  IterationPools pools({{"s", 2}});
  ASSERT_TRUE(pools.Ask(kA, Lease(0, 1)).ok());
  ASSERT_TRUE(pools.Ask(kB, Lease(0, 1)).ok());
  EXPECT_EQ(Deal(pools, {kA, kB}).size(), 2u);
  ASSERT_TRUE(pools.Ask(kB, Lease(1, 1)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), IsEmpty());
  EXPECT_THAT(Deal(pools, {kB}), ElementsAre(Given(kB, 0, 0)));
}

// Without a VU it wants none, and hears of the end as the others.
TEST(IterationPools, WhoeverWantsNoneHearsThatThereAreNoMore) {
  IterationPools pools({{"s", 1}});
  ASSERT_TRUE(pools.Ask(kB, Lease(0, 0)).ok());
  ASSERT_TRUE(pools.Ask(kA, Lease(0, 5)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kA, 0, 1)));
  ASSERT_TRUE(pools.Ask(kA, Lease(1, 5)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kB, 0, 0), Given(kA, 0, 0)));
}

TEST(IterationPools, WhenTheTimeIsOverOneTakesWhatIsLeft) {
  IterationPools pools({{"s", 100}});
  ASSERT_TRUE(pools.Ask(kA, Lease(0, 10)).ok());
  EXPECT_EQ(Deal(pools, {kA, kB}).size(), 1u);
  ASSERT_TRUE(pools.Ask(kA, Lease(4, 0, /*over=*/true)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kA, 10, 90)));
  ASSERT_TRUE(pools.Ask(kB, Lease(0, 0, /*over=*/true)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kA, 0, 0), Given(kB, 0, 0)));
}

// One that is about to leave, while the time is over for the other.
TEST(IterationPools, WhoeverTakesWhatIsLeftWaitsForThoseWhoMayGiveSomeBack) {
  IterationPools pools({{"s", 10}});
  ASSERT_TRUE(pools.Ask(kA, Lease(0, 5)).ok());
  ASSERT_TRUE(pools.Ask(kB, Lease(0, 3)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kA, 0, 5), Given(kB, 5, 3)));
  ASSERT_TRUE(pools.Ask(kA, Lease(5, 0, /*over=*/true)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kA, 8, 2)));
  ASSERT_TRUE(pools.Return(kB, Returned(6, 2)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kA, 6, 2)));
  pools.End(kB, "s", 1);
  EXPECT_THAT(Deal(pools, {kA}), ElementsAre(Given(kA, 0, 0)));
  EXPECT_EQ(pools.GrantedTo(kA, "s") + pools.GrantedTo(kB, "s"), 10);
}

// What an agent gets after it has ended it never begins, and nobody waits for it to say so.
TEST(IterationPools, WhatIsOnItsWayToAnAgentThatHasEndedGoesToTheOthers) {
  IterationPools pools({{"s", 9}});
  ASSERT_TRUE(pools.Ask(kA, Lease(0, 3)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kA, 0, 3)));
  ASSERT_TRUE(pools.Ask(kA, Lease(2, 4)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kA, 3, 3)));
  ASSERT_TRUE(pools.Ask(kB, Lease(0, 9)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kB, 6, 2)));
  pools.End(kA, "s", 4);  // 0 to 3
  EXPECT_EQ(pools.GrantedTo(kA, "s"), 4);
  EXPECT_TRUE(pools.Return(kA, Returned(4, 2)).ok());  // it need not
  ASSERT_TRUE(pools.Ask(kB, Lease(2, 9)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kB, 4, 2)));
  ASSERT_TRUE(pools.Ask(kB, Lease(4, 9)).ok());
  EXPECT_THAT(Deal(pools, {kB}), ElementsAre(Given(kB, 8, 1)));
}

TEST(IterationPools, OnlyWhatOneHasCanComeBack) {
  IterationPools pools({{"s", 10}});
  ASSERT_TRUE(pools.Ask(kA, Lease(0, 4)).ok());
  ASSERT_TRUE(pools.Ask(kB, Lease(0, 4)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kA, 0, 4), Given(kB, 4, 3)));
  EXPECT_FALSE(pools.Return(kA, Returned(4, 1)).ok());
  ASSERT_TRUE(pools.Return(kA, Returned(1, 2)).ok());
  EXPECT_EQ(pools.Return(kA, Returned(1, 2)).message(),
            "iterations_returned: 2 from 1, of 2 that have not begun: these are none of them");
  ASSERT_TRUE(pools.Ask(kA, Lease(1, 0)).ok());
  EXPECT_FALSE(pools.Return(kA, Returned(0, 1)).ok());
  EXPECT_TRUE(pools.Return(kA, Returned(3, 1)).ok());
}

TEST(IterationPools, RefusesCountsThatCannotBe) {
  IterationPools pools({{"s", 100}});
  EXPECT_FALSE(pools.Ask(kA, Lease(1, 1)).ok());  // it has none
  ASSERT_TRUE(pools.Ask(kA, Lease(0, 10)).ok());
  EXPECT_EQ(Deal(pools, {kA}).size(), 1u);
  ASSERT_TRUE(pools.Ask(kA, Lease(5, 10)).ok());
  EXPECT_FALSE(pools.Ask(kA, Lease(4, 10)).ok());
  EXPECT_FALSE(pools.Return(kA, Returned(0, 6)).ok());
  EXPECT_FALSE(pools.Return(kA, Returned(-1, 1)).ok());
  EXPECT_FALSE(pools.Return(kB, Returned(0, 1)).ok());
  v1::IterationLease other = Lease(0, 1);
  other.set_scenario("t");
  EXPECT_EQ(pools.Ask(kA, other).message(), "scenario: no pool of iterations: \"t\"");
}

}  // namespace
}  // namespace lockstep::coordinator
