#include "tests/agent/exec/engine_fixture.h"

namespace lockstep::agent {
namespace {

class ExternallyControlledTest : public EngineTest {
 protected:
  void RunTo(absl::Duration offset) { loop.RunUntil(t0 + offset); }
};

TEST_F(ExternallyControlledTest, RunsUntilStoppedAndIsThenDone) {
  Make({Scenario(ExternallyControlledConfig{2, 4, {}})}, Taking(absl::Milliseconds(100)));
  Start();
  RunTo(absl::Hours(1) + absl::Milliseconds(50));
  EXPECT_EQ(agent().Scenario().vus_active, 2);
  EXPECT_EQ(agent().Scenario().iterations_full, 2 * 36'000);
  EXPECT_EQ(agent().pool.initialised(), 4);
  agent().engine->GracefulStop();
  Finish();
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::DONE);
  EXPECT_EQ(SinceT0(agent().done_at), absl::Hours(1) + absl::Milliseconds(100));
}

TEST_F(ExternallyControlledTest, ADurationEndsIt) {
  Play({Scenario(ExternallyControlledConfig{2, 4, absl::Seconds(1)})},
       Taking(absl::Milliseconds(100)));
  EXPECT_EQ(records().size(), 20u);
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::DONE);
}

TEST_F(ExternallyControlledTest, ScalesUpAndDownWhileRunning) {
  Make({Scenario(ExternallyControlledConfig{1, 4, {}}, absl::Seconds(2))},
       Taking(absl::Milliseconds(100)));
  Start();
  RunTo(absl::Milliseconds(450));
  ASSERT_TRUE(agent().engine->Scale(4, -1).ok());
  RunTo(absl::Milliseconds(460));
  EXPECT_EQ(agent().pool.running(), 4);
  RunTo(absl::Milliseconds(910));
  ASSERT_TRUE(agent().engine->Scale(2, -1).ok());
  RunTo(absl::Milliseconds(1020));
  EXPECT_EQ(agent().pool.running(), 2);
  EXPECT_EQ(agent().Scenario().vus_active, 2);
  EXPECT_EQ(agent().Scenario().iterations_interrupted, 0);
  agent().engine->Stop();
  Finish();
}

TEST_F(ExternallyControlledTest, ScalingDownInterruptsAfterGracefulStop) {
  Make({Scenario(ExternallyControlledConfig{2, 2, {}}, absl::Seconds(3))},
       Taking(absl::InfiniteDuration()));
  Start();
  RunTo(absl::Seconds(1));
  ASSERT_TRUE(agent().engine->Scale(1, -1).ok());
  RunTo(absl::Milliseconds(3999));
  EXPECT_EQ(agent().pool.running(), 2);
  RunTo(absl::Seconds(4));
  EXPECT_EQ(agent().pool.running(), 1);
  agent().engine->Stop();
  Finish();
}

// As options have it, where nobody gives it a gracefulStop. The end of a test interrupts what runs,
// and an agent that leaves does not: the test goes on.
TEST_F(ExternallyControlledTest, WhoLeavesLetsIterationsEnd) {
  Make({Scenario(ExternallyControlledConfig{2, 2, {}}, absl::ZeroDuration())},
       Taking(absl::Seconds(5)));
  Start();
  RunTo(absl::Seconds(1));
  agent().engine->Leave();
  RunTo(absl::Seconds(2));
  EXPECT_EQ(agent().pool.running(), 2);
  Finish();
  EXPECT_EQ(SinceT0(agent().done_at), absl::Seconds(5));
  EXPECT_EQ(agent().Scenario().iterations_full, 2);
  EXPECT_EQ(agent().Scenario().iterations_interrupted, 0);
  // Nobody has ended the test: it lacks VUs from now on.
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::INTERRUPTED);
}

TEST_F(ExternallyControlledTest, WhoLeavesWaitsForNoIterationWithoutEnd) {
  Make({Scenario(ExternallyControlledConfig{1, 1, {}}, absl::ZeroDuration())},
       Taking(absl::InfiniteDuration()));
  Start();
  RunTo(absl::Seconds(1));
  agent().engine->Leave();
  Finish();
  EXPECT_EQ(SinceT0(agent().done_at), absl::Seconds(31));
  EXPECT_EQ(agent().Scenario().iterations_interrupted, 1);
}

