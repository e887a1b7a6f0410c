#include "common/health/judge.h"

#include <gtest/gtest.h>

#include "common/health/lag.h"

namespace lockstep {
namespace {

// `late` delays of `delay` among `all`, the others 100 µs.
v1::Lag Delays(uint64_t all, uint64_t late, absl::Duration delay) {
  LagRecorder recorder;
  recorder.Add(absl::Microseconds(100), all - late);
  if (late > 0) {
    recorder.Add(delay, late);
  }
  return recorder.Read();
}

// Ten seconds of a healthy agent with two workers on two cores.
v1::Health Healthy() {
  v1::Health health;
  health.set_measured_s(10);
  *health.mutable_lateness() = Delays(10'000, 20, absl::Milliseconds(30));
  *health.mutable_loop_lag() = Delays(2'000, 5, absl::Milliseconds(30));
  health.set_workers(2);
  health.set_waited_s(1.5);
  health.set_cpu_s(12);
  health.set_cores(2);
  health.set_pressure_s(6);
  health.set_collections(50);
  health.set_collecting_s(0.1);
  health.set_longest_collection_s(0.008);
  health.set_starts_planned(10'000);
  return health;
}

TEST(JudgeTest, ASteadyRulerIsValidWithoutAWord) {
  const Judgement judgement = JudgeHealth(Healthy());
  EXPECT_EQ(judgement.validity, v1::Health::VALID);
  EXPECT_TRUE(judgement.reasons.empty());
}

TEST(JudgeTest, NothingMeasuredIsNothingWrong) {
  EXPECT_EQ(JudgeHealth(v1::Health()).validity, v1::Health::VALID);
  EXPECT_EQ(JudgeFleet({}).validity, v1::Health::VALID);
}

TEST(JudgeTest, AnIterationThatBlockedItsWorkerComesBeforeTheDelaysItCaused) {
  v1::Health health = Healthy();
  health.set_blocks(2);
  health.set_waited_s(8);  // which would be taken for their cause
  *health.mutable_loop_lag() = Delays(100, 50, absl::Milliseconds(100));
  const Judgement judged = JudgeHealth(health);
  EXPECT_EQ(judged.validity, v1::Health::SUSPECT);
  ASSERT_EQ(judged.reasons.size(), 2u);
  EXPECT_EQ(judged.reasons[0],
            "iterations that kept their worker busy for too long: 2 interrupted; the log names VU, "
            "scenario and line");
  EXPECT_EQ(judged.reasons[1].find("likely because"), std::string::npos);
}

TEST(JudgeTest, OnePercentOfLateStartsIsSuspect) {
  v1::Health health = Healthy();
  *health.mutable_lateness() = Delays(10'000, 100, absl::Milliseconds(30));
  health.set_waited_s(0);
  const Judgement judgement = JudgeHealth(health);
  EXPECT_EQ(judgement.validity, v1::Health::SUSPECT);
  ASSERT_EQ(judgement.reasons.size(), 1u);
  // 100 µs lies in the bucket up to 2^(27/4) = 107.6 µs; the 99th percentile is still in it.
  EXPECT_EQ(judgement.reasons[0],
            "iterations started late: 0.108 ms at p(99), 0.108 ms in the median, 30 ms at most");
}

TEST(JudgeTest, LongDelaysAreWrittenOut) {
  v1::Health health = Healthy();
  *health.mutable_lateness() = Delays(1000, 1000, absl::Milliseconds(2920));
  health.set_waited_s(0);
  const std::string reason = JudgeHealth(health).reasons.at(0);
  EXPECT_NE(reason.find("2920 ms at most"), std::string::npos) << reason;
}

TEST(JudgeTest, FourLateStartsAreAHiccupHoweverShortTheRun) {
  v1::Health health = Healthy();
  *health.mutable_lateness() = Delays(10, 4, absl::Seconds(1));
  EXPECT_EQ(JudgeHealth(health).validity, v1::Health::VALID);
  *health.mutable_lateness() = Delays(10, 5, absl::Seconds(1));
  EXPECT_EQ(JudgeHealth(health).validity, v1::Health::INVALID);
}

TEST(JudgeTest, StartsLaterThanMostAnswersAreInvalid) {
  v1::Health health = Healthy();
  *health.mutable_lateness() = Delays(1'000, 10, absl::Milliseconds(700));
  EXPECT_EQ(JudgeHealth(health).validity, v1::Health::INVALID);
}

TEST(JudgeTest, ASlowLoopIsSuspectWithoutAnySchedule) {
  v1::Health health = Healthy();
  health.clear_lateness();
  health.clear_starts_planned();
  *health.mutable_loop_lag() = Delays(2'000, 40, absl::Milliseconds(50));
  const Judgement judgement = JudgeHealth(health);
  EXPECT_EQ(judgement.validity, v1::Health::SUSPECT);
  EXPECT_EQ(judgement.reasons.at(0).find("the workers took events late: 50 ms at p(99)"), 0u);
}

TEST(JudgeTest, ASymptomNamesABusySiblingAsItsCause) {
  v1::Health health = Healthy();
  *health.mutable_lateness() = Delays(10'000, 2'000, absl::Milliseconds(40));
  health.set_waited_s(16);  // of 2 x 10 s
  const Judgement judgement = JudgeHealth(health);
  ASSERT_EQ(judgement.reasons.size(), 1u);
  EXPECT_NE(judgement.reasons[0].find("; likely because its workers waited for a processor 80% of "
                                      "the time: others keep the machine busy"),
            std::string::npos)
      << judgement.reasons[0];
}

TEST(JudgeTest, AScriptThatComputesIsTheCauseRatherThanABusySibling) {
  v1::Health health = Healthy();
  *health.mutable_loop_lag() = Delays(200, 65, absl::Milliseconds(690));
  health.set_waited_s(3.4);  // 17% of 2 x 10 s
  health.set_held_s(0.7);
  health.set_computing_s(0.63);
  const std::string script = JudgeHealth(health).reasons.at(0);
  EXPECT_NE(script.find("; likely because its workers computed for 90% of the time in which they "
                        "took no events: a script keeps them busy"),
            std::string::npos)
      << script;
  EXPECT_EQ(script.find("others keep the machine busy"), std::string::npos) << script;
  health.set_computing_s(0.3);
  const std::string both = JudgeHealth(health).reasons.at(0);
  EXPECT_NE(both.find("a script keeps them busy, and its workers waited for a processor 17%"),
            std::string::npos)
      << both;
  health.set_computing_s(0.05);
  const std::string sibling = JudgeHealth(health).reasons.at(0);
  EXPECT_NE(sibling.find("likely because its workers waited for a processor 17%"),
            std::string::npos)
      << sibling;
}

TEST(JudgeTest, CausesStandWithTheFirstSymptomOnly) {
  v1::Health health = Healthy();
  *health.mutable_lateness() = Delays(10'000, 2'000, absl::Milliseconds(40));
  *health.mutable_loop_lag() = Delays(2'000, 500, absl::Milliseconds(40));
  health.set_waited_s(16);
  const Judgement judgement = JudgeHealth(health);
  ASSERT_EQ(judgement.reasons.size(), 2u);
  EXPECT_NE(judgement.reasons[0].find("likely because"), std::string::npos);
  EXPECT_EQ(judgement.reasons[1].find("likely because"), std::string::npos);
}

TEST(JudgeTest, WaitingForAProcessorAloneIsNoFault) {
  v1::Health health = Healthy();
  health.set_waited_s(16);
  EXPECT_EQ(JudgeHealth(health).validity, v1::Health::VALID);
}

TEST(JudgeTest, ACgroupsLimitIsNamed) {
  v1::Health health = Healthy();
  health.set_cores(0.2);
  health.set_cpu_s(1.99);
  health.set_throttled_s(7.5);
  const Judgement judgement = JudgeHealth(health);
  EXPECT_EQ(judgement.validity, v1::Health::SUSPECT);
  EXPECT_EQ(judgement.reasons,
            (std::vector<std::string>{"the agent used 100% of its 0.2 cores",
                                      "its cgroup's CPU limit held it back for 75% of the time"}));
}

TEST(JudgeTest, NinetyPercentOfTheCoresIsSaturationUnlessTheRunIsShort) {
  v1::Health health = Healthy();
  health.set_cpu_s(18);
  EXPECT_EQ(JudgeHealth(health).reasons,
            std::vector<std::string>{"the agent used 90% of its 2 cores"});
  health.set_cpu_s(17.9);
  EXPECT_EQ(JudgeHealth(health).validity, v1::Health::VALID);
  health.set_measured_s(1.9);
  EXPECT_EQ(JudgeHealth(health).validity, v1::Health::VALID);
  health.set_measured_s(10);
  health.set_cpu_s(1000);
  health.clear_cores();  // not known
  EXPECT_EQ(JudgeHealth(health).validity, v1::Health::VALID);
}

TEST(JudgeTest, CollectionsThatTakeATwentiethAreSuspect) {
  v1::Health health = Healthy();
  health.set_collecting_s(1);  // of 2 x 10 s
  EXPECT_EQ(JudgeHealth(health).reasons,
            std::vector<std::string>{
                "garbage collections took 5.0% of the workers' time, the longest 8 ms"});
  health.set_longest_collection_s(4.8125);
  EXPECT_EQ(JudgeHealth(health).reasons,
            std::vector<std::string>{
                "garbage collections took 5.0% of the workers' time, the longest 4812 ms"});
}

TEST(JudgeTest, AStartWithoutAVuIsSuspectAndAFifthOfThemInvalid) {
  v1::Health health = Healthy();
  health.set_starts_without_vu(1);
  const Judgement one = JudgeHealth(health);
  EXPECT_EQ(one.validity, v1::Health::SUSPECT);
  EXPECT_EQ(one.reasons,
            std::vector<std::string>{"1 of 10000 starts were dropped because no VU was free: raise "
                                     "preAllocatedVUs and maxVUs"});
  health.set_starts_without_vu(2'000);
  EXPECT_EQ(JudgeHealth(health).validity, v1::Health::INVALID);
}

TEST(JudgeTest, AConnectionRefusedByThisMachineIsSuspect) {
  v1::Health health = Healthy();
  health.set_sockets_refused(1);
  EXPECT_EQ(JudgeHealth(health).validity, v1::Health::SUSPECT);
  health.set_sockets_refused(100);
  const Judgement many = JudgeHealth(health);
  EXPECT_EQ(many.validity, v1::Health::INVALID);
  EXPECT_EQ(many.reasons,
            std::vector<std::string>{
                "100 connections failed because no local port or file descriptor was left"});
}

TEST(JudgeTest, AFleetIsAsSteadyAsItsLeastSteadyAgentAndNamesIt) {
  v1::Health suspect = Healthy();
  suspect.set_sockets_refused(1);
  v1::Health invalid = Healthy();
  invalid.set_sockets_refused(200);
  const Judgement judgement = JudgeFleet({{"a", Healthy()}, {"b", suspect}, {"c", invalid}});
  EXPECT_EQ(judgement.validity, v1::Health::INVALID);
  ASSERT_EQ(judgement.reasons.size(), 2u);
  EXPECT_EQ(judgement.reasons[0].find("c: 200 connections"), 0u);
  EXPECT_EQ(judgement.reasons[1].find("b: 1 connections"), 0u);
}

TEST(JudgeTest, ASecondWithoutAnEventIsNoHiccup) {
  v1::Health health = Healthy();
  health.mutable_loop_lag()->set_max_ns(999'000'000);
  EXPECT_EQ(JudgeHealth(health).validity, v1::Health::VALID);
  health.mutable_loop_lag()->set_max_ns(5'230'000'000);
  const Judgement judgement = JudgeHealth(health);
  EXPECT_EQ(judgement.validity, v1::Health::SUSPECT);
  EXPECT_EQ(judgement.reasons,
            std::vector<std::string>{"a worker took no events for 5.2s at a stretch: the agent was "
                                     "stopped, or a script kept the worker busy"});
}

TEST(JudgeTest, AnAgentThatWasLostBeforeTheStartIsNoLessMissing) {
  const Judgement judgement = JudgeFleet(
      {{"a", Healthy()}, {"b", v1::Health()}},
      {{.name = "b", .when = absl::UnixEpoch(), .after = {}, .reason = "gone", .missing = ""}});
  EXPECT_EQ(judgement.validity, v1::Health::SUSPECT);
  EXPECT_EQ(judgement.reasons, std::vector<std::string>{"agent b was lost before the start: gone"});
  EXPECT_EQ(judgement.lost.size(), 1u);
}

// A coordinator that was killed and started again did not stand still: nobody was there.
TEST(JudgeTest, ARestartOfTheCoordinatorIsToldAsOne) {
  const Judgement judgement = JudgeFleet(
      {{"a", Healthy()}}, {},
      {{.after = absl::Milliseconds(4300), .length = absl::Milliseconds(1150), .restart = true}});
  EXPECT_EQ(judgement.validity, v1::Health::SUSPECT);
  EXPECT_EQ(judgement.reasons,
            std::vector<std::string>{"there was no coordinator for 1.1s, until 4.3s after the "
                                     "start: it was started again and went on with its journal"});
}

TEST(JudgeTest, TheOnlyAgentNeedsNoName) {
  v1::Health health = Healthy();
  health.set_sockets_refused(2);
  EXPECT_EQ(JudgeFleet({{"a", health}}).reasons.at(0).find("2 connections"), 0u);
}

}  // namespace
}  // namespace lockstep
