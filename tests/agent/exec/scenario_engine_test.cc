#include "agent/exec/scenario_engine.h"

#include "tests/agent/exec/engine_fixture.h"

namespace lockstep::agent {
namespace {

class ScenarioEngineTest : public EngineTest {
 protected:
  void RunTo(absl::Duration offset) { loop.RunUntil(t0 + offset); }
};

TEST_F(ScenarioEngineTest, ScenariosStartAtTheirTimeAndSideBySide) {
  Play({Scenario(ConstantVusConfig{1, kSecond}),
        Scenario(ConstantVusConfig{2, kSecond}, kSecond, absl::Milliseconds(500)),
        Scenario(SharedIterationsConfig{1, 2}, kSecond, absl::Seconds(3))},
       Taking(absl::Milliseconds(250)));
  std::vector<absl::Duration> first(3, absl::InfiniteDuration());
  std::vector<int64_t> count(3, 0);
  for (const IterationRecord& record : records()) {
    first[record.scenario] = std::min(first[record.scenario], SinceT0(record.begin));
    ++count[record.scenario];
  }
  EXPECT_EQ(first, (std::vector<absl::Duration>{absl::ZeroDuration(), absl::Milliseconds(500),
                                                absl::Seconds(3)}));
  EXPECT_EQ(count, (std::vector<int64_t>{4, 8, 2}));
  EXPECT_EQ(agent().ended, (std::vector<std::pair<size_t, v1::ScenarioProgress::State>>{
                               {0, v1::ScenarioProgress::DONE},
                               {1, v1::ScenarioProgress::DONE},
                               {2, v1::ScenarioProgress::DONE}}));
  // VU 1 iterates for the first and the third scenario.
  EXPECT_EQ(agent().pool.initialised(), 3);
}

TEST_F(ScenarioEngineTest, IterationNumbersCountFromZeroInEachScenario) {
  Play({Scenario(SharedIterationsConfig{1, 3}), Scenario(SharedIterationsConfig{2, 4})},
       Taking(absl::Milliseconds(10)));
  std::vector<std::vector<int64_t>> numbers(2);
  for (const IterationRecord& record : records()) {
    numbers[record.scenario].push_back(record.iteration.in_instance);
  }
  EXPECT_EQ(numbers[0], (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(numbers[1], (std::vector<int64_t>{0, 1, 2, 3}));
}

TEST_F(ScenarioEngineTest, AScenarioTakesOverVusThatAreStillBeingInterrupted) {
  FakeVuPool::Options options = Taking(absl::InfiniteDuration());
  options.hop = absl::Milliseconds(10);
  // The plan lets the second scenario use the first one's VUs, but these need 20 ms to stop.
  Make({Scenario(ConstantVusConfig{3, kSecond}, absl::ZeroDuration()),
        Scenario(ConstantVusConfig{3, kSecond}, absl::ZeroDuration(), kSecond)},
       options);
  ASSERT_EQ(agent().pool.initialised(), 3);
  Start();
  Finish();
  ASSERT_EQ(records().size(), 6u);
  EXPECT_EQ(SinceT0(records()[3].begin), absl::Milliseconds(1030));
  EXPECT_EQ(agent().Scenario(1).iterations_interrupted, 3);
}

TEST_F(ScenarioEngineTest, FirstGracefulStopWaitsForTheLongestGracefulStop) {
  Make({Scenario(ConstantVusConfig{1, absl::Minutes(10)}, absl::Seconds(2)),
        Scenario(ConstantVusConfig{1, absl::Minutes(10)}, absl::Seconds(5)),
        Scenario(ConstantVusConfig{1, absl::Minutes(10)}, absl::Seconds(9), absl::Minutes(1))},
       [] {
         FakeVuPool::Options options;
         options.duration = [](const IterationRecord& record) {
           return record.scenario == 0 ? absl::Milliseconds(1500) : absl::InfiniteDuration();
         };
         return options;
       }());
  Start();
  RunTo(absl::Seconds(4));
  agent().engine->GracefulStop();
  RunTo(absl::Milliseconds(4100));
  EXPECT_EQ(agent().Scenario(0).state, v1::ScenarioProgress::STOPPING);
  EXPECT_EQ(agent().Scenario(2).state, v1::ScenarioProgress::INTERRUPTED);  // never began
  Finish();
  EXPECT_EQ(agent().Scenario(0).iterations_full, 3);  // the third one from 3 to 4.5 s
  EXPECT_EQ(agent().Scenario(0).iterations_interrupted, 0);
  EXPECT_EQ(agent().Scenario(0).state, v1::ScenarioProgress::INTERRUPTED);
  EXPECT_EQ(agent().Scenario(1).iterations_interrupted, 1);
  EXPECT_EQ(SinceT0(agent().done_at), absl::Seconds(13));  // 4 + 9
}

TEST_F(ScenarioEngineTest, GracefulStopDoesNotOutlastTheScenariosOwnEnd) {
  Make({Scenario(ConstantVusConfig{1, absl::Seconds(2)}, absl::Seconds(30))},
       Taking(absl::InfiniteDuration()));
  Start();
  RunTo(absl::Seconds(10));  // stopping already, until 32 s
  agent().engine->GracefulStop();
  Finish();
  EXPECT_EQ(SinceT0(agent().done_at), absl::Seconds(32));
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::DONE);
}

TEST_F(ScenarioEngineTest, StopInterruptsAtOnceAlsoAfterAGracefulStop) {
  Make({Scenario(ConstantVusConfig{2, absl::Minutes(1)}),
        Scenario(ConstantArrivalRateConfig{10, kSecond, absl::Minutes(1), 2, 2}),
        Scenario(RampingVusConfig{2, {{absl::Minutes(1), 2}}})},
       Taking(absl::InfiniteDuration()));
  Start();
  RunTo(kSecond);
  agent().engine->GracefulStop();
  RunTo(absl::Seconds(2));
  EXPECT_EQ(agent().pool.running(), 6);
  agent().engine->Stop();
  agent().engine->Stop();
  Finish();
  EXPECT_EQ(SinceT0(agent().done_at), absl::Seconds(2));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(agent().Scenario(i).state, v1::ScenarioProgress::INTERRUPTED);
    EXPECT_EQ(agent().Scenario(i).iterations_interrupted, 2);
  }
}

// What a clock's zero means is nobody's business but the clock's. Found by fuzzing.
TEST_F(ScenarioEngineTest, StopInterruptsWhatBeganAtTheClocksZero) {
  t0 = MonoTime();
  Make({Scenario(ConstantVusConfig{1, 10'000 * kSecond})}, Taking(10'000 * kSecond));
  Start();
  loop.RunFor(kSecond);
  EXPECT_EQ(agent().pool.running(), 1);
  agent().engine->GracefulStop();
  agent().engine->Stop();
  loop.RunFor(kSecond);
  EXPECT_EQ(agent().pool.running(), 0);
  EXPECT_TRUE(agent().done);
}

TEST_F(ScenarioEngineTest, StoppingBeforeTheStartEndsWithoutRunning) {
  Make({Scenario(SharedIterationsConfig{2, 5})}, Taking(kSecond));
  agent().engine->GracefulStop();
  loop.RunAll();
  EXPECT_TRUE(agent().done);
  Start();
  loop.RunAll();
  EXPECT_TRUE(records().empty());
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::INTERRUPTED);
  EXPECT_EQ(agent().dropped(), 0);  // what never began drops nothing
}

TEST_F(ScenarioEngineTest, NothingOfItHappensAfterItsDestruction) {
  Make({Scenario(ConstantVusConfig{1, kSecond}), Scenario(ConstantVusConfig{1, kSecond})},
       Taking(kSecond));
  Start();
  agent().engine->GracefulStop();  // the scenarios' ends are on their way
  agent().engine.reset();
  loop.RunAll();
  EXPECT_FALSE(agent().done);
  EXPECT_TRUE(agent().ended.empty());
}

TEST_F(ScenarioEngineTest, WithoutWorkItIsDoneAtT0) {
  Make({Scenario(ConstantVusConfig{1, kSecond})}, Taking(kSecond), "0,1/2,1");
  Start();
  RunTo(absl::Milliseconds(10));
  EXPECT_FALSE(agents[0]->done);
  EXPECT_TRUE(agents[1]->done);
  EXPECT_FALSE(agents[1]->Scenario().has_work);
  EXPECT_EQ(SinceT0(agents[1]->done_at), absl::ZeroDuration());
  EXPECT_TRUE(agents[1]->ended.empty());
  Finish();
}

TEST_F(ScenarioEngineTest, PausedBeforeTheStartItCountsFromResume) {
  Make({Scenario(ConstantVusConfig{1, kSecond}),
        Scenario(ConstantArrivalRateConfig{2, kSecond, kSecond, 1, 1})},
       Taking(absl::Milliseconds(100)));
  ASSERT_TRUE(agent().engine->Pause().ok());
  Start();
  RunTo(absl::Seconds(5));
  EXPECT_TRUE(records().empty());
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::WAITING);
  ASSERT_TRUE(agent().engine->Resume().ok());
  Finish();
  ASSERT_EQ(records().size(), 12u);
  EXPECT_EQ(SinceT0(records()[0].begin), absl::Seconds(5));
  EXPECT_EQ(agent().Scenario(1).lateness.max_ns(), 0);
}

TEST_F(ScenarioEngineTest, ResumedAtAnInstantItCountsFromThere) {
  Make({Scenario(ConstantArrivalRateConfig{2, kSecond, kSecond, 1, 1})},
       Taking(absl::Milliseconds(100)));
  ASSERT_TRUE(agent().engine->Pause().ok());
  Start();
  RunTo(absl::Seconds(5));
  ASSERT_TRUE(agent().engine->Resume(t0 + absl::Milliseconds(5300)).ok());
  Finish();
  ASSERT_EQ(records().size(), 2u);
  EXPECT_EQ(SinceT0(records()[0].begin), absl::Milliseconds(5300));
  EXPECT_EQ(SinceT0(records()[1].begin), absl::Milliseconds(5800));
}

TEST_F(ScenarioEngineTest, PausedAndResumedBeforeT0ItStartsOnTime) {
  Make({Scenario(ConstantVusConfig{1, kSecond})}, Taking(kSecond));
  Start();
  ASSERT_TRUE(agent().engine->Pause().ok());
  ASSERT_TRUE(agent().engine->Resume().ok());
  Finish();
  ASSERT_EQ(records().size(), 1u);
  EXPECT_EQ(SinceT0(records()[0].begin), absl::ZeroDuration());
}

TEST_F(ScenarioEngineTest, StoppingWhilePausedEndsIt) {
  Make({Scenario(ConstantVusConfig{1, kSecond})}, Taking(kSecond));
  ASSERT_TRUE(agent().engine->Pause().ok());
  Start();
  RunTo(absl::Seconds(5));
  agent().engine->GracefulStop();
  Finish();
  EXPECT_TRUE(records().empty());
}

TEST_F(ScenarioEngineTest, PauseAfterTheStartIsRefusedByName) {
  Make({Scenario(ConstantVusConfig{1, kSecond})}, Taking(kSecond));
  EXPECT_EQ(agent().engine->Resume(), absl::FailedPreconditionError("the run is not paused"));
  Start();
  RunTo(absl::Milliseconds(500));
  EXPECT_EQ(agent().engine->Pause(),
            absl::FailedPreconditionError("constant-vus executor 's' doesn't support pause and "
                                          "resume operations after its start"));
  EXPECT_FALSE(agent().engine->Snapshot().paused);
  Finish();
}

TEST_F(ScenarioEngineTest, TellsNothingAfterItsEnd) {
  Make({}, Taking(kSecond));
  agent().engine->Stop();  // all is over at once, and OnDone is on its way
  agent().engine.reset();
  loop.RunAll();
  EXPECT_FALSE(agent().done);
}

TEST_F(ScenarioEngineTest, NoScenariosAreDoneAtT0) {
  Make({}, Taking(kSecond));
  Start();
  Finish();
  EXPECT_EQ(SinceT0(agent().done_at), absl::ZeroDuration());
}

}  // namespace
}  // namespace lockstep::agent