TEST_F(ExternallyControlledTest, AGreaterMaximumInitialisesVus) {
  Make({Scenario(ExternallyControlledConfig{2, 2, {}})}, Taking(absl::Milliseconds(100)));
  Start();
  RunTo(absl::Seconds(1));
  ASSERT_TRUE(agent().engine->Scale(5, 5).ok());
  RunTo(absl::Seconds(2));
  EXPECT_EQ(agent().pool.initialised(), 5);
  EXPECT_EQ(agent().pool.running(), 5);
  EXPECT_EQ(agent().Scenario().vus_max, 5);
  agent().engine->Stop();
  Finish();
}

TEST_F(ExternallyControlledTest, VusThatCannotBeInitialisedAreReportedOnce) {
  FakeVuPool::Options options = Taking(absl::Milliseconds(100));
  options.initialisable = 1;
  Make({Scenario(ExternallyControlledConfig{2, 2, {}})}, options);
  Start();
  RunTo(absl::Seconds(1));
  ASSERT_TRUE(agent().engine->Scale(5, 5).ok());
  RunTo(absl::Seconds(2));
  EXPECT_EQ(
      agent().logger.messages,
      (std::vector<std::string>{"scenario s: a VU could not be initialised; there are 3 of 5"}));
  EXPECT_EQ(agent().pool.running(), 3);
  agent().engine->Stop();
  Finish();
}

// Until the instant of a pause iterations begin: who wants to know whether all rests waits for
// that.
TEST_F(ExternallyControlledTest, APauseThatIsToComeIsNotYetOne) {
  Make({Scenario(ExternallyControlledConfig{2, 2, {}})}, Taking(absl::Milliseconds(100)));
  Start();
  RunTo(absl::Milliseconds(450));
  ASSERT_TRUE(agent().engine->Pause(loop.clock().Mono() + absl::Milliseconds(100)).ok());
  EXPECT_FALSE(agent().engine->Snapshot().paused);
  RunTo(absl::Milliseconds(560));
  EXPECT_TRUE(agent().engine->Snapshot().paused);
  agent().engine->GracefulStop();
  Finish();
}

TEST_F(ExternallyControlledTest, BeginsWithTheTotalsThatItIsGiven) {
  Make({Scenario(ExternallyControlledConfig{2, 5, {}})}, Taking(absl::Milliseconds(100)));
  agent().engine->SetTotals("s", 4, 5);
  agent().engine->SetTotals("another", 1, 1);
  Start();
  RunTo(absl::Milliseconds(450));
  EXPECT_EQ(agent().pool.running(), 4);
  agent().engine->Stop();
  Finish();
}

TEST_F(ExternallyControlledTest, PauseLetsIterationsEndAndResumeGoesOn) {
  Make({Scenario(ExternallyControlledConfig{2, 2, {}})}, Taking(absl::Milliseconds(100)));
  Start();
  RunTo(absl::Milliseconds(450));
  ASSERT_TRUE(agent().engine->Pause().ok());
  ASSERT_TRUE(agent().engine->Pause().ok());
  EXPECT_TRUE(agent().engine->Snapshot().paused);
  RunTo(absl::Seconds(5));
  EXPECT_EQ(agent().pool.running(), 0);
  EXPECT_EQ(agent().Scenario().iterations_full, 10);
  EXPECT_EQ(agent().Scenario().iterations_interrupted, 0);
  ASSERT_TRUE(agent().engine->Resume().ok());
  RunTo(absl::Milliseconds(5050));
  EXPECT_EQ(agent().pool.running(), 2);
  ASSERT_TRUE(agent().engine->Pause().ok());
  RunTo(absl::Seconds(6));
  agent().engine->GracefulStop();
  Finish();
}

TEST_F(ExternallyControlledTest, PauseAndResumeHappenAtTheInstantsThatWereSaid) {
  Make({Scenario(ExternallyControlledConfig{1, 1, {}})}, Taking(absl::Milliseconds(100)));
  Start();
  RunTo(absl::Milliseconds(10));
  ASSERT_TRUE(agent().engine->Pause(t0 + absl::Milliseconds(250)).ok());
  ASSERT_TRUE(agent().engine->Resume(t0 + absl::Milliseconds(1030)).ok());
  RunTo(absl::Milliseconds(240));
  EXPECT_EQ(agent().pool.running(), 1);  // not yet
  RunTo(absl::Milliseconds(1000));
  EXPECT_EQ(agent().Scenario().iterations_full, 3);
  RunTo(absl::Milliseconds(1040));
  ASSERT_EQ(records().size(), 4u);
  EXPECT_EQ(SinceT0(records()[3].begin), absl::Milliseconds(1030));
  agent().engine->Stop();
  Finish();
}

