#include "common/result/result.h"

#include <cmath>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/result/history_json.h"

namespace lockstep {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

RunResult Sample() {
  RunResult result;
  result.version = "1.2.3";
  result.script = "a.js";
  result.begin = absl::FromUnixSeconds(1'700'000'000);
  result.end = result.begin + absl::Seconds(10);
  result.duration = absl::Milliseconds(9500);
  result.thresholds_ok = false;
  const auto add = [&result](const char* name, MetricType type, const std::vector<double>& values) {
    Aggregate aggregate(type);
    for (double value : values) {
      aggregate.Add(value, result.begin);
    }
    result.metrics.push_back({.key = name,
                              .metric = {.name = name, .type = type},
                              .tags = {{"a", "b"}},
                              .aggregate = std::move(aggregate),
                              .thresholds = {}});
  };
  add("counter", MetricType::kCounter, {0.1, 0.2, 1e300});
  add("gauge", MetricType::kGauge, {3, -1, 2});
  add("rate", MetricType::kRate, {1, 0, 1});
  add("trend", MetricType::kTrend, {-2.5, 0, 1, 1, 1e-9, 12345.678});
  add("no_values", MetricType::kTrend, {});
  result.metrics[3].thresholds.push_back(
      {.expression = "p(95)<1", .method = "p(95)", .ok = false, .value = 12});
  result.checks.push_back(
      {.name = "ok", .path = "::g::ok", .first_seen = {}, .passes = 5, .fails = 2});
  result.errors = {
      {{"500", "GET", "/a", 7, absl::ToUnixNanos(result.begin)}, {{"a", 4}, {"b", 3}}}};
  result.folded_errors = 11;
  return result;
}

TEST(Result, ComesBackAsItWas) {
  RunResult before = Sample();
  before.validity = v1::Health::SUSPECT;
  before.validity_reasons = {"it was late"};
  before.lost_agents = {
      {.name = "b",
       .when = before.begin,
       .after = absl::Milliseconds(1500),
       .reason = "gone",
       .missing = "a half"},
      {.name = "c", .when = before.end, .after = {}, .reason = "r", .missing = ""}};
  before.verdict.thresholds = {.failed = 1, .total = 1};
  before.verdict.requests = {.failed = 3, .total = 9};
  before.verdict.checks = {.failed = 2, .total = 7};
  before.verdict.exceptions = 6;
  before.verdict.others = 2;
  before.verdict.lost = {"csv: 1 of 2 lines were lost"};
  const absl::StatusOr<RunResult> after = ParseResult(ResultToJson(before).dump());
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(VerdictJson(after->verdict), VerdictJson(before.verdict));
  EXPECT_EQ(after->verdict.thresholds_judged, 1u);
  EXPECT_EQ(after->verdict.exceptions, 6u);
  EXPECT_EQ(after->verdict.others, 2u);
  EXPECT_EQ(after->verdict.lost, before.verdict.lost);
  EXPECT_EQ(after->version, "1.2.3");
  EXPECT_EQ(after->begin, before.begin);
  EXPECT_EQ(after->duration, before.duration);
  EXPECT_FALSE(after->thresholds_ok);
  EXPECT_EQ(after->validity, v1::Health::SUSPECT);
  EXPECT_EQ(after->validity_reasons, before.validity_reasons);
  ASSERT_EQ(after->lost_agents.size(), 2u);
  EXPECT_EQ(after->lost_agents[0].when, before.begin);
  EXPECT_EQ(after->lost_agents[0].after, absl::Milliseconds(1500));
  EXPECT_EQ(after->lost_agents[0].missing, "a half");
  EXPECT_EQ(after->lost_agents[1].after, std::nullopt);
  ASSERT_EQ(after->metrics.size(), before.metrics.size());
  for (size_t i = 0; i < before.metrics.size(); ++i) {
    EXPECT_EQ(after->metrics[i].tags, before.metrics[i].tags);
    const Aggregate& mine = after->metrics[i].aggregate;
    if (mine.type() == MetricType::kTrend) {
      EXPECT_EQ(mine.trend().ToFolded(), before.metrics[i].aggregate.trend().ToFolded()) << i;
    } else {
      EXPECT_EQ(mine, before.metrics[i].aggregate) << i;
    }
  }
  EXPECT_EQ(after->metrics[3].thresholds[0].value, 12);
  EXPECT_EQ(after->metrics[3].thresholds[0].method, "p(95)");
  EXPECT_EQ(after->checks[0].fails, 2u);
  ASSERT_EQ(after->errors.size(), 1u);
  EXPECT_EQ(after->errors[0].error.name, "/a");
  EXPECT_EQ(after->errors[0].error.count, 7u);
  EXPECT_EQ(after->errors[0].error.first_unix_nanos, absl::ToUnixNanos(before.begin));
  EXPECT_EQ(after->errors[0].agents, before.errors[0].agents);
  EXPECT_EQ(after->folded_errors, 11u);
}

// As versions before the verdict have written them.
TEST(Result, WithoutAVerdictItCountsForItself) {
  RunResult before = Sample();
  before.metrics[2].key = "http_req_failed";  // {1, 0, 1}
  before.metrics[2].metric.name = before.metrics[2].key;
  before.errors.push_back(
      {{"Error: x", "SCRIPT", "s.js:1:2", 4, absl::ToUnixNanos(before.begin)}, {{"a", 4}}});
  nlohmann::json file = ResultToJson(before);
  file.erase("verdict");
  const absl::StatusOr<RunResult> after = ParseResult(file.dump());
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->verdict.word, VerdictWord::kFailed);
  EXPECT_EQ(after->verdict.thresholds.failed, 1u);
  EXPECT_EQ(after->verdict.thresholds.total, 1u);
  EXPECT_EQ(after->verdict.requests.failed, 2u);
  EXPECT_EQ(after->verdict.requests.total, 3u);
  EXPECT_EQ(after->verdict.checks.failed, 2u);
  EXPECT_EQ(after->verdict.checks.total, 7u);
  EXPECT_EQ(after->verdict.exceptions, 4u);
  EXPECT_EQ(after->verdict.others, 16u);  // 7 and 11 that are folded, of which 2 are the requests
  file["thresholdsOk"] = true;
  file["metrics"] = nlohmann::json::array();
  EXPECT_EQ(ParseResult(file.dump())->verdict.word, VerdictWord::kErrors);
}

// A histogram's buckets are 0.27 % wide.
TEST(Result, HasThePercentilesThatTheSummaryShows) {
  RunResult before = Sample();
  Trend& trend = before.metrics[3].aggregate.trend();
  for (int i = 1; i <= 100; ++i) {
    trend.Add(1000 + i);
  }
  const absl::StatusOr<RunResult> after = ParseResult(ResultToJson(before).dump());
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->metrics[3].Ranks(), before.metrics[3].Ranks());
  EXPECT_NE(after->metrics[3].aggregate.trend().Percentile(0.95), trend.Percentile(0.95));
  json stale = ResultToJson(before);
  stale["metrics"][3]["data"]["percentiles"]["95"] = 1;
  EXPECT_EQ(ParseResult(stale.dump())->metrics[3].Ranks()[2],
            after->metrics[3].aggregate.trend().Percentile(0.95))
      << "what is not the histogram's is not believed";
  json old = ResultToJson(before);
  old["metrics"][3]["data"].erase("percentiles");
  EXPECT_EQ(ParseResult(old.dump())->metrics[3].Ranks().size(), 4u);
  old["metrics"][3]["data"]["percentiles"] = {{"50", 1}, {"90", "x"}};
  EXPECT_THAT(std::string(ParseResult(old.dump()).status().message()),
              HasSubstr("$.metrics[3].data.percentiles.90"));
}

