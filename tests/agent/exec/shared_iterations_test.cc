#include "tests/agent/exec/engine_fixture.h"

namespace lockstep::agent {
namespace {

class SharedIterationsTest : public EngineTest {};

TEST_F(SharedIterationsTest, VusEmptyThePool) {
  Play({Scenario(SharedIterationsConfig{3, 12})}, Taking(absl::Milliseconds(50)));
  EXPECT_EQ(Numbers(0), (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(agent().pool.most_running(), 3);
  EXPECT_EQ(SinceT0(agent().done_at), absl::Milliseconds(200));  // 12 / 3 * 50 ms
  const ScenarioSnapshot snapshot = agent().Scenario();
  EXPECT_EQ(snapshot.state, v1::ScenarioProgress::DONE);
  EXPECT_EQ(snapshot.iterations_full, 12);
  EXPECT_EQ(snapshot.iterations_started, 12);
  EXPECT_EQ(snapshot.progress, 1);
  EXPECT_EQ(snapshot.vus_active, 0);
  EXPECT_TRUE(agent().drops.empty());
}

TEST_F(SharedIterationsTest, FastVusTakeMore) {
  FakeVuPool::Options options;
  options.duration = [](const IterationRecord& record) {
    return absl::Milliseconds(record.vu_in_instance == 1 ? 10 : 1000);
  };
  Play({Scenario(SharedIterationsConfig{2, 10})}, options);
  const auto slow = std::count_if(records().begin(), records().end(),
                                  [](const IterationRecord& r) { return r.vu_in_instance == 2; });
  EXPECT_EQ(slow, 1);
  EXPECT_EQ(records().size(), 10u);
}

TEST_F(SharedIterationsTest, WhatMaxDurationCutsOffIsDroppedOnceWithoutAVu) {
  Play({Scenario(SharedIterationsConfig{2, 10, absl::Seconds(1)}, absl::ZeroDuration())},
       Taking(absl::Milliseconds(400)));
  // Two VUs begin at 0, 400 and 800 ms; the last two are interrupted at 1 s.
  EXPECT_EQ(agent().drops, (std::vector<DropEvent>{{0, 4, 0}}));
  const ScenarioSnapshot snapshot = agent().Scenario();
  EXPECT_EQ(snapshot.state, v1::ScenarioProgress::INTERRUPTED);
  EXPECT_EQ(snapshot.iterations_full, 4);
  EXPECT_EQ(snapshot.iterations_interrupted, 2);
  EXPECT_EQ(snapshot.iterations_dropped, 4);
  EXPECT_DOUBLE_EQ(snapshot.progress, 0.4);
  EXPECT_EQ(SinceT0(agent().done_at), absl::Seconds(1));
}

TEST_F(SharedIterationsTest, GracefulStopLetsTheLastOnesEnd) {
  Play({Scenario(SharedIterationsConfig{2, 6, absl::Seconds(1)}, absl::Seconds(5))},
       Taking(absl::Milliseconds(400)));
  const ScenarioSnapshot snapshot = agent().Scenario();
  EXPECT_EQ(snapshot.state, v1::ScenarioProgress::DONE);
  EXPECT_EQ(snapshot.iterations_full, 6);
  EXPECT_EQ(SinceT0(agent().done_at), absl::Milliseconds(1200));
}

TEST_F(SharedIterationsTest, VusThatNeverArriveDoNotHoldUpTheEnd) {
  FakeVuPool::Options options = Taking(absl::Milliseconds(10));
  options.vus = 1;  // of the three that the scenario wants
  Play({Scenario(SharedIterationsConfig{3, 5})}, options);
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::DONE);
  EXPECT_EQ(records().size(), 5u);
}

}  // namespace
}  // namespace lockstep::agent
