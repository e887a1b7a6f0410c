#include "common/threshold/threshold.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/metrics/batch.h"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Config = std::map<std::string, std::vector<ThresholdConfig>>;

std::string ErrorOf(const Config& config) {
  MetricRegistry known;
  return std::string(ThresholdSet::Create(config, known).status().message());
}

TEST(ParseThreshold, KnowsEveryOperator) {
  const struct {
    const char* text;
    bool below, at, above;
  } cases[] = {
      {"avg<10", true, false, false},  {"avg<=10", true, true, false},
      {"avg>10", false, false, true},  {"avg>=10", false, true, true},
      {"avg==10", false, true, false}, {"avg===10", false, true, false},
      {"avg!=10", true, false, true},
  };
  for (const auto& each : cases) {
    absl::StatusOr<ThresholdExpression> expression = ParseThreshold(each.text);
    ASSERT_TRUE(expression.ok()) << each.text;
    EXPECT_EQ(expression->Holds(9), each.below) << each.text;
    EXPECT_EQ(expression->Holds(10), each.at) << each.text;
    EXPECT_EQ(expression->Holds(11), each.above) << each.text;
  }
}

TEST(ParseThreshold, TakesSpacesFractionsAndPercentiles) {
  absl::StatusOr<ThresholdExpression> expression = ParseThreshold(" p(99.9) <  0.25 ");
  ASSERT_TRUE(expression.ok()) << expression.status();
  EXPECT_EQ(expression->method.kind, AggregateMethod::Kind::kPercentile);
  EXPECT_EQ(expression->method.percentile, 99.9);
  EXPECT_EQ(expression->limit, 0.25);
  EXPECT_EQ(expression->method_text, "p(99.9)");
  EXPECT_EQ(ParseThreshold("value>-1e3")->limit, -1000);
}

TEST(ParseThreshold, TakesAWindow) {
  EXPECT_EQ(ParseThreshold("p(95)<500 over 30s")->window, absl::Seconds(30));
  EXPECT_EQ(ParseThreshold("p(95)<500 over 30s")->limit, 500);
  EXPECT_EQ(ParseThreshold("rate<0.01  over  1m30s ")->window, absl::Seconds(90));
  EXPECT_EQ(ParseThreshold("rate<0.01 over 1h")->window, absl::Hours(1));
  EXPECT_EQ(ParseThreshold("rate<0.01")->window, absl::ZeroDuration());
}

TEST(ParseThreshold, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "no operator"},
      {"foo<1", R"(unknown aggregation method "foo")"},
      {"avg<", "is not a number"},
      {"avg<1s", R"("1s" is not a number)"},
      {"avg=1", "unknown operator"},
      {"count ~ 4", "no operator"},
      {"avg<<1", "is not a number"},
      {"p(101)<1", "provide a number between 0 and 100"},
      {"p(-1)<1", "between 0"},
      {"p(x)<1", "between 0 and 100"},
      {"p()<1", "between 0"},
      {"avg<nan", "is not a number"},
      {"avg<inf", "is not a number"},
      {"<1", "unknown aggregation method"},
      {"p(95)<0x10", R"("0x10" is not a number)"},
      {"p(0x10)<1", "malformed percentile value"},
      {"avg<1 over", R"(malformed window "")"},
      {"avg<1 over 30", R"(malformed window "30": "over" needs a duration with a unit)"},
      {"avg<1 over 0", R"(malformed window "0")"},
      {"avg<1 over soon", R"(malformed window "soon")"},
      {"avg<1 over 30s please", R"(malformed window "30s please")"},
      {"avg<1 over 500ms", "a window of 500ms cannot be: from 1s to 1h is allowed"},
      {"avg<1 over -5s", "a window of -5s cannot be"},
      {"avg<1 over 2h", "a window of 2h0m0s cannot be"},
      {"avg<1over 30s", R"("1over 30s" is not a number)"},
      {"avg< over 30s", "is not a number"},
      {"avg<1 overall 30s", R"("1 overall 30s" is not a number)"},
      {"avg over 30s<1", R"(unknown aggregation method "avg over 30s")"},
      {"p95<200", R"(; did you mean "p(95)<200"?)"},
      {"P(99.9) < 200 over 30s", R"(; did you mean "p(99.9) < 200 over 30s"?)"},
      {"p(95<200", R"(; did you mean "p(95)<200"?)"},
      {"mean<200", R"(; did you mean "avg<200"?)"},
      {"maxx<200", "known are: count, rate, value, avg, min, med, max, p(N)"},
      {"coutn<200", R"(; did you mean "count<200"?)"},
  };
  for (const auto& [text, reason] : cases) {
    const std::string message(ParseThreshold(text).status().message());
    EXPECT_THAT(message, HasSubstr(absl::StrCat("failed parsing threshold expression \"", text,
                                                "\"; reason: ")))
        << text;
    EXPECT_THAT(message, HasSubstr(reason)) << text;
  }
}