// What the file is for besides comparing: results of two runs can be added up.
TEST(Result, HoldsValuesThatMergeBitForBit) {
  Aggregate both(MetricType::kTrend);
  for (const char* half : {"first", "second"}) {
    RunResult result;
    Aggregate part(MetricType::kTrend);
    for (int i = 0; i < 10'000; ++i) {
      part.Add(0.1 * i + (half[0] == 'f' ? 0 : 0.05), absl::UnixEpoch());
    }
    result.metrics.push_back({.key = "tt",
                              .metric = {.name = "tt", .type = MetricType::kTrend},
                              .tags = {},
                              .aggregate = part,
                              .thresholds = {}});
    both.Merge(ParseResult(ResultToJson(result).dump())->metrics[0].aggregate);
  }
  Aggregate whole(MetricType::kTrend);
  for (int i = 0; i < 10'000; ++i) {
    whole.Add(0.1 * i, absl::UnixEpoch());
    whole.Add(0.1 * i + 0.05, absl::UnixEpoch());
  }
  EXPECT_EQ(both, whole);
}

TEST(Result, SaysWhatIsWrongWithAFile) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "is not a JSON object"},
      {"[1]", "is not a JSON object"},
      {"{}", "its \"schema\" should be \"lockstep.result/1\""},
      {R"({"schema":"lockstep.result/2"})", "should be"},
      {R"({"schema":"lockstep.result/1"})", "$.lockstep: is missing"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(std::string(ParseResult(text).status().message()), HasSubstr(message)) << text;
  }
  const std::pair<const char*, const char*> changes[] = {
      {"/durationMs", "$.durationMs"},
      {"/metrics/0/type", "$.metrics[0]"},
      {"/metrics/0/data/exactSum/limbs", "$.metrics[0].data.exactSum.limbs"},
      {"/metrics/2/data/trues", "$.metrics[2].data.trues"},
      {"/metrics/3/data/histogram/schema", "$.metrics[3].data.histogram.schema"},
      {"/metrics/3/data/histogram/positive/0", "$.metrics[3].data.histogram.positive"},
      {"/metrics/3/data/samples", "$.metrics[3].data.samples"},
      {"/errors/0/count", "$.errors[0].count"},
      {"/validity/verdict", "$.validity.verdict"},
      {"/verdict/word", "$.verdict.word"},
      {"/verdict/requests/failed", "$.verdict.requests.failed"},
      {"/errors/0/agents/b", "$.errors[0].agents.b"},
      {"/checks/0/passes", "$.checks[0].passes"},
  };
  for (const auto& [pointer, message] : changes) {
    json object = ResultToJson(Sample());
    object[json::json_pointer(pointer)] = "nonsense";
    EXPECT_THAT(std::string(ParseResult(object.dump()).status().message()), HasSubstr(message));
    object[json::json_pointer(pointer)] = -1;
    EXPECT_FALSE(ParseResult(object.dump()).ok()) << pointer;
  }
}

