// per-vu-iterations where work may move, with a coordinator that is played by hand; whole fleets
// are in tests/sim.

#include <gmock/gmock.h>

#include "tests/agent/exec/engine_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LeasedVusTest : public EngineTest {
 protected:
  LeasedVusTest() { moves = true; }
  void Begin(int64_t vus, int64_t iterations, absl::string_view sequence = "",
             absl::Duration max = absl::Minutes(10)) {
    scenarios = {Scenario(PerVuIterationsConfig{vus, iterations, max}, absl::Seconds(1))};
    Make(scenarios, Taking(absl::Milliseconds(100)), sequence);
    Start();
    RunUntil(absl::Milliseconds(-1));
  }
  void RunUntil(absl::Duration after_t0) { loop.RunFor(t0 + after_t0 - loop.clock().Mono()); }
  // The last that the agent has said of a VU.
  v1::VuIterationsWanted::Vu Last(int64_t vu) {
    v1::VuIterationsWanted::Vu last;
    for (const v1::VuIterationsWanted& message : agent().wanted) {
      EXPECT_EQ(message.scenario(), "s");
      for (const v1::VuIterationsWanted::Vu& line : message.vus()) {
        last = line.vu() == vu ? line : last;
      }
    }
    return last;
  }
  // Answers that.
  void Lease(int64_t vu, int64_t first, int64_t end) {
    v1::VuIterationsLeased leased;
    leased.set_scenario("s");
    v1::VuIterationsLeased::Vu& line = *leased.add_vus();
    line.set_vu(vu);
    line.set_first(first);
    line.set_end(end);
    line.set_ask(Last(vu).ask());
    agent().engine->LeaseVus(leased);
  }
  void TellOver() {
    v1::VuIterationsLeased leased;
    leased.set_scenario("s");
    leased.set_over(true);
    agent().engine->LeaseVus(leased);
  }
  // From now on, the agent's part is `index` of `sequence`.
  void Divide(absl::string_view sequence, size_t index, absl::Duration at) {
    const auto tuples = SegmentTuple::MakeAll(*SegmentSequence::Parse(sequence));
    ASSERT_TRUE(agent().engine->Hold(at));
    InstancePlan plan = *PlanInstance(scenarios, (*tuples)[index]);
    agent().engine->Expect(plan);
    agent().engine->Divide(std::move(plan), (*tuples)[index]);
  }

  std::vector<ScenarioConfig> scenarios;
};

TEST_F(LeasedVusTest, VusAreAskedForAheadOfTheStart) {
  Begin(3, 4, "0,1/2,1");  // VUs 0 and 2 are the first one's
  ASSERT_EQ(agent().wanted.size(), 1u);
  ASSERT_EQ(agent().wanted[0].vus_size(), 2);
  EXPECT_EQ(Last(2).wanted(), 2);
  EXPECT_FALSE(Last(2).has_next());
  Lease(0, 0, 2);
  Lease(2, 1, 2);
  RunUntil(absl::Milliseconds(50));
  // k + 3 i is the number of iteration i of VU k.
  EXPECT_EQ(Numbers(0), (std::vector<int64_t>{0, 5}));
  EXPECT_EQ(SinceT0(records()[0].begin), absl::ZeroDuration());
}

TEST_F(LeasedVusTest, AVuGoesOnAsItIsAllowed) {
  Begin(1, 5);
  Lease(0, 0, 2);
  RunUntil(absl::Milliseconds(50));
  EXPECT_EQ(Last(0).next(), 1);  // half of it has begun
  EXPECT_GE(Last(0).wanted(), 2);
  RunUntil(absl::Milliseconds(450));
  EXPECT_EQ(records().size(), 2u);
  Lease(0, 2, 5);
  RunUntil(absl::Milliseconds(500));
  EXPECT_EQ(records().size(), 3u);
  RunUntil(absl::Milliseconds(1000));
  EXPECT_EQ(records().size(), 5u);
  EXPECT_EQ(Last(0).next(), 5);
  EXPECT_EQ(Last(0).wanted(), 0);
  EXPECT_EQ(agent().pool.free(), 1);
  EXPECT_FALSE(agent().done);
  TellOver();
  Finish();
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::DONE);
  EXPECT_EQ(agent().dropped(), 0);
}

TEST_F(LeasedVusTest, WithoutAVuItHearsOfTheEnd) {
  Begin(1, 5, "0,1/2,1");
  agents.erase(agents.begin());  // the second one has none
  ASSERT_EQ(agent().wanted.size(), 1u);
  EXPECT_EQ(agent().wanted[0].scenario(), "s");
  EXPECT_EQ(agent().wanted[0].vus_size(), 0);
  RunUntil(absl::Seconds(1));
  EXPECT_FALSE(agent().done);
  TellOver();
  Finish();
}

TEST_F(LeasedVusTest, AVuThatBecomesAnothersEndsItsIterationFirst) {
  Begin(2, 9);
  Lease(0, 0, 9);
  Lease(1, 0, 9);
  RunUntil(absl::Milliseconds(250));
  Divide("0,1/2,1", 0, absl::Milliseconds(250));
  RunUntil(absl::Milliseconds(299));
  EXPECT_NE(Last(1).wanted(), 0);
  RunUntil(absl::Milliseconds(301));
  EXPECT_EQ(Last(1).wanted(), 0);
  EXPECT_EQ(Last(1).next(), 3);
  RunUntil(absl::Milliseconds(850));
  EXPECT_EQ(records().size(), 9u + 3);
  // And comes back again.
  Divide("0,1", 0, absl::Milliseconds(900));
  RunUntil(absl::Milliseconds(1000));
  EXPECT_FALSE(Last(1).has_next());
  EXPECT_EQ(Last(1).wanted(), 2);
  Lease(1, 7, 9);
  RunUntil(absl::Milliseconds(1300));
  EXPECT_EQ(records().size(), 9u + 3 + 2);
  EXPECT_EQ(records().back().iteration.in_test, 1 + 2 * 8);
}