// Conformance case metrics/threshold-errors.
TEST(ThresholdSet, WordsItsErrorsAsK6Does) {
  EXPECT_THAT(ErrorOf({{"http_req_duration", {{"foo<1"}}}}), HasSubstr("foo<1"));
  EXPECT_EQ(ErrorOf({{"no_such_metric", {{"count>1"}}}}),
            "invalid threshold defined on no_such_metric; reason: no metric name "
            "\"no_such_metric\" found");
  EXPECT_THAT(ErrorOf({{"http_req_duration", {{"avg<"}}}}),
              HasSubstr("malformed threshold expression"));
  EXPECT_EQ(ErrorOf({{"http_reqs", {{"p(95)<1"}}}}),
            "invalid threshold \"p(95)<1\" applied on metric http_reqs; reason: unsupported "
            "aggregation method p on metric of "
            "type counter. supported aggregation methods for this metric are: count, rate");
  EXPECT_THAT(ErrorOf({{"http_reqs{status:200", {{"count>1"}}}}),
              HasSubstr("unmatched opening/close curly brace"));
  EXPECT_THAT(ErrorOf({{"checks", {{"value>1"}}}}),
              HasSubstr("unsupported aggregation method value on metric of type rate"));
}

TEST(ThresholdSet, SaysAllErrorsAtOnce) {
  const std::string message = ErrorOf({{"checks", {{"value>1"}, {"rate>1"}, {"rate"}}},
                                       {"nope", {{"count>1"}, {"bad"}}},
                                       {"vus{", {{"value>1"}}}});
  EXPECT_EQ(std::vector<std::string>(absl::StrSplit(message, '\n')).size(), 5u) << message;
}

class Judged : public ::testing::Test {
 protected:
  void Make(const Config& config) {
    absl::StatusOr<ThresholdSet> set = ThresholdSet::Create(config, store_.metrics());
    ASSERT_TRUE(set.ok()) << set.status();
    set_ = *std::move(set);
    ASSERT_TRUE(set_.Register(&store_).ok());
  }
  void Add(const char* name, double value, TagList tags = {}) {
    Batch batch;
    batch.metrics = {store_.metrics().Get(*store_.metrics().Find(name))};
    batch.tag_sets = {std::move(tags)};
    Aggregate aggregate(batch.metrics[0].type);
    aggregate.Add(value, absl::UnixEpoch());
    batch.series.push_back({.first_seen = {}, .aggregate = std::move(aggregate)});
    ASSERT_TRUE(store_.Merge(batch).ok());
  }
  ThresholdVerdict Verdict(size_t metric = 0, size_t threshold = 0) const {
    return set_.metrics()[metric].thresholds[threshold].verdict;
  }

  AggregateStore store_;
  ThresholdSet set_;
};

TEST_F(Judged, SkipsWhatHasNoSamplesWhileRunningAndPassesItAtTheEnd) {
  Make({{"http_req_duration", {{"p(95)<1"}}}, {"http_req_failed", {{"rate<0.1"}}}});
  EXPECT_THAT(set_.Evaluate(store_, absl::Seconds(5)).crossed, IsEmpty());
  EXPECT_EQ(Verdict(), ThresholdVerdict::kNoData);
  EXPECT_THAT(set_.EvaluateFinal(store_, absl::Seconds(5)).crossed, IsEmpty());
  EXPECT_TRUE(set_.metrics()[0].ok());
}

TEST_F(Judged, TakesTrendsAndGaugesWithoutSamplesAsZeroAtTheEnd) {
  Make({{"http_req_duration", {{"avg>1"}}},
        {"http_req_failed", {{"rate>0.1"}}},
        {"vus", {{"value>3"}, {"value<=0"}}}});
  EXPECT_THAT(set_.Evaluate(store_, absl::Seconds(5)).crossed, IsEmpty());
  EXPECT_THAT(set_.EvaluateFinal(store_, absl::Seconds(5)).crossed,
              ElementsAre("http_req_duration", "vus"));
  EXPECT_EQ(*set_.metrics()[0].thresholds[0].value, 0);
  EXPECT_EQ(Verdict(1), ThresholdVerdict::kNoData);
  EXPECT_EQ(Verdict(2, 1), ThresholdVerdict::kPassing);
}

