#include <map>

#include "tests/agent/exec/engine_fixture.h"

namespace lockstep::agent {
namespace {

class PerVuIterationsTest : public EngineTest {};

TEST_F(PerVuIterationsTest, EachVuRunsExactlyItsIterations) {
  FakeVuPool::Options options;
  options.duration = [](const IterationRecord& record) {
    return absl::Milliseconds(10 * record.vu_in_instance);
  };
  Play({Scenario(PerVuIterationsConfig{3, 4})}, options);
  std::map<int64_t, int64_t> by_vu;
  for (const IterationRecord& record : records()) {
    ++by_vu[record.vu_in_instance];
  }
  EXPECT_EQ(by_vu, (std::map<int64_t, int64_t>{{1, 4}, {2, 4}, {3, 4}}));
  EXPECT_EQ(Numbers(0), (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::DONE);
  EXPECT_EQ(agent().Scenario().iterations_planned, 12);
  EXPECT_EQ(SinceT0(agent().done_at), absl::Milliseconds(120));
}

TEST_F(PerVuIterationsTest, DropsAreCountedForEachVu) {
  FakeVuPool::Options options;
  options.duration = [](const IterationRecord& record) {
    return absl::Milliseconds(record.vu_in_instance == 1 ? 100 : 600);
  };
  Play({Scenario(PerVuIterationsConfig{2, 4, absl::Seconds(1)}, absl::Seconds(1))}, options);
  // VU 1 is done at 400 ms; VU 2 begins at 0 and 600 ms only.
  EXPECT_EQ(agent().drops, (std::vector<DropEvent>{{0, 2, 2}}));
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::INTERRUPTED);
  EXPECT_EQ(agent().Scenario().iterations_full, 6);
  EXPECT_EQ(SinceT0(agent().done_at), absl::Milliseconds(1200));
}

TEST_F(PerVuIterationsTest, AStopDropsNothing) {
  Make({Scenario(PerVuIterationsConfig{2, 5})}, Taking(absl::Seconds(1)));
  Start();
  loop.RunUntil(t0 + absl::Milliseconds(1500));
  agent().engine->Stop();
  Finish();
  EXPECT_EQ(agent().drops, std::vector<DropEvent>());  // nobody wanted the rest any more
  EXPECT_EQ(agent().Scenario().iterations_full, 2);
  EXPECT_EQ(agent().Scenario().iterations_interrupted, 2);
  EXPECT_EQ(SinceT0(agent().done_at), absl::Milliseconds(1500));
}

}  // namespace
}  // namespace lockstep::agent