TEST_F(LeasedVusTest, AnIterationThatTakesLongHasGracefulStopToEnd) {
  scenarios = {Scenario(PerVuIterationsConfig{2, 9}, absl::Seconds(1))};
  Make(scenarios, Taking(absl::InfiniteDuration()));
  Start();
  RunUntil(absl::Milliseconds(-1));
  Lease(1, 0, 9);
  RunUntil(absl::Milliseconds(250));
  Divide("0,1/2,1", 0, absl::Milliseconds(300));
  RunUntil(absl::Milliseconds(1299));
  EXPECT_FALSE(records()[0].how.has_value());
  RunUntil(absl::Milliseconds(1301));
  EXPECT_EQ(records()[0].how, IterationEnd::kInterrupted);
  EXPECT_EQ(Last(1).next(), 1);
  EXPECT_EQ(Last(1).wanted(), 0);
}

TEST_F(LeasedVusTest, AnAnswerThatWasOvertakenCountsNoLonger) {
  Begin(2, 9);
  const v1::VuIterationsWanted::Vu first = Last(1);
  RunUntil(absl::Milliseconds(100));
  Divide("0,1/2,1", 0, absl::Milliseconds(150));
  RunUntil(absl::Milliseconds(200));
  EXPECT_EQ(Last(1).wanted(), 0);
  EXPECT_GT(Last(1).ask(), first.ask());
  Divide("0,1", 0, absl::Milliseconds(300));
  RunUntil(absl::Milliseconds(350));
  v1::VuIterationsLeased late;
  late.set_scenario("s");
  *late.add_vus() = v1::VuIterationsLeased::Vu();
  late.mutable_vus(0)->set_vu(1);
  late.mutable_vus(0)->set_end(2);
  late.mutable_vus(0)->set_ask(first.ask());
  agent().engine->LeaseVus(late);
  RunUntil(absl::Milliseconds(400));
  EXPECT_THAT(records(), IsEmpty());
  Lease(1, 0, 2);
  RunUntil(absl::Milliseconds(450));
  EXPECT_EQ(records().size(), 1u);
}

TEST_F(LeasedVusTest, WhatHasNotBegunGoesBackFromAnAgentThatEnds) {
  Begin(2, 9);
  Lease(0, 0, 9);
  RunUntil(absl::Milliseconds(150));
  agent().engine->GracefulStop();
  RunUntil(absl::Milliseconds(151));
  EXPECT_FALSE(Last(1).has_next());
  EXPECT_EQ(Last(1).wanted(), 0);
  Finish();
  EXPECT_EQ(records().size(), 2u);
  EXPECT_EQ(Last(0).next(), 2);
  EXPECT_EQ(Last(0).wanted(), 0);
  EXPECT_EQ(agent().dropped(), 0);
}

TEST_F(LeasedVusTest, WhatFindsNoTimeIsDroppedForEachVu) {
  Begin(3, 9, "", absl::Milliseconds(250));
  Lease(0, 0, 9);
  Lease(1, 2, 4);
  RunUntil(absl::Milliseconds(260));
  EXPECT_FALSE(Last(0).over());  // its third iteration runs
  EXPECT_TRUE(Last(1).over());
  EXPECT_TRUE(Last(2).over());  // which it has not got
  RunUntil(absl::Milliseconds(400));
  EXPECT_TRUE(Last(0).over());
  EXPECT_EQ(Last(0).next(), 3);
  EXPECT_FALSE(agent().done);
  Lease(2, 1, 9);
  Finish();
  EXPECT_THAT(agent().drops,
              ElementsAre(DropEvent{0, 8, 0}, DropEvent{0, 6, 1}, DropEvent{0, 5, 2}));
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::INTERRUPTED);
}

// Its agent may be gone, which nobody knows yet.
TEST_F(LeasedVusTest, WhenTheTimeIsUpItAsksForWhatNobodyHas) {
  Begin(2, 9, "0,1/2,1", absl::Milliseconds(250));
  Lease(0, 9, 9);
  RunUntil(absl::Milliseconds(260));
  EXPECT_TRUE(Last(1).over());
  EXPECT_FALSE(Last(1).has_next());
  Lease(0, 9, 9);
  Lease(1, 4, 9);
  RunUntil(absl::Milliseconds(300));
  EXPECT_TRUE(agent().done);
  EXPECT_THAT(agent().drops, ElementsAre(DropEvent{0, 5, 0}));
}

TEST_F(LeasedVusTest, WhoStopsItWaitsForNobody) {
  Begin(1, 9, "", absl::Milliseconds(250));
  RunUntil(absl::Milliseconds(300));
  EXPECT_TRUE(Last(0).over());
  EXPECT_FALSE(agent().done);
  agent().engine->GracefulStop();  // it is about to leave, and others count on it
  RunUntil(absl::Milliseconds(350));
  EXPECT_FALSE(agent().done);
  agent().engine->StopWaiting();
  Finish();
  EXPECT_EQ(agent().dropped(), 0);
}

}  // namespace
}  // namespace lockstep::agent
