#include <cmath>

#include "common/schedule/arrival_times.h"
#include "tests/agent/exec/engine_fixture.h"

namespace lockstep::agent {
namespace {

class ArrivalRateTest : public EngineTest {
 protected:
  static ScenarioConfig Constant(int64_t rate, absl::Duration duration, int64_t vus,
                                 int64_t max_vus) {
    return Scenario(ConstantArrivalRateConfig{rate, kSecond, duration, vus, max_vus});
  }
  absl::Duration MaxLateness() { return absl::Nanoseconds(agent().Scenario().lateness.max_ns()); }
};

TEST_F(ArrivalRateTest, ConstantRateStartsFromZeroOnTheDot) {
  Play({Constant(10, absl::Milliseconds(1950), 5, 10)}, Taking(absl::Milliseconds(150)));
  ASSERT_EQ(records().size(), 20u);
  for (size_t i = 0; i < 20; ++i) {
    const auto n = static_cast<int64_t>(i);
    EXPECT_EQ(SinceT0(records()[i].begin), absl::Milliseconds(100 * n));
    EXPECT_EQ(records()[i].iteration.intended, records()[i].begin);
    EXPECT_EQ(records()[i].iteration.in_test, n);
  }
  EXPECT_EQ(agent().pool.initialised(), 5);
  // The duration is over at 1950 ms, the last iteration at 2050 ms.
  EXPECT_EQ(SinceT0(agent().done_at), absl::Milliseconds(2050));
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::DONE);
  EXPECT_EQ(agent().Scenario().iterations_planned, 20);
  EXPECT_EQ(MaxLateness(), absl::ZeroDuration());
}

TEST_F(ArrivalRateTest, ConstantRateLastsItsWholeDuration) {
  Play({Constant(1, absl::Seconds(5), 1, 1)}, Taking(absl::Milliseconds(1)));
  EXPECT_EQ(records().size(), 5u);
  EXPECT_EQ(SinceT0(agent().done_at), absl::Seconds(5));
}

// Conformance case executors/arrival-dropped.
TEST_F(ArrivalRateTest, AStartWithoutAFreeVuIsDroppedAndCounted) {
  Play({Constant(10, absl::Milliseconds(1950), 2, 2)}, Taking(absl::Milliseconds(1250)));
  EXPECT_EQ(records().size(), 4u);
  EXPECT_EQ(agent().drops.size(), 16u);
  EXPECT_EQ(agent().dropped(), 16);
  EXPECT_EQ(agent().Scenario().iterations_dropped, 16);
  EXPECT_EQ(agent().Scenario().starts_without_vu, 16);
  EXPECT_EQ(agent().Scenario().iterations_full, 4);
  EXPECT_EQ(Numbers(0), (std::vector<int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(agent().logger.messages,
            (std::vector<std::string>{
                "Insufficient VUs, reached 2 active VUs and cannot initialize more"}));
}

TEST_F(ArrivalRateTest, UnplannedVusAreInitialisedOneAtATimeUpToTheMaximum) {
  FakeVuPool::Options options = Taking(absl::InfiniteDuration());
  options.initialisation = absl::Milliseconds(250);
  Make({Constant(10, absl::Seconds(2), 1, 3)}, options);
  Start();
  // The VU of 0 ms is busy for good; 100 ms drops and asks for one, there at 350 ms and taken at
  // 400 ms; 500 ms drops and asks, there at 750 ms and taken at 800 ms; from 900 ms on there is no
  // more.
  loop.RunUntil(t0 + absl::Milliseconds(1050));
  EXPECT_EQ(agent().pool.initialised(), 3);
  ASSERT_EQ(records().size(), 3u);
  EXPECT_EQ(SinceT0(records()[1].begin), absl::Milliseconds(400));
  EXPECT_EQ(SinceT0(records()[2].begin), absl::Milliseconds(800));
  EXPECT_EQ(agent().dropped(), 8);
  EXPECT_EQ(agent().logger.messages,
            (std::vector<std::string>{
                "Insufficient VUs, reached 3 active VUs and cannot initialize more"}));
  agent().engine->Stop();
  Finish();
}

TEST_F(ArrivalRateTest, AVuThatFailsToInitialiseIsReportedAndTriedAgain) {
  FakeVuPool::Options options = Taking(absl::InfiniteDuration());
  options.initialisable = 0;
  Make({Constant(10, absl::Milliseconds(350), 1, 2)}, options);
  Start();
  loop.RunUntil(t0 + absl::Milliseconds(320));
  EXPECT_EQ(agent().dropped(), 3);
  EXPECT_EQ(agent().logger.messages.size(), 3u);
  EXPECT_EQ(agent().logger.messages[0], "scenario s: a further VU could not be initialised");
  agent().engine->Stop();
  Finish();
}

TEST_F(ArrivalRateTest, TheEndWaitsForAVuThatIsBeingInitialised) {
  FakeVuPool::Options options = Taking(absl::Milliseconds(300));
  options.initialisation = absl::Seconds(9);
  Play({Constant(10, absl::Milliseconds(200), 1, 2)}, options);
  EXPECT_EQ(agent().pool.free(), 2);
  EXPECT_EQ(SinceT0(agent().done_at), absl::Milliseconds(9100));
}

TEST_F(ArrivalRateTest, RampFollowsTheAreaUnderTheRate) {
  Play({Scenario(RampingArrivalRateConfig{0, kSecond, {{absl::Seconds(2), 20}}, 4, 4})},
       Taking(absl::Milliseconds(1)));
  ASSERT_EQ(records().size(), 20u);
  for (size_t i = 0; i < 20; ++i) {  // 5 t*t = i
    const double expected = std::sqrt(static_cast<double>(i + 1) / 5);
    EXPECT_NEAR(absl::ToDoubleSeconds(SinceT0(records()[i].begin)), expected, 1e-8);
  }
  // The last one starts at the very end of the duration.
  EXPECT_EQ(SinceT0(records().back().begin), absl::Seconds(2));
}

// k6 issue 2951: the bar showed a red cross.
TEST_F(ArrivalRateTest, ARampThatEndsEarlyByArithmeticIsDone) {
  Play({Scenario(RampingArrivalRateConfig{1, kSecond, {{absl::Milliseconds(2500), 1}}, 4, 4})},
       Taking(absl::Milliseconds(10)));
  EXPECT_EQ(records().size(), 2u);
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::DONE);
  EXPECT_EQ(agent().Scenario().progress, 1);
  EXPECT_EQ(SinceT0(agent().done_at), absl::Milliseconds(2010));
}

TEST_F(ArrivalRateTest, ARampWithoutAnyStartIsDoneAtOnce) {
  Play({Scenario(RampingArrivalRateConfig{0, kSecond, {{kSecond, 1}}, 1, 1})},
       Taking(absl::Milliseconds(10)));
  EXPECT_TRUE(records().empty());
  EXPECT_EQ(agent().Scenario().state, v1::ScenarioProgress::DONE);
}

TEST_F(ArrivalRateTest, VusAreUsedInTurn) {
  Play({Constant(10, kSecond, 3, 3)}, Taking(absl::Milliseconds(10)));
  std::vector<int64_t> vus;
  for (const IterationRecord& record : records()) {
    vus.push_back(record.vu_in_instance);
  }
  EXPECT_EQ(vus, (std::vector<int64_t>{1, 2, 3, 1, 2, 3, 1, 2, 3, 1}));
}

TEST_F(ArrivalRateTest, AVuWhoseWorkerInitialisesAnotherIsTheLastChoice) {
  FakeVuPool::Options options = Taking(absl::Milliseconds(150));
  options.prompt = [](int64_t vu) { return vu != 1; };
  Play({Constant(10, absl::Milliseconds(450), 2, 2)}, options);
  std::vector<int64_t> vus;
  for (const IterationRecord& record : records()) {
    vus.push_back(record.vu_in_instance);
  }
  EXPECT_EQ(vus, (std::vector<int64_t>{2, 1, 2, 1, 2}));
  EXPECT_EQ(agent().dropped(), 0);
}

TEST_F(ArrivalRateTest, LateStartsRunAtOnceAndSayHowLate) {
  Make({Constant(10, kSecond, 20, 20)}, Taking(absl::Milliseconds(10)));
  loop.RunUntil(t0 + absl::Milliseconds(550));
  Start();
  Finish();
  ASSERT_EQ(records().size(), 10u);
  for (size_t i = 0; i < 6; ++i) {  // those of 0 to 500 ms
    EXPECT_EQ(SinceT0(records()[i].begin), absl::Milliseconds(550));
    EXPECT_EQ(SinceT0(records()[i].iteration.intended),
              absl::Milliseconds(100 * static_cast<int64_t>(i)));
  }
  EXPECT_EQ(SinceT0(records()[6].begin), absl::Milliseconds(600));
  EXPECT_EQ(MaxLateness(), absl::Milliseconds(550));
  EXPECT_EQ(agent().engine->Snapshot().start_lateness, absl::Milliseconds(550));
}

TEST_F(ArrivalRateTest, AStartThatIsInterruptedOnItsWayToTheVuCountsAsDropped) {
  FakeVuPool::Options options = Taking(kSecond);
  options.hop = absl::Milliseconds(20);
  options.interrupt_overtakes = true;
  Make({Constant(10, absl::Seconds(9), 2, 2)}, options);
  Start();
  loop.RunUntil(t0 + absl::Milliseconds(10));
  agent().engine->Stop();
  Finish();
  EXPECT_TRUE(records().empty());
  EXPECT_EQ(agent().dropped(), 1);
  EXPECT_EQ(agent().Scenario().starts_without_vu, 0);
  EXPECT_EQ(agent().Scenario().iterations_started, 0);
}

TEST_F(ArrivalRateTest, AStartIsOnTheDotThoughTheWayToTheWorkerTakesItsTime) {
  FakeVuPool::Options options = Taking(absl::Milliseconds(10));
  options.hop = absl::Milliseconds(5);
  Play({Constant(10, kSecond, 3, 3)}, options);
  ASSERT_EQ(records().size(), 10u);
  // Nothing could be handed over before the scenario began; all others are, ahead of their time.
  EXPECT_EQ(SinceT0(records()[0].begin), absl::Milliseconds(5));
  for (size_t i = 1; i < 10; ++i) {
    EXPECT_EQ(records()[i].begin, records()[i].iteration.intended);
  }
}

TEST_F(ArrivalRateTest, AVuThatComesFreeJustBeforeAStartTakesIt) {
  // Of the only VU, each iteration ends 1 ms before the next start.
  Play({Constant(10, kSecond, 1, 1)}, Taking(absl::Milliseconds(99)));
  EXPECT_EQ(records().size(), 10u);
  EXPECT_EQ(agent().dropped(), 0);
  EXPECT_EQ(MaxLateness(), absl::ZeroDuration());
}

TEST_F(ArrivalRateTest, AStartThatIsHandedOutButNotDueIsForgottenByAStop) {
  Make({Constant(10, absl::Seconds(9), 2, 2)}, Taking(absl::Milliseconds(50)));
  Start();
  loop.RunUntil(t0 + absl::Milliseconds(98));  // that of 100 ms is on its worker already
  agent().engine->GracefulStop();
  Finish();
  EXPECT_EQ(records().size(), 1u);
  EXPECT_EQ(agent().dropped(), 0);
  EXPECT_EQ(agent().Scenario().iterations_started, 1);
}

TEST_F(ArrivalRateTest, OnceAnHourStartsOnTheDotToo) {
  Play({Scenario(ConstantArrivalRateConfig{1, absl::Hours(1), absl::Hours(3), 1, 1})},
       Taking(kSecond));
  ASSERT_EQ(records().size(), 3u);
  EXPECT_EQ(SinceT0(records()[2].begin), absl::Hours(2));
}

TEST_F(ArrivalRateTest, AHundredThousandASecondAreAllStartedOnTheDot) {
  Play({Constant(100'000, absl::Milliseconds(100), 50, 50)}, Taking(absl::Microseconds(100)));
  EXPECT_EQ(agent().dropped(), 0);
  ASSERT_EQ(records().size(), 10'000u);
  EXPECT_EQ(SinceT0(records()[9'999].begin), absl::Microseconds(99'990));
  EXPECT_EQ(MaxLateness(), absl::ZeroDuration());
}

TEST_F(ArrivalRateTest, VusAtWorkAreThoseThatIterate) {
  Make({Scenario(RampingArrivalRateConfig{0, kSecond, {{absl::Seconds(10), 10}}, 5, 5})},
       Taking(absl::Milliseconds(1500)));
  Start();
  loop.RunUntil(t0 + absl::Milliseconds(2900));  // starts at 1.41, 2.0, 2.45 and 2.83 s
  const ScenarioSnapshot snapshot = agent().Scenario();
  EXPECT_EQ(snapshot.vus_active, 4);  // the first iteration ends at 2.91 s
  EXPECT_EQ(snapshot.vus_allocated, 5);
  EXPECT_EQ(snapshot.vus_max, 5);
  EXPECT_DOUBLE_EQ(snapshot.rate_per_s, 2.9);
  EXPECT_DOUBLE_EQ(snapshot.progress, 0.29);
  agent().engine->Stop();
  Finish();
}

}  // namespace
}  // namespace lockstep::agent
