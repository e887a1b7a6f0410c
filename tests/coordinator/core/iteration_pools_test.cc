#include "coordinator/core/iteration_pools.h"

#include <set>
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
  for (const IterationPools::Grant& grant : pools.Deal(at_work)) {
    given.emplace_back(grant.to, grant.message.first(), grant.message.count());
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
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kA, 10, 90), Given(kA, 0, 0)));
  ASSERT_TRUE(pools.Ask(kB, Lease(0, 0, /*over=*/true)).ok());
  EXPECT_THAT(Deal(pools, {kA, kB}), ElementsAre(Given(kB, 0, 0)));
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