TEST_F(ExternallyControlledTest, AResumeIsNeverBeforeItsPause) {
  Make({Scenario(ExternallyControlledConfig{1, 1, {}})}, Taking(absl::Milliseconds(100)));
  Start();
  RunTo(absl::Milliseconds(10));
  ASSERT_TRUE(agent().engine->Pause(t0 + absl::Milliseconds(250)).ok());
  ASSERT_TRUE(agent().engine->Resume().ok());  // its instant has passed
  RunTo(absl::Milliseconds(450));
  EXPECT_GE(records().size(), 4u);
  agent().engine->Stop();
  Finish();
}

TEST_F(ExternallyControlledTest, ScalingWhilePausedShowsAfterResume) {
  Make({Scenario(ExternallyControlledConfig{2, 4, {}})}, Taking(absl::Milliseconds(100)));
  Start();
  RunTo(absl::Milliseconds(50));
  ASSERT_TRUE(agent().engine->Pause().ok());
  ASSERT_TRUE(agent().engine->Scale(4, -1).ok());
  RunTo(absl::Seconds(1));
  EXPECT_EQ(agent().pool.running(), 0);
  ASSERT_TRUE(agent().engine->Scale(3, -1).ok());
  ASSERT_TRUE(agent().engine->Resume().ok());
  RunTo(absl::Milliseconds(1050));
  EXPECT_EQ(agent().pool.running(), 3);
  agent().engine->Stop();
  Finish();
}

TEST_F(ExternallyControlledTest, ScaleRefusesNonsense) {
  Make({Scenario(ExternallyControlledConfig{2, 4, {}})}, Taking(absl::Milliseconds(100)));
  Start();
  EXPECT_EQ(agent().engine->Scale(5, -1),
            absl::InvalidArgumentError("scenarios.s: vus must be <= maxVUs, got 5 > 4"));
  EXPECT_EQ(agent().engine->Scale(-1, 1),
            absl::InvalidArgumentError("scenarios.s: vus must be <= maxVUs, got 2 > 1"));
  EXPECT_EQ(agent().engine->Scale(-2, 1),
            absl::InvalidArgumentError("vus and maxVUs must be >= 0, got -2 and 1"));
  RunTo(absl::Milliseconds(50));
  EXPECT_EQ(agent().pool.running(), 2);
  agent().engine->Stop();
  Finish();
  EXPECT_EQ(agent().engine->Scale(1, -1),
            absl::FailedPreconditionError(
                "there is no externally-controlled scenario that could be scaled"));
}

TEST_F(ExternallyControlledTest, ScaleBeforeTheStartCounts) {
  Make({Scenario(ExternallyControlledConfig{1, 4, {}})}, Taking(absl::Milliseconds(100)));
  ASSERT_TRUE(agent().engine->Scale(3, -1).ok());
  Start();
  RunTo(absl::Milliseconds(50));
  EXPECT_EQ(agent().pool.running(), 3);
  agent().engine->Stop();
  Finish();
}

TEST_F(ExternallyControlledTest, TotalsAreDividedByTheSegments) {
  Make({Scenario(ExternallyControlledConfig{3, 10, {}})}, Taking(absl::Milliseconds(100)),
       "0,1/3,2/3,1");
  Start();
  RunTo(absl::Milliseconds(50));
  for (const auto& agent : agents) {
    EXPECT_EQ(agent->pool.running(), 1);
    ASSERT_TRUE(agent->engine->Scale(7, 10).ok());
  }
  RunTo(absl::Milliseconds(60));
  EXPECT_EQ(agents[0]->pool.running(), 3);
  EXPECT_EQ(agents[1]->pool.running(), 2);
  EXPECT_EQ(agents[2]->pool.running(), 2);
  for (const auto& agent : agents) {
    agent->engine->Stop();
  }
  Finish();
}

TEST_F(ExternallyControlledTest, AnAgentWithoutAVuGetsOneWhenTheTestGrows) {
  Make({Scenario(ExternallyControlledConfig{1, 2, {}})}, Taking(absl::Milliseconds(100)),
       "0,1/3,2/3,1");
  Start();
  RunTo(absl::Milliseconds(50));
  EXPECT_EQ(agents[2]->pool.initialised(), 0);
  for (const auto& agent : agents) {
    ASSERT_TRUE(agent->engine->Scale(6, 6).ok());
  }
  RunTo(absl::Milliseconds(500));
  for (const auto& agent : agents) {
    EXPECT_EQ(agent->pool.running(), 2);
    agent->engine->Stop();
  }
  Finish();
}

}  // namespace
}  // namespace lockstep::agent
