#include "common/summary/summary.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/metrics/batch.h"
#include "tests/support/golden.h"

namespace lockstep {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr MetricType kC = MetricType::kCounter, kG = MetricType::kGauge, kR = MetricType::kRate,
                     kT = MetricType::kTrend;

// A store that is filled sample by sample, as one agent would.
class Recorder {
 public:
  explicit Recorder(SummaryMode mode = SummaryMode::kCompact)
      : store_({.breakdown_tags = BreakdownTags(mode)}) {}

  Recorder& Thresholds(const std::map<std::string, std::vector<ThresholdConfig>>& config) {
    absl::StatusOr<ThresholdSet> set = ThresholdSet::Create(config, store_.metrics());
    EXPECT_TRUE(set.ok()) << set.status();
    thresholds_ = *std::move(set);
    EXPECT_TRUE(thresholds_.Register(&store_).ok());
    return *this;
  }
  Recorder& Define(const char* name, MetricType type, ValueType contains = ValueType::kDefault) {
    EXPECT_TRUE(store_.Define(name, type, contains).ok());
    return *this;
  }
  Recorder& Add(const char* name, const std::vector<double>& values, const TagList& tags = {}) {
    const Metric& metric = store_.metrics().Get(*store_.metrics().Find(name));
    Batch batch;
    batch.metrics = {metric};
    batch.tag_sets = {tags};
    Aggregate aggregate(metric.type);
    for (double value : values) {
      aggregate.Add(value, absl::FromUnixNanos(++clock_));
    }
    batch.series.push_back(
        {.first_seen = {.unix_nanos = ++clock_, .ordinal = 0}, .aggregate = std::move(aggregate)});
    EXPECT_TRUE(store_.Merge(batch).ok());
    return *this;
  }
  Summary Build(absl::Duration duration, SummaryConfig config = {}) {
    thresholds_.EvaluateFinal(store_, duration);
    return BuildSummary(store_, thresholds_, std::move(config), duration);
  }

