// Runs that end anywhere, with the next run after them: engine and pool may go at any moment and in
// any order, whatever the executors and their VUs are doing. Nobody is called who has gone (what
// AddressSanitizer would see), nothing begins after the engine, and VUs come back to their pool.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/agent/exec/engine_fixture.h"

namespace lockstep::agent {
namespace {

class EngineEndsTest : public EngineTest, public ::testing::WithParamInterface<int> {
 protected:
  // One after the other on the same VUs, with more of them to be initialised.
  static std::vector<ScenarioConfig> Scenarios(int kind) {
    std::vector<ScenarioConfig> scenarios;
    for (int i = 0; i < 2; ++i) {
      scenarios.push_back(Scenario(Executors().at(static_cast<size_t>(kind)),
                                   absl::Milliseconds(150), i * kSecond));
      scenarios.back().name = absl::StrCat("s", i);
    }
    return scenarios;
  }
  static std::vector<ExecutorConfig> Executors() {
    return {SharedIterationsConfig{4, 30, kSecond},
            PerVuIterationsConfig{4, 7, kSecond},
            ConstantVusConfig{4, kSecond},
            RampingVusConfig{1, {{kSecond / 2, 5}, {kSecond / 2, 1}}, absl::Milliseconds(60)},
            ConstantArrivalRateConfig{30, kSecond, kSecond, 2, 5},
            RampingArrivalRateConfig{0, kSecond, {{kSecond / 2, 60}, {kSecond / 2, 5}}, 2, 5},
            ExternallyControlledConfig{3, 5, kSecond}};
  }
  static FakeVuPool::Options Options() {
    FakeVuPool::Options options = Taking(absl::Milliseconds(130));
    options.initialisation = absl::Milliseconds(40);
    options.hop = absl::Milliseconds(3);
    return options;
  }
  // An agent whose run has gone on for `time`.
  TestAgent& RunFor(absl::Duration time) {
    agents.clear();
    Make(Scenarios(GetParam()), Options());
    agent().engine->Start(loop.clock().Mono());
    agent().engine->Scale(4, 5).IgnoreError();
    loop.RunFor(time);
    return agent();
  }
  // It begins anew, with the VUs of `pool`.
  void StartAgain(TestAgent& agent, FakeVuPool& pool) {
    std::vector<ScenarioConfig> scenarios = Scenarios(GetParam());
    InstancePlan plan = *PlanInstance(scenarios, SegmentTuple());
    agent.done = false;
    agent.engine = std::make_unique<ScenarioEngine>(
        ScenarioEngine::Config{
            .scenarios = std::move(scenarios), .plan = std::move(plan), .segment = SegmentTuple()},
        loop, pool, agent.logger, agent);
    agent.engine->Start(loop.clock().Mono());
  }
  // From before anything has begun until all has ended.
  static std::vector<absl::Duration> Instants() {
    std::vector<absl::Duration> instants;
    for (int ms = 0; ms <= 2300; ms += 23) {
      instants.push_back(absl::Milliseconds(ms));
    }
    return instants;
  }
};

TEST_P(EngineEndsTest, AllVusComeBackFromAnEngineThatGoes) {
  for (const absl::Duration at : Instants()) {
    SCOPED_TRACE(at);
    TestAgent& ended = RunFor(at);
    const size_t begun = ended.pool.records().size();
    ended.engine.reset();
    loop.RunAll();
    EXPECT_EQ(ended.pool.records().size(), begun);
    EXPECT_EQ(ended.pool.free(), ended.pool.initialised());
    EXPECT_EQ(ended.pool.running(), 0);
  }
}

TEST_P(EngineEndsTest, TheNextEngineHasThemOnceTheyHaveStopped) {
  for (const absl::Duration at : Instants()) {
    SCOPED_TRACE(at);
    TestAgent& again = RunFor(at);
    StartAgain(again, again.pool);
    loop.RunAll();
    EXPECT_TRUE(again.done);  // which checks that all VUs are there
    EXPECT_GT(again.Scenario(0).iterations_started, 0);
    EXPECT_GT(again.Scenario(1).iterations_started, 0);
  }
}

TEST_P(EngineEndsTest, APoolThatGoesBeforeItsEngineEndsAllLoad) {
  for (const absl::Duration at : Instants()) {
    SCOPED_TRACE(at);
    TestAgent& ended = RunFor(absl::ZeroDuration());
    auto pool = std::make_unique<FakeVuPool>(loop, Options());
    StartAgain(ended, *pool);
    loop.RunFor(at);
    pool.reset();
    const auto started = [&ended] {
      return ended.Scenario(0).iterations_started + ended.Scenario(1).iterations_started;
    };
    const int64_t before = started();
    loop.RunFor(kSecond / 2);
    ended.engine->Stop();
    loop.RunFor(kSecond / 2);
    EXPECT_EQ(started(), before);
    ended.engine.reset();
    loop.RunAll();
  }
}

std::string Kind(const ::testing::TestParamInfo<int>& info) {
  constexpr const char* kNames[] = {"Shared", "PerVu",  "Constant",  "Ramping",
                                    "Rate",   "Ramped", "Controlled"};
  return kNames[info.param];
}

INSTANTIATE_TEST_SUITE_P(Executors, EngineEndsTest, ::testing::Range(0, 7), Kind);

}  // namespace
}  // namespace lockstep::agent