TEST_F(Judged, TellsAtTheEndOfSubmetricsWithoutASample) {
  Make({{"http_reqs", {{"count>=0"}}},
        {"http_reqs{name:right}", {{"count>0"}}},
        {"http_reqs{name:shown_only}", {}},
        {"http_reqs{name:typo}", {{"count>=0"}}}});
  Add("http_reqs", 1, {{"name", "right"}});
  EXPECT_THAT(set_.Evaluate(store_, absl::Seconds(5)).unmatched, IsEmpty());
  EXPECT_THAT(set_.EvaluateFinal(store_, absl::Seconds(5)).unmatched,
              ElementsAre("http_reqs{name:typo}"));
}

TEST_F(Judged, TellsAtTheEndOfWholeMetricsThatWereNotMeasured) {
  Make({{"http_req_duration", {{"p(95)<500"}}},
        {"http_req_failed", {{"rate<0.01"}}},
        {"http_reqs", {{"count>=0"}}}});
  EXPECT_THAT(set_.EvaluateFinal(store_, absl::Seconds(5)).unmatched,
              ElementsAre("http_req_duration", "http_req_failed"));
  EXPECT_EQ(
      UnmatchedMessage("http_req_failed"),
      "the threshold on 'http_req_failed' was judged without a sample: the test has not measured "
      "it at all");
}

TEST_F(Judged, TakesAMissingCounterAsZeroAtTheEndOnly) {
  Make({{"http_reqs{status:500}", {{"count==0"}, {"count>0"}}}});
  EXPECT_THAT(set_.Evaluate(store_, absl::Seconds(5)).crossed, IsEmpty());
  EXPECT_THAT(set_.EvaluateFinal(store_, absl::Seconds(5)).crossed,
              ElementsAre("http_reqs{status:500}"));
  EXPECT_EQ(Verdict(0, 0), ThresholdVerdict::kPassing);
  EXPECT_EQ(Verdict(0, 1), ThresholdVerdict::kFailing);
}

TEST_F(Judged, NamesEveryMetricThatIsCrossedOnce) {
  Make({{"checks", {{"rate>0.6"}, {"rate>0.7"}}},
        {"http_reqs{a:b}", {{"count<1"}}},
        {"vus", {{"value<5"}}}});
  Add("checks", 1);
  Add("checks", 0);
  Add("http_reqs", 1, {{"a", "b"}});
  Add("http_reqs", 1, {{"a", "c"}});
  Add("vus", 4);
  const ThresholdSet::Outcome outcome = set_.EvaluateFinal(store_, absl::Seconds(1));
  EXPECT_THAT(outcome.crossed, ElementsAre("checks", "http_reqs{a:b}"));
  EXPECT_EQ(CrossedMessage(outcome),
            "thresholds on metrics 'checks, http_reqs{a:b}' have been crossed");
  EXPECT_EQ(*set_.metrics()[1].thresholds[0].value, 1);
}

TEST_F(Judged, DividesACountersRateByTheElapsedTime) {
  Make({{"http_reqs", {{"rate>2"}}}});
  for (int i = 0; i < 10; ++i) {
    Add("http_reqs", 1);
  }
  EXPECT_THAT(set_.Evaluate(store_, absl::Seconds(4)).crossed, IsEmpty());
  EXPECT_THAT(set_.Evaluate(store_, absl::Seconds(6)).crossed, ElementsAre("http_reqs"));
}

TEST_F(Judged, AbortsOnlyWhenTheDelayIsOver) {
  Make({{"checks", {{"rate>0.9", true, absl::Seconds(10)}}}});
  Add("checks", 0);
  ThresholdSet::Outcome early = set_.Evaluate(store_, absl::Seconds(9));
  EXPECT_FALSE(early.abort);
  EXPECT_THAT(early.crossed, ElementsAre("checks"));
  ThresholdSet::Outcome due = set_.Evaluate(store_, absl::Seconds(10));
  EXPECT_TRUE(due.abort);
  EXPECT_EQ(CrossedMessage(due),
            "thresholds on metrics 'checks' were crossed; at least one has abortOnFail enabled, "
            "stopping test prematurely");
  EXPECT_FALSE(set_.EvaluateFinal(store_, absl::Seconds(20)).abort);
}