TEST(Result, KeepsMetricsWithSamplesOrThresholdsOnly) {
  AggregateStore store;
  const absl::StatusOr<ThresholdSet> thresholds =
      ThresholdSet::Create({{"http_req_failed", {{"rate<1"}}}}, store.metrics());
  ASSERT_TRUE(store.Merge(VusBatch(absl::UnixEpoch(), 1, 2, {})).ok());
  const RunResult result =
      MakeResult(store, BuildSummary(store, *thresholds, {}, absl::Seconds(1)));
  ASSERT_EQ(result.metrics.size(), 3u);
  EXPECT_EQ(result.metrics[0].key, "http_req_failed");
  EXPECT_EQ(result.metrics[0].thresholds[0].expression, "rate<1");
  EXPECT_EQ(result.metrics[1].key, "vus");
}

History SampleHistory() {
  History history;
  history.step_s = 2;
  history.points = 2;
  history.columns = {{"requests", {0.1234567, kNoValue}}, {"vus", {123456789, 0}}};
  history.heat = {{{-3, 5}, {27, 1}}, {}};
  history.metrics = {{.name = "waits",
                      .type = MetricType::kTrend,
                      .contains = ValueType::kTime,
                      .columns = {{"p95", {1, 2}}}}};
  history.folded_metrics = 4;
  history.agents = {
      {.name = "a", .type = {}, .contains = {}, .columns = {{"cpu", {0.5, kNoValue}}}}};
  history.folded_agents = 2;
  history.requests = {{"HTTP", "GET", "/x", 12, 3, 1.5, 1, 2, 3, 4}};
  history.folded_names = 9;
  history.thresholds = {{"http_reqs", "rate>5", {{1, 2.5}, {7, 8}}}};
  history.scenarios = {{"s", "constant-vus", "done", 5, 1, 2, 0.25}};
  history.environment = {{"system", "Linux"}};
  history.options_json = R"({"vus":3})";
  history.log = {{-1.5, "info", "a <b>"}};
  history.dropped_log_lines = 6;
  return history;
}

TEST(Result, ItsHistoryComesBackWithFiveDigits) {
  RunResult before = Sample();
  before.history = SampleHistory();
  const absl::StatusOr<RunResult> after = ParseResult(ResultToJson(before).dump());
  ASSERT_TRUE(after.ok()) << after.status();
  ASSERT_TRUE(after->history.has_value());
  EXPECT_EQ(after->history->columns[0].name, "requests");
  EXPECT_EQ(after->history->columns[0].values[0], 0.12346);
  EXPECT_TRUE(std::isnan(after->history->columns[0].values[1]));
  EXPECT_EQ(after->history->columns[1].values[0], 123456789);  // integers are exact
  EXPECT_EQ(after->history->log[0].text, "a <b>");
  EXPECT_EQ(after->history->options_json, R"({"vus":3})");
  // What is read is written as it was read.
  EXPECT_EQ(HistoryToJson(*after->history), HistoryToJson(*before.history));
}

TEST(Result, AHistoryThatDoesNotFitIsNamedByItsPath) {
  RunResult result = Sample();
  result.history = SampleHistory();
  const json good = ResultToJson(result);
  const auto error = [&good](const std::string& pointer, const json& value) {
    json bad = good;
    bad[json::json_pointer(pointer)] = value;
    return std::string(ParseResult(bad.dump()).status().message());
  };
  EXPECT_EQ(error("/history", 1), "$.history: is not an object");
  EXPECT_EQ(error("/history/points", 3), "$.history.columns.requests: is not a list of 3 values");
  EXPECT_EQ(error("/history/points", 100'001),
            "$.history: has more than 100000 points, or a step that is not above 0");
  EXPECT_EQ(error("/history/columns/vus/0", "x"),
            "$.history.columns.vus: has something that is not a number");
  EXPECT_EQ(error("/history/heat/0", json::array({1})),
            "$.history.heat[0]: is not a list of indices and counts");
  EXPECT_EQ(error("/history/heat", json::array()),
            "$.history.heat: has not one entry for each point");
  EXPECT_EQ(error("/history/metrics/0/type", "x"),
            "$.history.metrics[0]: has an unknown type or unit");
  EXPECT_EQ(error("/history/requests/0/count", -1),
            "$.history.requests[0].count: is not an integer from 0 on");
  EXPECT_EQ(error("/history/thresholds/0/failing/0", 1),
            "$.history.thresholds[0].failing[0]: is no [from, to]");
}

}  // namespace
}  // namespace lockstep
