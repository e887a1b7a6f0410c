// The same test on one agent and on several: the same work, at the same instants.
#include <cmath>
#include <map>
#include <tuple>

#include "common/base/random.h"
#include "tests/agent/exec/engine_fixture.h"

namespace lockstep::agent {
namespace {

class SegmentsTest : public EngineTest {
 protected:
  // idInTest -> iterations, on one agent.
  std::map<int64_t, int64_t> ByVu(size_t index) const {
    std::map<int64_t, int64_t> by_vu;
    for (const IterationRecord& record : records(index)) {
      ++by_vu[record.vu_in_test];
    }
    return by_vu;
  }
  std::vector<int64_t> VuIds(size_t index) const {
    std::vector<int64_t> ids;
    for (const auto& [id, count] : ByVu(index)) {
      ids.push_back(id);
    }
    return ids;
  }
};

// segments/arrival-thirds
TEST_F(SegmentsTest, ArrivalRateFollowsTheVusThatEachAgentGot) {
  Play({Scenario(ConstantArrivalRateConfig{10, kSecond, absl::Milliseconds(1550), 7, 7})},
       Taking(absl::Milliseconds(1)), "0,1/3,2/3,1");
  EXPECT_EQ(Numbers(0), (std::vector<int64_t>{0, 3, 5, 7, 10, 12, 14}));
  EXPECT_EQ(Numbers(1), (std::vector<int64_t>{1, 4, 8, 11, 15}));
  EXPECT_EQ(Numbers(2), (std::vector<int64_t>{2, 6, 9, 13}));
  for (const auto& [begin, number] : AllBegins()) {
    EXPECT_EQ(begin, absl::Milliseconds(100 * number));
  }
}

// segments/constant-vus-ids
TEST_F(SegmentsTest, ConstantVusHaveStripedIds) {
  Play({Scenario(ConstantVusConfig{7, kSecond})}, Taking(absl::Milliseconds(300)), "0,1/2,3/4,1");
  EXPECT_EQ(VuIds(0), (std::vector<int64_t>{1, 3, 5, 7}));
  EXPECT_EQ(VuIds(1), (std::vector<int64_t>{2, 6}));
  EXPECT_EQ(VuIds(2), (std::vector<int64_t>{4}));
}

// segments/per-vu-thirds
TEST_F(SegmentsTest, PerVuIterationsAreNumberedByTheSegment) {
  Play({Scenario(PerVuIterationsConfig{5, 2})}, Taking(absl::Milliseconds(50)), "0,1/3,2/3,1");
  EXPECT_EQ(ByVu(0), (std::map<int64_t, int64_t>{{1, 2}, {4, 2}}));
  EXPECT_EQ(ByVu(1), (std::map<int64_t, int64_t>{{2, 2}, {5, 2}}));
  EXPECT_EQ(ByVu(2), (std::map<int64_t, int64_t>{{3, 2}}));
  EXPECT_EQ(Numbers(0), (std::vector<int64_t>{0, 3, 6, 9}));
  EXPECT_EQ(Numbers(1), (std::vector<int64_t>{1, 4, 7, 10}));
  EXPECT_EQ(Numbers(2), (std::vector<int64_t>{2, 5}));
}

// segments/shared-halves and shared-thirds
TEST_F(SegmentsTest, SharedIterationsFollowTheVusAndAreCompleteTogether) {
  for (const auto& [sequence, shares] : std::map<std::string, std::vector<size_t>>{
           {"0,1/2,1", {6, 4}}, {"0,1/3,2/3,1", {4, 4, 2}}, {"0,1/4,1/2,3/4,1", {4, 2, 2, 2}}}) {
    SCOPED_TRACE(sequence);
    agents.clear();
    t0 = loop.clock().Mono() + kSecond;
    Play({Scenario(SharedIterationsConfig{5, 10})}, Taking(absl::Milliseconds(30)), sequence);
    std::vector<int64_t> all;
    for (size_t i = 0; i < shares.size(); ++i) {
      EXPECT_EQ(records(i).size(), shares[i]);
      for (const int64_t number : Numbers(i)) {
        all.push_back(number);
      }
      std::vector<int64_t> local;
      for (const IterationRecord& record : records(i)) {
        local.push_back(record.iteration.in_instance);
      }
      for (size_t n = 0; n < local.size(); ++n) {
        EXPECT_EQ(local[n], static_cast<int64_t>(n));
      }
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all, (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  }
}

// 0 to 2000/s in 10 s: the area of the triangle, whatever the number of agents, and start n is at
// sqrt(n / 100) seconds.
TEST_F(SegmentsTest, ARampToTwoThousandPerSecondStartsTenThousand) {
  for (const char* sequence : {"", "0,1/3,2/3,1"}) {
    SCOPED_TRACE(sequence);
    agents.clear();
    t0 = loop.clock().Mono() + kSecond;
    Play({Scenario(RampingArrivalRateConfig{0, kSecond, {{absl::Seconds(10), 2000}}, 100, 100})},
         Taking(absl::Milliseconds(1)), sequence);
    const auto begins = AllBegins();
    ASSERT_EQ(begins.size(), 10'000u);
    int64_t next = 0;
    for (const auto& [begin, number] : begins) {
      ASSERT_EQ(number, next++);
      ASSERT_NEAR(absl::ToDoubleSeconds(begin), std::sqrt(static_cast<double>(next) / 100), 1e-6);
    }
    for (const auto& agent : agents) {
      EXPECT_EQ(agent->dropped(), 0);
    }
  }
}

// Far below and far above one per second.
TEST_F(SegmentsTest, OnePerHourAndAHundredThousandPerSecondKeepTheirInstants) {
  Play({Scenario(ConstantArrivalRateConfig{1, absl::Hours(1), absl::Hours(5), 2, 2})},
       Taking(absl::Milliseconds(1)), "0,1/2,1");
  ASSERT_EQ(AllBegins().size(), 5u);
  for (const auto& [begin, number] : AllBegins()) {
    EXPECT_EQ(begin, absl::Hours(number));
  }
  agents.clear();
  t0 = loop.clock().Mono() + kSecond;
  Play({Scenario(ConstantArrivalRateConfig{100'000, kSecond, absl::Milliseconds(50), 40, 40})},
       Taking(absl::Microseconds(100)), "0,1/2,1");
  ASSERT_EQ(AllBegins().size(), 5'000u);
  for (const auto& [begin, number] : AllBegins()) {
    ASSERT_EQ(begin, absl::Microseconds(10) * number);
  }
}

TEST_F(SegmentsTest, AnAgentWithoutAVuGetsNoWork) {
  Play({Scenario(SharedIterationsConfig{2, 3}),
        Scenario(ConstantArrivalRateConfig{9, kSecond, kSecond, 2, 2})},
       Taking(absl::Milliseconds(10)), "0,1/3,2/3,1");
  EXPECT_EQ(agents[2]->pool.initialised(), 0);
  EXPECT_TRUE(records(2).empty());
  EXPECT_TRUE(agents[2]->drops.empty());
  EXPECT_EQ(records(0).size() + records(1).size(), 3u + 9u);
}

// Random tests: with enough VUs and iterations that all take the same time, begins of one agent and
// merged begins of many are the same instants.
class RandomFleets : public SegmentsTest, public ::testing::WithParamInterface<uint64_t> {
 protected:
  int64_t Number(uint64_t below) { return static_cast<int64_t>(random_.Below(below)); }
  std::vector<Stage> Stages(int64_t most) {
    std::vector<Stage> stages(1 + random_.Below(5));
    for (Stage& stage : stages) {
      stage = {absl::Milliseconds(Number(5) == 0 ? 0 : 1 + Number(2000)),
               Number(static_cast<uint64_t>(most))};
    }
    return stages;
  }
  ExecutorConfig Executor() {
    const int64_t vus = 1 + Number(20);
    switch (Number(5)) {
      case 0:
        return PerVuIterationsConfig{vus, 1 + Number(9)};
      case 1:
        return ConstantVusConfig{vus, absl::Milliseconds(1000 + Number(1000))};
      case 2:
        return RampingVusConfig{1 + Number(10), Stages(20), absl::Milliseconds(Number(3000))};
      case 3:
        return ConstantArrivalRateConfig{1 + Number(40), absl::Milliseconds(1 + Number(2000)),
                                         absl::Milliseconds(1000 + Number(1000)), 200, 200};
      default:
        return RampingArrivalRateConfig{Number(40), kSecond, Stages(40), 200, 200};
    }
  }
  std::string Sequence() {
    std::vector<int64_t> weights(2 + random_.Below(5));
    for (int64_t& weight : weights) {
      weight = 1 + Number(9);
    }
    return SegmentSequence::FromWeights(weights)->ToString();
  }

 private:
  Random random_{GetParam()};
};

TEST_P(RandomFleets, NobodyCanTellHowManyAgentsThereAre) {
  const std::vector<ScenarioConfig> scenarios = {
      Scenario(Executor(), absl::Milliseconds(Number(3000)), absl::Milliseconds(Number(1500))),
      Scenario(Executor(), absl::Milliseconds(Number(3000)), absl::Milliseconds(Number(1500)))};
  const std::string sequence = Sequence();
  SCOPED_TRACE(sequence);
  const FakeVuPool::Options options = Taking(absl::Milliseconds(1 + Number(400)));
  // Scenario, begin, end, full.
  using Begin = std::tuple<size_t, absl::Duration, absl::Duration, bool>;
  const auto play = [&](const std::string& split) {
    agents.clear();
    t0 = loop.clock().Mono() + kSecond;
    Play(scenarios, options, split);
    std::vector<Begin> begins;
    for (const auto& agent : agents) {
      for (const IterationRecord& record : agent->pool.records()) {
        begins.emplace_back(record.scenario, SinceT0(record.begin), SinceT0(record.end),
                            record.how == IterationEnd::kFull);
      }
    }
    std::sort(begins.begin(), begins.end());
    return begins;
  };
  const std::vector<Begin> alone = play("");
  const int64_t alone_vus = agents[0]->pool.initialised();
  const std::vector<Begin> together = play(sequence);
  EXPECT_EQ(alone, together);
  int64_t vus = 0;
  int64_t dropped = 0;
  for (const auto& agent : agents) {
    vus += agent->pool.initialised();
    dropped += agent->dropped();
    for (size_t i = 0; i < scenarios.size(); ++i) {
      const ScenarioSnapshot snapshot = agent->Scenario(i);
      EXPECT_EQ(snapshot.iterations_started,
                snapshot.iterations_full + snapshot.iterations_interrupted);
      EXPECT_EQ(snapshot.state, v1::ScenarioProgress::DONE);
    }
  }
  EXPECT_EQ(dropped, 0);
  EXPECT_GE(vus, alone_vus);  // each agent's own maximum may fall on another instant
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomFleets, ::testing::Range<uint64_t>(1, 61));

}  // namespace
}  // namespace lockstep::agent
