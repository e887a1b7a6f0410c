#include "coordinator/results/results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/support/collecting_logger.h"

namespace lockstep::coordinator {
namespace {

using lockstep::testing::CollectingLogger;

TEST(Results, WarnOfAThresholdWhoseTagsNoSampleHas) {
  const SystemClock clock;
  CollectingLogger logger(LogLevel::kWarn);
  Results results(clock, logger);
  Results::Setup setup;
  setup.thresholds = {{"vus", {{"value>0"}}},
                      {"vus{team:a}", {{"value>0"}}},
                      {"vus{team:typo}", {{"value>=0"}}},
                      {"http_reqs", {{"count>=0"}}}};
  setup.tags = {{"team", "a"}};
  ASSERT_TRUE(results.Configure(std::move(setup)).ok());
  results.AddVus(1, 1);
  EXPECT_EQ(results.CheckThresholds(absl::Seconds(1)), std::nullopt);
  EXPECT_THAT(logger.messages, ::testing::IsEmpty());
  EXPECT_EQ(results.FinalThresholds(absl::Seconds(1)), std::nullopt);
  EXPECT_THAT(logger.messages, ::testing::ElementsAre(::testing::HasSubstr("'vus{team:typo}'")));
}

TEST(Results, SummariesForProgramsMayHaveTheNewerShape) {
  const SystemClock clock;
  CollectingLogger logger(LogLevel::kWarn);
  Results results(clock, logger);
  Results::Setup setup;
  setup.thresholds = {{"vus", {{"value>1"}}}};
  setup.machine_readable = "t.js";
  ASSERT_TRUE(results.Configure(std::move(setup)).ok());
  results.AddVus(1, 2);
  results.FinalThresholds(absl::Seconds(2));
  const auto data = nlohmann::json::parse(results.SummaryData(absl::Seconds(2), {}));
  EXPECT_EQ(data["version"], "1.0.0");
  EXPECT_EQ(data["config"],
            nlohmann::json::parse(R"({"execution": "local", "script": "t.js", "duration": 2})"));
  EXPECT_FALSE(data["results"].contains("checks"));
  EXPECT_THAT(data["results"]["metrics"],
              ::testing::Contains(nlohmann::json::parse(
                  R"({"name": "vus_max", "type": "gauge", "contains": "default",
                      "values": {"value": 2, "min": 2, "max": 2}})")));
  const nlohmann::json exported =
      results.MakeExport(results.MakeSummary(absl::Seconds(2)), v1::SetupValue());
  EXPECT_EQ(exported["results"], data["results"]);
}

Batch WithErrors(std::vector<ErrorCount> errors, uint64_t folded) {
  Batch batch;
  batch.errors = std::move(errors);
  batch.folded_errors = folded;
  return batch;
}

TEST(Results, TheErrorsOfAllAgentsAreInTheSummaryInItsDataAndInTheStatus) {
  const SystemClock clock;
  CollectingLogger logger(LogLevel::kWarn);
  Results results(clock, logger);
  ASSERT_TRUE(results.Configure({}).ok());
  EXPECT_FALSE(nlohmann::json::parse(results.SummaryData(absl::Seconds(1), {})).contains("errors"))
      << "k6's readers know nothing of it";
  ASSERT_TRUE(
      results.Merge("a", EncodeBatch(WithErrors({{"500", "GET", "/x", 3, 1'000'000'000}}, 1)))
          .ok());
  ASSERT_TRUE(results
                  .Merge("b", EncodeBatch(WithErrors({{"500", "GET", "/x", 2, 2'000'000'000},
                                                      {"404", "GET", "/y", 9, 2'000'000'000}},
                                                     0)))
                  .ok());
  const Summary summary = results.MakeSummary(absl::Seconds(1));
  ASSERT_EQ(summary.errors.size(), 2u);
  EXPECT_EQ(summary.errors[0].error.cause, "404");
  EXPECT_EQ(summary.folded_errors, 1u);
  const nlohmann::json expected = {{"cause", "500"},
                                   {"method", "GET"},
                                   {"name", "/x"},
                                   {"count", 5},
                                   {"first", "1970-01-01T00:00:01Z"},
                                   {"agents", {{"a", 3}, {"b", 2}}}};
  const auto data = nlohmann::json::parse(results.SummaryData(absl::Seconds(1), {}));
  EXPECT_EQ(data["errors"][1], expected);
  EXPECT_EQ(data["foldedErrors"], 1);
  EXPECT_EQ(data["verdict"]["word"], "ERRORS");
  EXPECT_EQ(results.MakeExport(summary, {}).size(), 2u) << "whose readers know k6's keys";
  v1::RunStatus status;
  results.DescribeMetrics(absl::Seconds(1), &status);
  ASSERT_EQ(status.errors_size(), 2);
  EXPECT_EQ(status.errors(1).cause(), "500");
  EXPECT_EQ(status.errors(1).count(), 5);
  EXPECT_EQ(status.errors(1).agents().at("b"), 2);
  EXPECT_EQ(status.folded_errors(), 1);
}

TEST(Results, NoErrorTellsASecret) {
  const SystemClock clock;
  CollectingLogger logger(LogLevel::kWarn);
  Redactor redactor;
  redactor.Add("the-secret-token");
  Results results(clock, logger);
  results.SetRedactor(&redactor);
  ASSERT_TRUE(results.Configure({}).ok());
  // The second name was cut off within the secret.
  const std::string cut = absl::StrCat("http://h/", std::string(491, 'x'), "/the-secret");
  ASSERT_EQ(cut.size(), 511u);
  ASSERT_TRUE(results
                  .Merge("a", EncodeBatch(WithErrors({{"no the-secret-token", "GET",
                                                       "http://h/the-secret-token", 2, 1},
                                                      {"500", "GET", cut, 1, 1}},
                                                     0)))
                  .ok());
  const std::vector<ErrorRow> rows = results.errors().Rows();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].error.cause, absl::StrCat("no ", Redactor::kInstead));
  EXPECT_EQ(rows[0].error.name, absl::StrCat("http://h/", Redactor::kInstead));
  EXPECT_THAT(rows[1].error.name, ::testing::Not(::testing::HasSubstr("secret")));
}

TEST(Results, AStatusHasTheMostFrequentErrorsAndCountsTheRest) {
  const SystemClock clock;
  CollectingLogger logger(LogLevel::kWarn);
  Results results(clock, logger);
  ASSERT_TRUE(results.Configure({}).ok());
  std::vector<ErrorCount> errors;
  for (uint64_t i = 1; i <= 103; ++i) {
    errors.push_back({"500", "GET", absl::StrCat("/", i), i, 1});
  }
  ASSERT_TRUE(results.Merge("a", EncodeBatch(WithErrors(errors, 10))).ok());
  v1::RunStatus status;
  results.DescribeMetrics(absl::Seconds(1), &status);
  ASSERT_EQ(status.errors_size(), 100);
  EXPECT_EQ(status.errors(0).count(), 103);
  EXPECT_EQ(status.folded_errors(), 10 + 1 + 2 + 3);
}

TEST(Results, RecordATimelineOnlyIfSomebodyWantsIt) {
  const SystemClock clock;
  CollectingLogger logger(LogLevel::kWarn);
  Results results(clock, logger);
  ASSERT_TRUE(results.Configure({}).ok());
  EXPECT_EQ(results.timeline(), nullptr);
  results.RecordTimeline();
  Batch batch;
  batch.number = 1;
  batch.metrics = {{"http_reqs", MetricType::kCounter, ValueType::kDefault}};
  batch.tag_sets = {{{"method", "GET"}, {"name", "/a"}}};
  SeriesDelta delta{0, 0, {}, Aggregate(MetricType::kCounter)};
  delta.aggregate.Add(3, batch.begin);
  batch.series.push_back(std::move(delta));
  ASSERT_TRUE(results.Merge("agent", EncodeBatch(batch)).ok());
  const History history = results.timeline()->Freeze(0, /*last=*/true, absl::Seconds(1));
  ASSERT_EQ(history.requests.size(), 1u);
  EXPECT_EQ(history.requests[0].name, "/a");
  EXPECT_EQ(history.requests[0].count, 3u);
}

}  // namespace
}  // namespace lockstep::coordinator
