#include "tests/agent/exec/engine_fixture.h"

namespace lockstep::agent {
namespace {

class ConstantVusTest : public EngineTest {};

TEST_F(ConstantVusTest, LoopsUntilTheDurationIsOverAndStartsNothingAfterIt) {
  Play({Scenario(ConstantVusConfig{3, absl::Seconds(2)})}, Taking(absl::Milliseconds(450)));
  // Each VU begins at 0, 450, .., 1800 ms and ends the last one at 2250 ms.
  EXPECT_EQ(records().size(), 15u);
  EXPECT_EQ(agent().pool.most_running(), 3);
  EXPECT_EQ(SinceT0(records().back().begin), absl::Milliseconds(1800));
  EXPECT_EQ(SinceT0(agent().done_at), absl::Milliseconds(2250));
  const ScenarioSnapshot snapshot = agent().Scenario();
  EXPECT_EQ(snapshot.state, v1::ScenarioProgress::DONE);
  EXPECT_EQ(snapshot.iterations_full, 15);
  EXPECT_EQ(snapshot.iterations_interrupted, 0);
  EXPECT_EQ(snapshot.elapsed, absl::Seconds(2));
}

TEST_F(ConstantVusTest, AnIterationThatEndsAtTheVeryEndIsTheLast) {
  Play({Scenario(ConstantVusConfig{1, absl::Seconds(2)})}, Taking(absl::Milliseconds(500)));
  EXPECT_EQ(records().size(), 4u);
  EXPECT_EQ(SinceT0(agent().done_at), absl::Seconds(2));
}

TEST_F(ConstantVusTest, GracefulStopInterruptsWhatTakesLonger) {
  Play({Scenario(ConstantVusConfig{2, absl::Seconds(1)}, absl::Milliseconds(300))},
       Taking(absl::Milliseconds(700)));
  // Begin at 0 and 700 ms; the second ones would end at 1400 ms, but 1300 ms is the end.
  EXPECT_EQ(Count(records(), IterationEnd::kFull), 2);
  EXPECT_EQ(Count(records(), IterationEnd::kInterrupted), 2);
  EXPECT_EQ(SinceT0(agent().done_at), absl::Milliseconds(1300));
  EXPECT_EQ(agent().Scenario().iterations_interrupted, 2);
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::DONE);
}

TEST_F(ConstantVusTest, GracefulStopOfZeroInterruptsAtTheEnd) {
  Play({Scenario(ConstantVusConfig{2, absl::Seconds(1)}, absl::ZeroDuration())},
       Taking(absl::Seconds(2)));
  EXPECT_EQ(Count(records(), IterationEnd::kInterrupted), 2);
  EXPECT_EQ(SinceT0(agent().done_at), absl::Seconds(1));
}

TEST_F(ConstantVusTest, SnapshotFollowsTheRun) {
  Make({Scenario(ConstantVusConfig{2, absl::Seconds(1)}, absl::Seconds(30), absl::Seconds(3))},
       Taking(absl::Milliseconds(600)));
  Start();
  loop.RunUntil(t0 + absl::Seconds(2));
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::WAITING);
  EXPECT_EQ(agent().Scenario().vus_active, 0);
  loop.RunUntil(t0 + absl::Milliseconds(3750));
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::RUNNING);
  EXPECT_EQ(agent().Scenario().vus_active, 2);
  EXPECT_EQ(agent().Scenario().iterations_full, 2);
  EXPECT_EQ(agent().Scenario().iterations_started, 4);
  EXPECT_DOUBLE_EQ(agent().Scenario().progress, 0.75);
  EXPECT_EQ(agent().Scenario().elapsed, absl::Milliseconds(750));
  loop.RunUntil(t0 + absl::Milliseconds(4100));
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::STOPPING);
  EXPECT_EQ(agent().Scenario().vus_active, 2);
  Finish();
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::DONE);
}

}  // namespace
}  // namespace lockstep::agent