 private:
  AggregateStore store_;
  ThresholdSet thresholds_;
  int64_t clock_ = 0;
};

std::vector<double> Repeat(double value, size_t times) {
  return std::vector<double>(times, value);
}

std::vector<double> Concat(std::vector<double> a, const std::vector<double>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// The conformance cases summary/*: eight iterations with the numbers 1 to 8.
Recorder KnownMetrics() {
  Recorder recorder;
  recorder.Define("k_cnt", kC)
      .Define("k_gau", kG)
      .Define("k_rat", kR)
      .Define("k_tre", kT)
      .Define("k_tim", kT, ValueType::kTime);
  return recorder;
}
void AddKnown(Recorder* recorder) {
  for (int n = 1; n <= 8; ++n) {
    recorder->Add("k_cnt", {double(n)})
        .Add("k_gau", {double(n)})
        .Add("k_rat", {double(n % 4 == 0)});
    recorder->Add("k_tre", {double(n)}).Add("k_tim", {n * 123.456});
  }
  recorder->Add("iterations", Repeat(1, 8)).Add("iteration_duration", Repeat(0.25, 8));
}

TEST(SummaryText, ShowsKnownMetricsAsK6Does) {
  Recorder recorder = KnownMetrics();
  AddKnown(&recorder);
  ExpectGolden("summary/known_metrics.txt", RenderText(recorder.Build(absl::Seconds(2)), {}));
}

TEST(SummaryText, ShowsThresholdsAboveTheResults) {
  Recorder recorder = KnownMetrics();
  recorder.Thresholds({{"k_tre", {{"avg<5"}, {"p(95)<7"}}},
                       {"k_cnt", {{"count>100"}, {"rate>1"}}},
                       {"k_rat", {{"rate<0.3"}}},
                       {"k_cnt{k:v}", {{"count>=0"}}},
                       {"k_tim{k:v}", {{"p(99)<500"}}}});
  AddKnown(&recorder);
  const Summary summary = recorder.Build(absl::Seconds(2));
  EXPECT_FALSE(summary.thresholds_ok);
  ExpectGolden("summary/thresholds.txt", RenderText(summary, {}));
}

// Nearly a summary that k6 2.2.0 has printed: all sections, one failing check, requests.
Recorder HttpRun(bool failures, SummaryMode mode = SummaryMode::kCompact) {
  Recorder r(mode);
  r.Define("my_bytes", kC, ValueType::kData);
  r.Add("my_bytes", {1000});
  const TagList ok = {{"expected_response", "true"}, {"scenario", "default"}};
  r.Add("http_reqs", Repeat(1, 98), ok).Add("http_req_duration", {60, 120, 180}, ok);
  r.Add("http_req_failed", Repeat(0, 98), ok).Add("http_req_blocked", {0.0005, 0.5}, ok);
  if (failures) {
    const TagList bad = {{"expected_response", "false"}, {"scenario", "default"}};
    r.Add("http_reqs", {1, 1}, bad)
        .Add("http_req_duration", {900.5, 1110}, bad)
        .Add("http_req_failed", {1, 1}, bad);
    r.Add("http_reqs_errors", {1, 1}, bad).Add("http_req_duration_errors", {900.5, 1110}, bad);
  }
  const TagList in_group = {
      {"check", "status is 200"}, {"group", "::front::page"}, {"scenario", "default"}};
  r.Add("checks", Repeat(1, 100), in_group);
  r.Add("checks", Concat(Repeat(1, 99), {0}), {{"check", "body ok"}, {"scenario", "default"}});
  r.Add("group_duration", {30, 50}, {{"group", "::front::page"}, {"scenario", "default"}});
  r.Add("dropped_iterations", {3})
      .Add("iterations", Repeat(1, 50))
      .Add("iteration_duration", {561.7, 1010, 10110});
  r.Add("vus", {1, 10, 1})
      .Add("vus_max", {10})
      .Add("data_received", {1'234'567})
      .Add("data_sent", {12'345});
  return r;
}

TEST(SummaryText, ShowsSuccessesAndErrorsSideBySide) {
  ExpectGolden("summary/http_failures.txt", RenderText(HttpRun(true).Build(absl::Seconds(10)), {}));
}

TEST(SummaryText, KeepsK6sRowsWhileNothingFails) {
  const std::string text = RenderText(HttpRun(false).Build(absl::Seconds(10)), {});
  EXPECT_THAT(text, Not(HasSubstr("expected_response:false")));
  EXPECT_THAT(text, Not(HasSubstr("_errors")));
  EXPECT_THAT(text, HasSubstr("      { expected_response:true }...: avg=120ms"));
}

TEST(SummaryText, AddsGroupsAndScenariosInTheFullMode) {
  ExpectGolden("summary/full.txt",
               RenderText(HttpRun(true, SummaryMode::kFull).Build(absl::Seconds(10)),
                          {.mode = SummaryMode::kFull}));
}

TEST(SummaryText, CountsChecksOfOneNameTogetherWhereTheFirstWasSeen) {
  Recorder recorder;
  recorder.Add("checks", {1, 1}, {{"check", "same"}, {"group", "::a"}})
      .Add("checks", {1}, {{"check", "other"}})
      .Add("checks", {1, 1, 0, 0}, {{"check", "same"}, {"group", "::b"}});
  const std::string text = RenderText(recorder.Build(absl::Seconds(1)), {});
  EXPECT_THAT(text, HasSubstr("checks_total.......: 7      7/s\n"));
  EXPECT_THAT(text, HasSubstr("\n\n    ✗ same\n      ↳  66% — ✓ 4 / ✗ 2\n    ✓ other\n\n"));
}

TEST(SummaryText, ShowsChecksAndRatesThatAThresholdWantsWithoutSamples) {
  Recorder recorder;
  recorder.Thresholds({{"checks", {{"rate>0.9"}}}, {"http_req_failed", {{"rate<0.1"}}}});
  const std::string text = RenderText(recorder.Build(absl::Seconds(1)), {});
  EXPECT_THAT(text,
              HasSubstr("    checks\n    ✓ 'rate>0.9' rate=0.00%\n    ! there was no sample\n"));
  EXPECT_THAT(text, HasSubstr("    http_req_failed\n    ✓ 'rate<0.1' rate=0.00%\n"
                              "    ! there was no sample\n"));
  EXPECT_THAT(text, HasSubstr("\n\n    checks_total.......: 0     0/s\n"
                              "    checks_succeeded...: 0.00% 0 out of 0\n"
                              "    checks_failed......: 0.00% 0 out of 0\n\n    HTTP\n"));
  EXPECT_THAT(RenderText(Recorder().Build(absl::Seconds(1)), {}), Not(HasSubstr("checks")));
}

TEST(SummaryText, NamesSubmetricsWithoutSamples) {
  Recorder recorder;
  recorder.Thresholds({{"http_reqs", {{"count>=0"}}},
                       {"http_reqs{name:typo}", {{"count>=0"}}},
                       {"iterations{a:b}", {{"count>0"}}}});
  recorder.Add("iterations", {1}, {{"a", "b"}});
  const std::string text = RenderText(recorder.Build(absl::Seconds(1)), {});
  EXPECT_THAT(text, HasSubstr("      {name:typo}\n      ✓ 'count>=0' count=0\n"
                              "      ! no sample had these tags\n\n"));
  EXPECT_EQ(text.find("no sample"), text.rfind("no sample"));
}

TEST(SummaryText, ShowsSubmetricsWithoutSamplesBelowTheirOwnParent) {
  Recorder recorder;
  recorder.Define("nodata", kC).Define("gt", kC).Thresholds({{"nodata{a:b}", {{"count<1"}}}});
  recorder.Add("gt", {1});
  const Summary summary = recorder.Build(absl::Seconds(1));
  EXPECT_THAT(RenderText(summary, {}), HasSubstr("    gt..............: 1   1/s\n"
                                                 "    nodata..........: 0   0/s\n"
                                                 "      { a:b }.......: 0   0/s\n"));
  EXPECT_EQ(HandleSummaryData(summary, {})["metrics"]["nodata"]["values"]["count"], 0);
  EXPECT_EQ(SummaryExport(summary)["metrics"]["nodata"]["count"], 0);
}

// A run in which all failed must not show durations of successes.
TEST(SummaryText, HasNoRowOfSuccessesWhenNothingSucceeded) {
  Recorder recorder;
  recorder.Add("http_req_duration", {5, 7}, {{"expected_response", "false"}});
  const Summary summary = recorder.Build(absl::Seconds(1));
  const std::string text = RenderText(summary, {});
  EXPECT_THAT(text, Not(HasSubstr("expected_response:true")));
  EXPECT_THAT(text, HasSubstr("{ expected_response:false }...: avg=6ms"));
  EXPECT_FALSE(HandleSummaryData(summary, {})["metrics"].contains(
      "http_req_duration{expected_response:true}"));
}

TEST(SummaryText, HasNoRowOfSuccessesWithoutTheSystemTag) {
  Recorder recorder;
  recorder.Add("http_req_duration", {5, 7});
  const std::string text = RenderText(recorder.Build(absl::Seconds(1)), {});
  EXPECT_THAT(text, HasSubstr("http_req_duration...: avg=6ms"));
  EXPECT_THAT(text, Not(HasSubstr("expected_response")));
}

TEST(SummaryText, SortsAScriptsMetricsIntoTopicsByTheirNames) {
  Recorder recorder;
  for (const char* name : {"Zeta", "alpha", "_u", "http_req_duration_mine", "iterations_mine",
                           "vus_mine", "data_sent_mine", "grpc_mine", "ws_mine", "browser_mine"}) {
    recorder.Define(name, kC).Add(name, {1});
  }
  recorder.Add("group_duration", {1}, {{"group", "::g"}});
  for (SummaryMode mode : {SummaryMode::kCompact, SummaryMode::kFull}) {
    std::vector<std::string> order;
    std::istringstream text(RenderText(recorder.Build(absl::Seconds(1)), {.mode = mode}));
    for (std::string line; std::getline(text, line) && line.find("GROUP:") == std::string::npos;) {
      if (line.rfind("    ", 0) == 0) {
        order.push_back(line.substr(
            4, line.find('.') == std::string::npos ? std::string::npos : line.find('.') - 4));
      }
    }
    EXPECT_THAT(order,
                ElementsAre("CUSTOM", "_u", "alpha", "Zeta", "HTTP", "http_req_duration_mine",
                            "EXECUTION", "iterations_mine", "vus_mine", "NETWORK", "data_received",
                            "data_sent", "data_sent_mine", "BROWSER", "browser_mine", "GRPC",
                            "grpc_mine", "WEBSOCKET", "ws_mine"));
  }
}

TEST(SummaryText, TrimsTheTagsOfSubmetrics) {
  Recorder recorder;
  recorder.Thresholds({{"iterations{ scenario:default }", {{"count>0"}}},
                       {"iterations{scenario:default}", {{"count<9"}}}});
  recorder.Add("iterations", {1}, {{"scenario", "default"}});
  const Summary summary = recorder.Build(absl::Seconds(1));
  const std::string text = RenderText(summary, {});
  EXPECT_THAT(text, HasSubstr("    iterations{scenario:default}\n    ✓ 'count>0' count=1\n"
                              "    ✓ 'count<9' count=1\n\n"));
  EXPECT_THAT(text, HasSubstr("\n      { scenario:default }...: 1   1/s\n"));
  EXPECT_TRUE(HandleSummaryData(summary, {})["metrics"].contains("iterations{scenario:default}"));
}

// Scenarios as declared, groups as first seen, each block with columns of its own.
TEST(SummaryText, NestsGroupsInEachOtherAndInTheirScenarios) {
  Recorder recorder(SummaryMode::kFull);
  const auto tags = [](const char* scenario, const char* group) {
    return TagList{{"group", group}, {"scenario", scenario}};
  };
  recorder.Define("cc", kC);
  recorder.Add("cc", {1}, {{"group", "::setup"}}).Add("cc", {1}, {{"group", "::teardown"}});
  for (const char* group : {"::z", "::a", "::a::in"}) {
    recorder.Add("cc", {1}, tags("default", group))
        .Add("group_duration", {1}, tags("default", group));
  }
  recorder.Add("cc", {1000}, tags("alpha", "::z"))
      .Add("group_duration", {1}, tags("alpha", "::z"))
      .Add("iteration_duration", {2}, tags("zulu", ""));
  const std::string text =
      RenderText(recorder.Build(absl::Seconds(1), {.scenarios = {"zulu", "default", "alpha"}}),
                 {.mode = SummaryMode::kFull});
  EXPECT_EQ(text.substr(text.find("  █ GROUP")), R"(  █ GROUP: z 

    CUSTOM
    cc...: 1 1/s

  █ GROUP: a 

    CUSTOM
    cc...: 1 1/s

    ↳ GROUP: in 

      CUSTOM
      cc...: 1 1/s

  █ SCENARIO: zulu 

    EXECUTION
    iteration_duration...: avg=2ms min=2ms med=2ms max=2ms p(90)=2ms p(95)=2ms

  █ SCENARIO: alpha 

    CUSTOM
    cc...: 1000 1000/s

    ↳ GROUP: z 

      CUSTOM
      cc...: 1000 1000/s

)");
}

TEST(SummaryText, IsTheSameTextUnderItsColors) {
  const Summary summary = HttpRun(true).Build(absl::Seconds(10));
  std::string colored = RenderText(summary, {.color = true});
  EXPECT_THAT(colored, HasSubstr("\x1b[32m✓"));
  EXPECT_THAT(colored, HasSubstr("\x1b[31m✗"));
  for (size_t at = colored.find('\x1b'); at != std::string::npos; at = colored.find('\x1b')) {
    colored.erase(at, colored.find('m', at) - at + 1);
  }
  EXPECT_EQ(colored, RenderText(summary, {}));
}

TEST(SummaryText, IsEmptyWhenDisabledAndShortWithoutSamples) {
  Recorder recorder;
  const Summary summary = recorder.Build(absl::Seconds(1));
  EXPECT_EQ(RenderText(summary, {.mode = SummaryMode::kDisabled}), "");
  EXPECT_EQ(RenderText(summary, {}), "\n  █ TOTAL RESULTS \n\n");
}

TEST(SummaryText, UsesTheStatisticsAndTheUnitThatWereAskedFor) {
  Recorder recorder = KnownMetrics();
  AddKnown(&recorder);
  const std::string text = RenderText(
      recorder.Build(absl::Seconds(2), {.trend_stats = {"p(99)", "count"}, .time_unit = "us"}), {});
  // 7.93 * 123.456 ms
  EXPECT_THAT(text, HasSubstr("k_tim................: p(99)=979006.08µs count=8\n"));
}

// 0.95 * 7 is 6.6499999999999995 in doubles, so the 95th percentile of 1 to 8
// is 7.6499999999999995, in k6 too.
TEST(HandleSummaryData, HasK6sShape) {
  Recorder recorder = KnownMetrics();
  recorder.Thresholds({{"k_tre", {{"avg<5"}, {"avg>5"}}}, {"k_cnt{k:none}", {{"count==0"}}}});
  AddKnown(&recorder);
  const json data =
      HandleSummaryData(recorder.Build(absl::Milliseconds(1500)),
                        {.stdout_is_tty = true, .setup_data_json = R"json({"a":1})json"});
  EXPECT_EQ(
      data["metrics"]["k_tre"],
      json::parse(
          R"json({"type": "trend", "contains": "default", "values": {"avg": 4.5, "min": 1, "med": 4.5, "max": 8, "p(90)": 7.3, "p(95)": 7.6499999999999995}, "thresholds": {"avg<5": {"ok": true}, "avg>5": {"ok": false}}})json"));
  EXPECT_EQ(data["metrics"]["k_gau"]["values"],
            json::parse(R"json({"value": 8, "min": 1, "max": 8})json"));
  EXPECT_EQ(data["metrics"]["k_rat"]["values"],
            json::parse(R"json({"rate": 0.25, "passes": 2, "fails": 6})json"));
  EXPECT_EQ(data["metrics"]["k_cnt"]["values"],
            json::parse(R"json({"count": 36, "rate": 24})json"));
  EXPECT_EQ(data["metrics"]["k_cnt{k:none}"]["values"]["count"], 0);
  EXPECT_FALSE(data["metrics"].contains("http_reqs"));
  EXPECT_FALSE(data["metrics"].contains("vus"));
  EXPECT_EQ(
      data["options"],
      json::parse(
          R"json({"summaryTrendStats": ["avg", "min", "med", "max", "p(90)", "p(95)"], "summaryTimeUnit": "", "noColor": false})json"));
  EXPECT_EQ(
      data["state"],
      json::parse(
          R"json({"isStdOutTTY": true, "isStdErrTTY": false, "testRunDurationMs": 1500})json"));
  EXPECT_EQ(data["setup_data"], json::parse(R"json({"a": 1})json"));
}

TEST(HandleSummaryData, LeavesTheRowOfFailuresToTheText) {
  const json metrics = HandleSummaryData(HttpRun(true).Build(absl::Seconds(10)), {})["metrics"];
  EXPECT_TRUE(metrics.contains("http_req_duration{expected_response:true}"));
  EXPECT_FALSE(metrics.contains("http_req_duration{expected_response:false}"));
  EXPECT_FALSE(metrics.contains("http_reqs_errors"));
  EXPECT_FALSE(metrics.contains("http_req_duration_errors"));
}

TEST(HandleSummaryData, HasTheMetricsOfErrorsThatWereAskedFor) {
  const json by_option = HandleSummaryData(
      HttpRun(true).Build(absl::Seconds(10), {.http_errors = true}), {})["metrics"];
  EXPECT_EQ(by_option["http_reqs_errors"]["values"]["count"], 2);
  EXPECT_EQ(by_option["http_req_duration_errors"]["values"]["max"], 1110);
  Recorder recorder;
  recorder.Thresholds({{"http_reqs_errors", {{"count<9"}}}}).Add("http_reqs_errors", {1, 1});
  const json by_threshold = HandleSummaryData(recorder.Build(absl::Seconds(1)), {})["metrics"];
  EXPECT_EQ(by_threshold["http_reqs_errors"]["values"]["count"], 2);
}

// With `httpErrors` they may be other requests than those that went against expectation.
TEST(SummaryText, KeepsTheRowOfFailuresWhereErrorsAreOthers) {
  Recorder recorder;
  recorder.Add("http_req_duration", {5, 7}, {{"expected_response", "false"}})
      .Add("http_req_duration_errors", {7});
  EXPECT_THAT(RenderText(recorder.Build(absl::Seconds(1)), {}),
              HasSubstr("{ expected_response:false }...: avg=6ms"));
}

TEST(HandleSummaryData, KeepsGroupsAndChecksInTheOrderInWhichTheyWereSeen) {
  Recorder recorder;
  const auto check = [](const char* name, const char* group) {
    return TagList{{"check", name}, {"group", group}};
  };
  recorder.Add("checks", {1}, check("a", "")).Add("checks", {0}, check("b", ""));
  recorder.Add("group_duration", {1}, {{"group", "::g1::g2"}})
      .Add("checks", {1}, check("a", "::g1"));
  recorder.Add("group_duration", {1}, {{"group", "::g1"}})
      .Add("group_duration", {1}, {{"group", "::g0"}});
  recorder.Add("checks", {0}, check("throws", ""))
      .Add("checks", {1}, check("after", ""))
      .Add("checks", {1}, check("a", ""));
  const json root = HandleSummaryData(recorder.Build(absl::Seconds(1)), {})["root_group"];
  std::vector<std::string> names;
  for (const json& each : root["checks"]) {
    names.push_back(each["name"]);
  }
  EXPECT_THAT(names, ElementsAre("a", "b", "throws", "after"));
  EXPECT_EQ(root["path"], "");
  EXPECT_EQ(root["id"], "d41d8cd98f00b204e9800998ecf8427e");  // MD5 of nothing
  ASSERT_EQ(root["groups"].size(), 2u);
  EXPECT_EQ(root["groups"][0]["name"], "g1");
  EXPECT_EQ(root["groups"][0]["groups"][0]["path"], "::g1::g2");
  EXPECT_EQ(root["groups"][0]["checks"][0]["path"], "::g1::a");
  EXPECT_EQ(root["groups"][1]["name"], "g0");
  EXPECT_EQ(root["checks"][0]["passes"], 2);
  EXPECT_EQ(root["checks"][1]["fails"], 1);
}

TEST(SummaryExport, HasTheOlderShapeInWhichTrueMeansFailed) {
  Recorder recorder = KnownMetrics();
  recorder.Thresholds({{"k_tre", {{"avg<5"}, {"avg>5"}}}});
  AddKnown(&recorder);
  recorder.Add("checks", {1}, {{"check", "c"}, {"group", "::g"}});
  const json data = SummaryExport(recorder.Build(absl::Seconds(2)));
  EXPECT_EQ(
      data["metrics"]["k_tre"],
      json::parse(
          R"json({"avg": 4.5, "min": 1, "med": 4.5, "max": 8, "p(90)": 7.3, "p(95)": 7.6499999999999995, "thresholds": {"avg<5": false, "avg>5": true}})json"));
  EXPECT_EQ(data["metrics"]["k_rat"],
            json::parse(R"json({"value": 0.25, "passes": 2, "fails": 6})json"));
  EXPECT_EQ(data.size(), 2u);
  EXPECT_EQ(data["root_group"]["groups"]["g"]["checks"]["c"]["passes"], 1);
}

}  // namespace
}  // namespace lockstep
