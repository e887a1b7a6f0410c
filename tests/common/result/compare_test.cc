#include "common/result/compare.h"

#include <cmath>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A log-normal of 100 ms, times `factor`; the slowest 3 % times `tail`.
RunResult RunOf(double factor, double tail, uint64_t failed, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(std::log(100), 0.3);
  Aggregate durations(MetricType::kTrend);
  for (int i = 0; i < 20'000; ++i) {
    const double value = std::exp(normal(random)) * factor;
    durations.Add(i % 100 < 3 ? value * tail : value, absl::UnixEpoch());
  }
  RunResult result;
  result.script = "s.js";
  result.duration = absl::Seconds(10);
  const auto add = [&result](const char* name, MetricType type, ValueType contains,
                             Aggregate aggregate) {
    result.metrics.push_back({.key = name,
                              .metric = {.name = name, .type = type, .contains = contains},
                              .tags = {},
                              .aggregate = std::move(aggregate),
                              .thresholds = {}});
  };
  add("http_req_duration", MetricType::kTrend, ValueType::kTime, std::move(durations));
  add("http_req_failed", MetricType::kRate, ValueType::kDefault,
      Aggregate(Rate{.trues = failed, .total = 20'000}));
  ExactSum requests;
  requests.Add(20'000);
  add("http_reqs", MetricType::kCounter, ValueType::kDefault,
      Aggregate(Counter::Make(std::move(requests), 20'000)));
  return result;
}

std::vector<std::string> Verdicts(const ComparisonReport& report) {
  std::vector<std::string> verdicts;
  for (const Comparison& each : report.comparisons) {
    verdicts.emplace_back(ComparisonVerdictName(each.verdict));
  }
  return verdicts;
}

TEST(CompareResults, FindsNothingInTwoRunsOfTheSame) {
  const ComparisonReport report = CompareResults(RunOf(1, 1, 20, 1), RunOf(1, 1, 25, 2), {});
  EXPECT_THAT(Verdicts(report), ElementsAre("same", "same", "same", "same"));
  EXPECT_FALSE(report.regressed());
}

TEST(CompareResults, FindsARunThatIsSlower) {
  const ComparisonReport report = CompareResults(RunOf(1, 1, 20, 1), RunOf(1.1, 1, 20, 2), {});
  EXPECT_THAT(Verdicts(report), ElementsAre("worse", "worse", "same", "same"));
  EXPECT_TRUE(report.regressed());
  EXPECT_NEAR(*report.comparisons[0].change, 0.1, 0.01);
  EXPECT_GT(*report.comparisons[0].superior, 0.55);
  EXPECT_FALSE(CompareResults(RunOf(1.1, 1, 20, 2), RunOf(1, 1, 20, 1), {}).regressed());
}

// The median says nothing about it: 3 % of the requests take four times as long.
TEST(CompareResults, FindsATailThatGrows) {
  const ComparisonReport report = CompareResults(RunOf(1, 1, 20, 1), RunOf(1, 4, 20, 2), {});
  EXPECT_THAT(Verdicts(report), ElementsAre("same", "worse", "same", "same"));
}

// With so many samples 2 % are significant; they do not matter.
TEST(CompareResults, CallsNoSmallChangeARegressionHoweverSure) {
  const ComparisonReport report = CompareResults(RunOf(1, 1, 20, 1), RunOf(1.02, 1, 20, 2), {});
  EXPECT_LT(*report.comparisons[0].p_value, 0.01);
  EXPECT_THAT(Verdicts(report), ElementsAre("same", "same", "same", "same"));
  EXPECT_TRUE(
      CompareResults(RunOf(1, 1, 20, 1), RunOf(1.02, 1, 20, 2), {.min_change = 0.01}).regressed());
}

RunResult RunThatDrops(uint64_t iterations, absl::Duration duration) {
  RunResult result;
  result.duration = duration;
  ExactSum sum;
  sum.Add(static_cast<double>(iterations));
  result.metrics = {{.key = "dropped_iterations",
                     .metric = {.name = "dropped_iterations", .type = MetricType::kCounter},
                     .tags = {},
                     .aggregate = Aggregate(Counter::Make(std::move(sum), iterations)),
                     .thresholds = {}}};
  return result;
}

// Of two events in ten seconds, both come in the last second by chance once in a hundred times,
// which is 0.02 on two sides. By the normal approximation it would be (2 - 0.2 - 0.5) / sqrt(0.18)
// = 3.06, 0.002.
TEST(CompareResults, CallsNoNoiseOfAShortRunARegression) {
  const RunResult base = RunThatDrops(0, absl::Seconds(9));
  const ComparisonReport two = CompareResults(base, RunThatDrops(2, absl::Seconds(1)), {});
  EXPECT_NEAR(*two.comparisons.at(0).p_value, 0.02, 1e-9);
  EXPECT_FALSE(two.regressed());
  EXPECT_TRUE(CompareResults(base, RunThatDrops(3, absl::Seconds(1)), {}).regressed());
}

TEST(CompareResults, CallsNoMicrosecondsARegression) {
  CompareConfig config{.min_millis = 50};
  EXPECT_FALSE(CompareResults(RunOf(1, 1, 20, 1), RunOf(1.1, 1, 20, 2), config).regressed());
  config.min_millis = 5;
  EXPECT_TRUE(CompareResults(RunOf(1, 1, 20, 1), RunOf(1.1, 1, 20, 2), config).regressed());
}

TEST(CompareResults, FindsMoreFailures) {
  const ComparisonReport report = CompareResults(RunOf(1, 1, 20, 1), RunOf(1, 1, 400, 2), {});
  EXPECT_THAT(Verdicts(report), ElementsAre("same", "same", "worse", "same"));
}

TEST(CompareResults, TellsThroughputByTheSecond) {
  RunResult fresh = RunOf(1, 1, 20, 2);
  fresh.duration = absl::Seconds(20);  // half as many a second
  const ComparisonReport report = CompareResults(RunOf(1, 1, 20, 1), fresh, {});
  EXPECT_THAT(Verdicts(report), ElementsAre("same", "same", "same", "worse"));
  EXPECT_EQ(report.comparisons[3].fresh, 1000);
}

TEST(CompareResults, TellsChecksThresholdsAndMetricsThatOneRunLacks) {
  RunResult base = RunOf(1, 1, 20, 1);
  RunResult fresh = RunOf(1, 1, 20, 2);
  base.checks = {
      {.name = "ok", .path = "::ok", .first_seen = {}, .passes = 1000, .fails = 0},
      {.name = "skipped", .path = "::skipped", .first_seen = {}, .passes = 1, .fails = 0}};
  fresh.checks = {{.name = "ok", .path = "::ok", .first_seen = {}, .passes = 900, .fails = 100}};
  base.metrics[0].thresholds = {
      {.expression = "p(95)<1", .method = "p(95)", .ok = true, .value = {}}};
  fresh.metrics[0].thresholds = {
      {.expression = "p(95)<1", .method = "p(95)", .ok = false, .value = {}}};
  base.metrics[1].key = "gone";
  const ComparisonReport report = CompareResults(base, fresh, {});
  EXPECT_EQ(report.comparisons.back().subject, "check: ok");
  EXPECT_EQ(report.comparisons.back().verdict, ComparisonVerdict::kWorse);
  EXPECT_THAT(report.new_failures, ElementsAre("http_req_duration: p(95)<1"));
  EXPECT_THAT(report.only_in_base, ElementsAre("gone", "check: skipped"));
  EXPECT_THAT(report.only_in_new, ElementsAre("http_req_failed"));
}

TEST(CompareResults, TakesRunsWithoutAnySamples) {
  RunResult empty;
  EXPECT_FALSE(CompareResults(empty, empty, {}).regressed());
  RunResult none = RunOf(1, 1, 0, 1);
  none.metrics[0].aggregate = Aggregate(MetricType::kTrend);
  none.metrics[1].aggregate = Aggregate(MetricType::kRate);
  none.duration = absl::ZeroDuration();
  none.metrics[2].aggregate = Aggregate(MetricType::kCounter);
  EXPECT_FALSE(CompareResults(none, RunOf(1, 1, 20, 1), {}).regressed());
}

// Such a run may look quick: there is nothing in it that could be slow.
TEST(CompareResults, CallsARunWorseThatHasNoSamplesOfWhatTheBaseHasDone) {
  const RunResult base = RunOf(1, 1, 20, 1);
  RunResult fresh = RunOf(1, 1, 20, 2);
  fresh.metrics[2].aggregate = Aggregate(MetricType::kCounter);
  const ComparisonReport empty = CompareResults(base, fresh, {});
  EXPECT_THAT(empty.vanished, ElementsAre("http_reqs"));
  EXPECT_TRUE(empty.regressed());
  fresh.metrics.clear();
  const ComparisonReport report = CompareResults(base, fresh, {});
  EXPECT_THAT(report.vanished, ElementsAre("http_req_failed", "http_reqs"));
  EXPECT_TRUE(report.regressed());
  EXPECT_THAT(ComparisonText(report, base, fresh),
              HasSubstr("\n✗ metrics with samples in the base and none in the new run:\n"
                        "  http_req_failed\n  http_reqs\n"));
  EXPECT_EQ(ComparisonJson(report, {})["vanished"][0], "http_req_failed");
}

TEST(CompareResults, CallsARunWorseThatHasNoSamplesForAThresholdOfTheBase) {
  RunResult base = RunOf(1, 1, 20, 1);
  base.metrics[0].thresholds = {
      {.expression = "p(95)<1000", .method = "p(95)", .ok = true, .value = 500}};
  RunResult fresh = RunOf(1, 1, 20, 2);
  fresh.metrics.erase(fresh.metrics.begin());
  EXPECT_THAT(CompareResults(base, fresh, {}).vanished, ElementsAre("http_req_duration"));
  base.metrics[0].thresholds.clear();
  EXPECT_FALSE(CompareResults(base, fresh, {}).regressed());
}

TEST(CompareResults, CallsAWorseEndARegression) {
  struct Row {
    VerdictWord base;
    VerdictWord fresh;
    bool worse;
  };
  for (const Row& row : {Row{VerdictWord::kDone, VerdictWord::kErrors, false},
                         Row{VerdictWord::kPassed, VerdictWord::kFailed, true},
                         Row{VerdictWord::kPassed, VerdictWord::kAborted, true},
                         Row{VerdictWord::kDone, VerdictWord::kInterrupted, true},
                         Row{VerdictWord::kErrors, VerdictWord::kFailed, true},
                         Row{VerdictWord::kPassed, VerdictWord::kDone, false},
                         Row{VerdictWord::kErrors, VerdictWord::kErrors, false},
                         Row{VerdictWord::kFailed, VerdictWord::kAborted, false},
                         Row{VerdictWord::kFailed, VerdictWord::kPassed, false}}) {
    RunResult base = RunOf(1, 1, 20, 1);
    RunResult fresh = RunOf(1, 1, 20, 2);
    base.verdict.word = row.base;
    fresh.verdict.word = row.fresh;
    EXPECT_EQ(CompareResults(base, fresh, {}).regressed(), row.worse)
        << TextOf(row.base) << " " << TextOf(row.fresh);
  }
}

RunResult WithIterations(int64_t count, RunResult result) {
  ResultMetric& iterations = result.metrics.emplace_back(ResultMetric{
      .key = "iterations", .metric = {.name = "iterations"}, .tags = {}, .thresholds = {}});
  iterations.aggregate = Aggregate(MetricType::kCounter);
  for (int64_t i = 0; i < count; ++i) {
    iterations.aggregate.Add(1, absl::UnixEpoch());
  }
  return result;
}

// Of what no metric counts, as of failed requests: one in a thousand is none yet, one in two is.
TEST(CompareResults, ComparesExceptionsAndOtherFailuresWithTheIterations) {
  for (uint64_t EndVerdict::*const kind : {&EndVerdict::exceptions, &EndVerdict::others}) {
    RunResult base = WithIterations(1000, RunOf(1, 1, 20, 1));
    RunResult fresh = WithIterations(1000, RunOf(1, 1, 20, 2));
    fresh.verdict.*kind = 1;
    EXPECT_FALSE(CompareResults(base, fresh, {}).regressed());
    fresh.verdict.*kind = 500;
    EXPECT_TRUE(CompareResults(base, fresh, {}).regressed());
    base.verdict.*kind = 500;
    EXPECT_FALSE(CompareResults(base, fresh, {}).regressed());
  }
}

TEST(CompareResults, CallsIterationsThatAllThrewARegression) {
  const RunResult base = WithIterations(1, RunOf(1, 1, 20, 1));
  RunResult fresh = WithIterations(1, RunOf(1, 1, 20, 2));
  fresh.verdict.exceptions = 1;
  EXPECT_TRUE(CompareResults(base, fresh, {}).regressed());
}

TEST(CompareResults, CallsRequestsThatAllFailedARegression) {
  RunResult base = RunOf(1, 1, 20, 1);
  RunResult fresh = RunOf(1, 1, 20, 2);
  base.verdict.requests = {.failed = 1, .total = 2};
  fresh.verdict.requests = {.failed = 2, .total = 2};
  EXPECT_TRUE(CompareResults(base, fresh, {}).regressed());
  base.verdict.requests = {.failed = 2, .total = 2};
  EXPECT_FALSE(CompareResults(base, fresh, {}).regressed());
}

TEST(ComparisonText, SaysHowTheEndsDiffer) {
  const RunResult base = RunOf(1, 1, 20, 1);
  RunResult fresh = RunOf(1, 1, 20, 2);
  fresh.verdict.word = VerdictWord::kFailed;
  fresh.verdict.reason = "Error: no token";
  const ComparisonReport report = CompareResults(base, fresh, {});
  EXPECT_THAT(ComparisonText(report, base, fresh),
              HasSubstr("\n✗ the ends differ:\n"
                        "  DONE in the base, FAILED in the new run: Error: no token\n"));
  EXPECT_EQ(ComparisonJson(report, {})["verdicts"],
            nlohmann::json::parse(R"({"base": "DONE", "new": "FAILED", "worse": true})"));
}

// What it measured may be its own.
TEST(ComparisonText, DoubtsALoadGeneratorThatWasNotSteady) {
  const RunResult base = RunOf(1, 1, 20, 1);
  RunResult fresh = RunOf(1, 1, 20, 1);
  fresh.validity = v1::Health::SUSPECT;
  fresh.validity_reasons = {"agent a was lost", "it was late"};
  const ComparisonReport report = CompareResults(base, fresh, {});
  EXPECT_FALSE(report.regressed());
  const std::string text = ComparisonText(report, base, fresh);
  EXPECT_THAT(text,
              HasSubstr("\nthe load generator was not steady, and differences may be its own:\n"
                        "  the new run: SUSPECT: agent a was lost; it was late\n"));
  EXPECT_THAT(text,
              HasSubstr("\n✓ no regression, as far as an unsteady load generator can tell\n"));
  EXPECT_THAT(ComparisonJson(report, {})["unsteady"], ElementsAre(report.unsteady[0]));
}

TEST(ComparisonText, AlignsAndConcludes) {
  const RunResult base = RunOf(1, 1, 20, 1);
  const RunResult fresh = RunOf(1.1, 1, 20, 2);
  const ComparisonReport report = CompareResults(base, fresh, {});
  const std::string text = ComparisonText(report, base, fresh);
  EXPECT_THAT(text, HasSubstr("base: s.js, 10s from 1970-01-01T00:00:00+00:00\n"));
  EXPECT_THAT(text, HasSubstr("✗ http_req_duration med "));
  EXPECT_THAT(text, HasSubstr("worse (p<0.0001, P(new>base)=0."));
  EXPECT_THAT(text, HasSubstr("  http_req_failed rate "));
  EXPECT_THAT(text, HasSubstr("\n✗ worse than the base\n"));
  EXPECT_THAT(ComparisonText(CompareResults(base, base, {}), base, base),
              HasSubstr("\n✓ no regression\n"));
  const nlohmann::json json = ComparisonJson(report, {});
  EXPECT_TRUE(json["regressed"].get<bool>());
  EXPECT_EQ(json["comparisons"][0]["verdict"], "worse");
}

}  // namespace
}  // namespace lockstep