// One failure among the requests of second 3 of 10: the window of two seconds that holds it has a
// rate of 1 in 2, all others 0.
TEST_F(Judged, FailsAWindowedThresholdForOneBadWindow) {
  Make({{"http_req_failed", {{"rate<0.2 over 2s"}, {"rate<0.2"}}}});
  for (int second = 1; second <= 10; ++second) {
    Add("http_req_failed", second == 3 ? 1 : 0);
    set_.Evaluate(store_, absl::Seconds(second));
    EXPECT_EQ(Verdict(0, 0), second < 2   ? ThresholdVerdict::kNoData
                             : second < 3 ? ThresholdVerdict::kPassing
                                          : ThresholdVerdict::kFailing)
        << second;
  }
  set_.EvaluateFinal(store_, absl::Seconds(10));
  EXPECT_EQ(Verdict(0, 0), ThresholdVerdict::kFailing);
  EXPECT_EQ(*set_.metrics()[0].thresholds[0].value, 0.5);  // the worst window's
  EXPECT_EQ(Verdict(0, 1), ThresholdVerdict::kPassing);
  EXPECT_EQ(*set_.metrics()[0].thresholds[1].value, 0.1);
}

TEST_F(Judged, ShowsTheWorstOfAllWindowsThatPass) {
  Make({{"http_req_duration", {{"max<100 over 1s"}, {"min>1 over 1s"}}}});
  for (int second = 1; second <= 5; ++second) {
    Add("http_req_duration", second * (6 - second));  // 5 8 9 8 5
    set_.Evaluate(store_, absl::Seconds(second));
  }
  EXPECT_EQ(*set_.metrics()[0].thresholds[0].value, 9);
  EXPECT_EQ(*set_.metrics()[0].thresholds[1].value, 5);
  EXPECT_EQ(Verdict(0, 0), ThresholdVerdict::kPassing);
}

TEST_F(Judged, TakesWindowsOfSubmetricsApart) {
  Make({{"http_reqs{status:500}", {{"count<2 over 2s"}}}});
  for (int second = 1; second <= 6; ++second) {
    Add("http_reqs", 1, {{"status", "200"}});
    if (second == 2 || second == 4) {
      Add("http_reqs", 1, {{"status", "500"}});
    }
    set_.Evaluate(store_, absl::Seconds(second));
  }
  EXPECT_EQ(Verdict(), ThresholdVerdict::kPassing);  // never two within two seconds
  Add("http_reqs", 2, {{"status", "500"}});
  EXPECT_THAT(set_.Evaluate(store_, absl::Seconds(7)).crossed,
              ElementsAre("http_reqs{status:500}"));
}

TEST_F(Judged, JudgesARunThatIsShorterThanItsWindowAtTheEnd) {
  Make({{"http_reqs", {{"rate<1 over 1m"}}}});
  for (int i = 0; i < 10; ++i) {
    Add("http_reqs", 1);
  }
  EXPECT_THAT(set_.Evaluate(store_, absl::Seconds(4)).crossed, IsEmpty());
  EXPECT_EQ(Verdict(), ThresholdVerdict::kNoData);
  EXPECT_THAT(set_.EvaluateFinal(store_, absl::Seconds(5)).crossed, ElementsAre("http_reqs"));
  EXPECT_EQ(*set_.metrics()[0].thresholds[0].value, 2);  // 10 in 5 s
}

TEST_F(Judged, AbortsForAWindowThatFailsAfterTheDelayNotForOneBefore) {
  Make({{"http_req_failed", {{"rate<0.5 over 1s", true, absl::Seconds(3)}}}});
  const bool failed[] = {true, true, false, true};
  for (int second = 1; second <= 4; ++second) {
    Add("http_req_failed", failed[second - 1] ? 1 : 0);
    EXPECT_EQ(set_.Evaluate(store_, absl::Seconds(second)).abort, second == 4) << second;
  }
}

TEST_F(Judged, DoesNotAbortForAThresholdWithoutAbortOnFail) {
  Make({{"checks", {{"rate>0.9"}}}});
  Add("checks", 0);
  EXPECT_FALSE(set_.Evaluate(store_, absl::Seconds(60)).abort);
}

}  // namespace
}  // namespace lockstep
