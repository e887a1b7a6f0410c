// One agent's engine on simulated time, with VUs that only take time.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "agent/exec/scenario_engine.h"
#include "common/base/log.h"
#include "common/plan/plan.h"
#include "tests/support/collecting_logger.h"
#include "tests/support/fake_vu_pool.h"
#include "tests/support/sim_loop.h"

namespace lockstep::agent {

using testing::FakeVuPool;
using testing::IterationRecord;
using testing::SimLoop;

constexpr absl::Duration kSecond = absl::Seconds(1);

struct DropEvent {
  size_t scenario;
  int64_t count;
  int64_t vu;
  friend bool operator==(const DropEvent&, const DropEvent&) = default;
};

// An agent: engine, pool, and what they told. `loop` may be shared by several.
class TestAgent final : public EngineEvents {
 public:
  TestAgent(SimLoop& loop, std::vector<ScenarioConfig> scenarios, SegmentTuple segment,
            FakeVuPool::Options options, bool moves = false)
      : loop_(loop), pool(loop, Complete(std::move(options), scenarios, segment)) {
    InstancePlan plan = *PlanInstance(scenarios, segment);
    engine =
        std::make_unique<ScenarioEngine>(ScenarioEngine::Config{.scenarios = std::move(scenarios),
                                                                .plan = std::move(plan),
                                                                .segment = std::move(segment),
                                                                .moves = moves},
                                         loop, pool, logger, *this);
  }

  void OnDropped(size_t scenario, int64_t count, int64_t vu) override {
    drops.push_back({scenario, count, vu});
  }
  void OnScenarioEnded(size_t scenario, v1::ScenarioProgress::State state) override {
    ended.emplace_back(scenario, state);
  }
  void OnIterationsWanted(const IterationsWanted& of) override { asked.push_back(of); }
  void OnIterationsReturned(size_t, int64_t first, int64_t count) override {
    returned.emplace_back(first, count);
  }
  void OnVusWanted(v1::VuIterationsWanted message) override {
    wanted.push_back(std::move(message));
  }
  void OnDone() override {
    EXPECT_FALSE(done);
    done = true;
    done_at = loop_.clock().Mono();
    EXPECT_EQ(pool.free(), pool.initialised()) << "VUs are missing from the pool";
    EXPECT_EQ(pool.running(), 0);
  }

  ScenarioSnapshot Scenario(size_t index = 0) const {
    return engine->Snapshot().scenarios.at(index);
  }
  int64_t dropped() const {
    int64_t sum = 0;
    for (const DropEvent& drop : drops) {
      sum += drop.count;
    }
    return sum;
  }

 private:
  // As many VUs as the plan wants initialised, unless the test says otherwise.
  static FakeVuPool::Options Complete(FakeVuPool::Options options,
                                      const std::vector<ScenarioConfig>& scenarios,
                                      const SegmentTuple& segment) {
    options.segment = segment;
    if (options.vus == 0) {
      options.vus = PlanInstance(scenarios, segment)->planned_vus;
    }
    return options;
  }

  SimLoop& loop_;

 public:
  FakeVuPool pool;
  testing::CollectingLogger logger{LogLevel::kWarn};
  std::unique_ptr<ScenarioEngine> engine;
  std::vector<DropEvent> drops;
  std::vector<std::pair<size_t, v1::ScenarioProgress::State>> ended;
  std::vector<IterationsWanted> asked;
  std::vector<std::pair<int64_t, int64_t>> returned;
  std::vector<v1::VuIterationsWanted> wanted;
  bool done = false;
  MonoTime done_at;
};

class EngineTest : public ::testing::Test {
 protected:
  static ScenarioConfig Scenario(ExecutorConfig executor,
                                 absl::Duration graceful_stop = absl::Seconds(30),
                                 absl::Duration start_time = absl::ZeroDuration()) {
    ScenarioConfig scenario;
    scenario.name = "s";
    scenario.graceful_stop = graceful_stop;
    scenario.start_time = start_time;
    scenario.executor = std::move(executor);
    return scenario;
  }
  static FakeVuPool::Options Taking(absl::Duration duration) {
    FakeVuPool::Options options;
    options.duration = [duration](const IterationRecord&) { return duration; };
    return options;
  }

  // One agent for each segment of `sequence`, all on one loop.
  void Make(const std::vector<ScenarioConfig>& scenarios, const FakeVuPool::Options& options,
            absl::string_view sequence = "") {
    const auto tuples = SegmentTuple::MakeAll(*SegmentSequence::Parse(sequence));
    for (const SegmentTuple& tuple : *tuples) {
      agents.push_back(std::make_unique<TestAgent>(loop, scenarios, tuple, options, moves));
    }
  }
  void Start() {
    for (const std::unique_ptr<TestAgent>& agent : agents) {
      agent->engine->Start(t0);
    }
  }
  // Until all agents are done.
  void Finish() {
    loop.RunAll();
    for (const std::unique_ptr<TestAgent>& agent : agents) {
      EXPECT_TRUE(agent->done);
    }
  }
  void Play(const std::vector<ScenarioConfig>& scenarios, const FakeVuPool::Options& options,
            absl::string_view sequence = "") {
    Make(scenarios, options, sequence);
    Start();
    Finish();
  }

  TestAgent& agent() { return *agents.at(0); }
  const std::vector<IterationRecord>& records(size_t index = 0) const {
    return agents.at(index)->pool.records();
  }
  absl::Duration SinceT0(MonoTime when) const { return when - t0; }
  // (begin, number in the test) of all agents' iterations, sorted.
  std::vector<std::pair<absl::Duration, int64_t>> AllBegins() const {
    std::vector<std::pair<absl::Duration, int64_t>> begins;
    for (const std::unique_ptr<TestAgent>& agent : agents) {
      for (const IterationRecord& record : agent->pool.records()) {
        begins.emplace_back(SinceT0(record.begin), record.iteration.in_test);
      }
    }
    std::sort(begins.begin(), begins.end());
    return begins;
  }
  // Numbers in the test of one agent's iterations, sorted.
  std::vector<int64_t> Numbers(size_t index) const {
    std::vector<int64_t> numbers;
    for (const IterationRecord& record : records(index)) {
      numbers.push_back(record.iteration.in_test);
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }
  static int64_t Count(const std::vector<IterationRecord>& all, IterationEnd how) {
    return std::count_if(all.begin(), all.end(),
                         [how](const IterationRecord& record) { return record.how == how; });
  }

  bool moves = false;  // work may
  SimLoop loop;
  MonoTime t0 = loop.clock().Mono() + absl::Seconds(1);
  std::vector<std::unique_ptr<TestAgent>> agents;
};

}  // namespace lockstep::agent
