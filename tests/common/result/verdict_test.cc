#include "common/result/verdict.h"

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/display_width.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

SummaryMetric Metric(const char* key, MetricType type,
                     std::vector<std::pair<std::string, double>> values, int failed = 0,
                     int passed = 0) {
  SummaryMetric metric;
  metric.key = key;
  metric.type = type;
  metric.values = std::move(values);
  for (int i = 0; i < failed + passed; ++i) {
    metric.thresholds.push_back({.expression = "x", .method = "x", .ok = i >= failed, .value = {}});
  }
  return metric;
}

// 648 of 864 requests failed, in three ways.
Summary AllBroken() {
  Summary summary;
  summary.metrics = {Metric("http_req_duration", MetricType::kTrend, {}, 1, 3),
                     Metric("http_req_failed", MetricType::kRate,
                            {{"rate", 0.75}, {"passes", 648}, {"fails", 216}}, 1, 0),
                     Metric("iterations", MetricType::kCounter, {{"count", 216}, {"rate", 7}})};
  summary.errors = {
      {{"500", "GET", "http://127.0.0.1:8080/status/500", 216, 5}, {{"agent-1", 216}}},
      {{"dial: connection refused", "GET", "http://127.0.0.1:1/", 216, 6}, {{"agent-1", 216}}},
      {{"404", "POST", "http://127.0.0.1:8080/absent", 216, 7}, {{"agent-1", 216}}},
  };
  return summary;
}

Summary NothingFailed() {
  Summary summary;
  summary.metrics = {
      Metric("http_req_failed", MetricType::kRate, {{"rate", 0}, {"passes", 0}, {"fails", 864}}),
      Metric("http_reqs", MetricType::kCounter, {{"count", 864}, {"rate", 86}})};
  return summary;
}

std::string Block(const Summary& summary, ExitCode code, const VerdictLook& look = {},
                  const Judgement& judgement = {}) {
  return RenderVerdict(MakeVerdict(summary, judgement, code, "why it ended\nand its stack"),
                       summary, look);
}

TEST(Verdict, SaysWhatFailedHowOftenAndWhere) {
  EXPECT_EQ(Block(AllBroken(), ExitCode::kThresholdsHaveFailed),
            "FAILED   2 of 5 thresholds \u00b7 648 of 864 requests failed (75%)\n"
            "  216 x 500                        GET   /status/500\n"
            "  216 x dial: connection refused   GET   127.0.0.1:1\n"
            "  216 x 404                        POST  /absent\n"
            "load generator: steady\n");
}

TEST(Verdict, IsQuietWhereNothingFailed) {
  EXPECT_EQ(Block(NothingFailed(), ExitCode::kSuccess),
            "DONE     864 requests\n"
            "load generator: steady\n");
  Summary judged = NothingFailed();
  judged.metrics[0].thresholds = {{.expression = "rate<0.1", .method = "rate", .value = {}}};
  judged.root.checks = {{.name = "ok", .path = "::ok", .first_seen = {}, .passes = 4, .fails = 0}};
  EXPECT_EQ(Block(judged, ExitCode::kSuccess),
            "PASSED   1 threshold \u00b7 864 requests \u00b7 4 checks\n"
            "load generator: steady\n");
}

// Such thresholds say nothing about what failed.
TEST(Verdict, IsNotPassedByThresholdsWithoutSamples) {
  Summary summary = NothingFailed();
  summary.metrics.push_back(Metric("custom", MetricType::kTrend, {}, 0, 2));
  summary.metrics.back().empty = true;
  EXPECT_THAT(Block(summary, ExitCode::kSuccess),
              HasSubstr("DONE     2 thresholds without samples \u00b7 864 requests\n"));
  summary.errors = {{{"Error: a", std::string(kScriptMethod), "a.js:1:2", 6, 1}, {}}};
  EXPECT_THAT(
      Block(summary, ExitCode::kSuccess),
      HasSubstr(
          "ERRORS   2 thresholds without samples \u00b7 864 requests \u00b7 6 script exceptions\n"));
  summary.metrics[0].thresholds = {{.expression = "rate<0.1", .method = "rate", .value = {}}};
  EXPECT_THAT(Block(summary, ExitCode::kSuccess),
              HasSubstr("PASSED   3 thresholds (2 without samples) \u00b7 864 requests"));
}

// What a server that hangs has not answered is not a failed request, and in no metric.
TEST(Verdict, SaysThatIterationsWereCut) {
  Summary summary = NothingFailed();
  summary.interrupted = 3;
  EXPECT_THAT(Block(summary, ExitCode::kSuccess),
              HasSubstr("DONE     864 requests \u00b7 3 interrupted iterations\n"));
  EXPECT_EQ(VerdictJson(MakeVerdict(summary, {}, ExitCode::kSuccess, ""))["interrupted"], 3);
  EXPECT_FALSE(VerdictJson(MakeVerdict(NothingFailed(), {}, ExitCode::kSuccess, ""))
                   .contains("interrupted"));
  summary.metrics.clear();
  summary.interrupted = 1;
  EXPECT_THAT(Block(summary, ExitCode::kSuccess),
              HasSubstr("DONE     0 iterations \u00b7 1 interrupted iteration\n"));
}

TEST(Verdict, IsNotPassedByThresholdsThatSayNothingOfFailures) {
  const auto verdict_with = [](const char* key, MetricType type, bool builtin, const char* parent) {
    Summary summary = AllBroken();
    for (SummaryMetric& metric : summary.metrics) {
      metric.thresholds.clear();
    }
    SummaryMetric judged = Metric(key, type, {}, 0, 1);
    judged.builtin = builtin;
    judged.parent = parent;
    summary.metrics.push_back(judged);
    return MakeVerdict(summary, {}, ExitCode::kSuccess, "").word;
  };
  for (const auto& [key, type] : {std::pair{"http_req_duration", MetricType::kTrend},
                                  {"http_reqs", MetricType::kCounter},
                                  {"iterations", MetricType::kCounter},
                                  {"vus", MetricType::kGauge}}) {
    EXPECT_EQ(verdict_with(key, type, true, ""), VerdictWord::kErrors) << key;
  }
  EXPECT_EQ(verdict_with("login_time", MetricType::kTrend, false, ""), VerdictWord::kErrors);
  EXPECT_EQ(verdict_with("http_req_failed", MetricType::kRate, true, ""), VerdictWord::kPassed);
  EXPECT_EQ(verdict_with("http_reqs_errors", MetricType::kCounter, true, ""), VerdictWord::kPassed);
  EXPECT_EQ(verdict_with("http_reqs{status:500}", MetricType::kCounter, true, "http_reqs"),
            VerdictWord::kPassed);
  EXPECT_EQ(verdict_with("failed_logins", MetricType::kCounter, false, ""), VerdictWord::kPassed);
}

TEST(Verdict, HasAWordForEveryEnd) {
  Summary judged = NothingFailed();
  judged.metrics[0].thresholds = {{.expression = "rate<1", .method = "rate", .value = {}}};
  Summary broken = AllBroken();
  for (SummaryMetric& metric : broken.metrics) {
    metric.thresholds.clear();
  }
  Summary checks = NothingFailed();
  checks.root.checks = {{.name = "c", .path = "::c", .first_seen = {}, .passes = 4, .fails = 1}};
  Summary threw = NothingFailed();
  threw.errors = {{{"Error: a", std::string(kScriptMethod), "a.js:1:2", 3, 1}, {}}};
  Summary calls = NothingFailed();
  calls.errors = {{{"UNAVAILABLE", "GRPC", "/a.B/C", 2, 1}, {}}};
  const struct {
    const Summary& summary;
    ExitCode code;
    const char* head;
  } cases[] = {
      {broken, ExitCode::kSuccess, "ERRORS   648 of 864 requests failed (75%)\n"},
      {checks, ExitCode::kSuccess, "ERRORS   864 requests \u00b7 1 of 5 checks failed\n"},
      {threw, ExitCode::kSuccess, "ERRORS   864 requests \u00b7 3 script exceptions\n"},
      {calls, ExitCode::kSuccess, "ERRORS   864 requests \u00b7 2 other failures\n"},
      {judged, ExitCode::kExternalAbort, "INTERRUPTED  1 threshold \u00b7 864 requests\n"},
      {judged, ExitCode::kScriptStoppedFromRestApi, "STOPPED  1 threshold \u00b7 864 requests\n"},
      {judged, ExitCode::kScriptAborted, "ABORTED  why it ended \u00b7 1 threshold"},
      {judged, ExitCode::kMarkedAsFailed, "FAILED   why it ended \u00b7 1 threshold"},
      {judged, ExitCode::kOther, "FAILED   why it ended \u00b7 1 threshold"},
      {AllBroken(), ExitCode::kExternalAbort,
       "INTERRUPTED  2 of 5 thresholds failed \u00b7 648 of"},
      {Summary(), ExitCode::kSuccess, "DONE     0 iterations\n"},
  };
  for (const auto& each : cases) {
    EXPECT_THAT(Block(each.summary, each.code), ::testing::StartsWith(each.head));
  }
}

TEST(Verdict, CountsAsTheMetricOfErrorsUnlessThatFollowsTheOption) {
  Summary summary;
  summary.metrics = {
      Metric("http_req_failed", MetricType::kRate, {{"rate", 0}, {"passes", 1}, {"fails", 2}}),
      Metric("http_reqs", MetricType::kCounter, {{"count", 7}, {"rate", 86}}),
      Metric("http_reqs_errors", MetricType::kCounter, {{"count", 4}, {"rate", 1}})};
  EXPECT_THAT(Block(summary, ExitCode::kSuccess), HasSubstr("4 of 7 requests failed"));
  summary.config.http_errors = true;
  EXPECT_THAT(Block(summary, ExitCode::kSuccess), HasSubstr("1 of 7 requests failed"));
}

TEST(Verdict, SharesAreNeverRoundedToNoneOrAll) {
  const struct {
    double failed, fine;
    const char* text;
  } cases[] = {{1, 99999, "(less than 0.1%)"},
               {999, 1, "(99%)"},
               {1, 0, "1 of 1 request failed (100%)"},
               {12, 988, "(1.2%)"}};
  for (const auto& each : cases) {
    Summary summary;
    summary.metrics = {Metric("http_req_failed", MetricType::kRate,
                              {{"passes", each.failed}, {"fails", each.fine}})};
    EXPECT_THAT(Block(summary, ExitCode::kSuccess), HasSubstr(each.text));
  }
}

TEST(Verdict, NamesAgentsWhereNotAllHadTheErrorAndHostsWhereSeveralAnswered) {
  Summary summary = AllBroken();
  summary.errors[0].agents = {{"a", 100}, {"b", 116}};
  summary.errors[1].agents = {{"b", 216}};
  summary.errors[2].agents = {{"a", 100}, {"b", 116}};
  summary.errors[2].error.name = "https://other.test/absent?x=1";
  EXPECT_EQ(Block(summary, ExitCode::kSuccess),
            "PASSED   2 of 5 thresholds failed \u00b7 648 of 864 requests failed (75%)\n"
            "  216 x 500                        GET   127.0.0.1:8080/status/500\n"
            "  216 x dial: connection refused   GET   127.0.0.1:1  on b\n"
            "  216 x 404                        POST  other.test/absent?x=1\n"
            "load generator: steady\n");
}

TEST(Verdict, ShowsTenRowsAndSaysHowMuchIsLeftOut) {
  Summary summary = NothingFailed();
  for (uint64_t i = 0; i < 13; ++i) {
    summary.errors.push_back({{"500", "GET", "name", 100 - i, 1}, {}});
  }
  const std::string block = Block(summary, ExitCode::kSuccess);
  EXPECT_THAT(block, HasSubstr("   91 x 500   GET  name\n  and 267 of 3 other kinds\n"));
  summary.folded_errors = 5;
  EXPECT_THAT(Block(summary, ExitCode::kSuccess),
              HasSubstr("  and 272 of 3 other kinds and more\n"));
  summary.errors.clear();
  EXPECT_THAT(Block(summary, ExitCode::kSuccess), HasSubstr("  and 5 of other kinds\n"));
}

TEST(Verdict, NamesWhatFailedInANarrowTerminalToo) {
  EXPECT_THAT(Block(AllBroken(), ExitCode::kThresholdsHaveFailed, {.columns = 40}),
              HasSubstr("  216 x 500\n"
                        "        GET   /status/500\n"
                        "  216 x dial: connection refused\n"
                        "        GET   127.0.0.1:1\n"
                        "  216 x 404\n"
                        "        POST  /absent\n"));
}

TEST(Verdict, FitsATerminalAndIsTheSameUnderItsColors) {
  Summary summary = AllBroken();
  summary.errors[0].error.name = std::string(200, 'n');
  for (const size_t columns : {40, 80, 200}) {
    for (const absl::string_view line : absl::StrSplit(
             Block(summary, ExitCode::kThresholdsHaveFailed, {.columns = columns}), '\n')) {
      EXPECT_LE(DisplayWidth(line), columns);
    }
  }
  EXPECT_THAT(Block(summary, ExitCode::kThresholdsHaveFailed, {.columns = 44}),
              ::testing::StartsWith("FAILED   2 of 5 thresholds\n"
                                    "         648 of 864 requests failed (75%)\n"));
  EXPECT_THAT(Block(summary, ExitCode::kThresholdsHaveFailed, {.columns = 38}),
              ::testing::StartsWith("FAILED   2 of 5 thresholds\n"
                                    "         648 of 864 requests failed\n"
                                    "         (75%)\n"));
  const std::string colored = Block(AllBroken(), ExitCode::kThresholdsHaveFailed, {.color = true});
  EXPECT_THAT(colored, HasSubstr("\x1b[1;31mFAILED\x1b[0m"));
  EXPECT_THAT(colored, HasSubstr("\x1b[31m216\x1b[0m x 500"));
  EXPECT_THAT(Block(NothingFailed(), ExitCode::kSuccess, {.color = true}),
              Not(HasSubstr("\x1b[31m")));
}

TEST(Verdict, TheLoadGeneratorsOwnStandsLastWithItsReasons) {
  EXPECT_THAT(
      Block(NothingFailed(), ExitCode::kSuccess, {},
            {.validity = v1::Health::SUSPECT, .reasons = {"a was late", "b, too"}, .lost = {}}),
      ::testing::EndsWith("load generator: SUSPECT\n      - a was late\n      - b, too\n"));
  EXPECT_THAT(Block(NothingFailed(), ExitCode::kSuccess, {},
                    {.validity = v1::Health::UNKNOWN, .reasons = {}, .lost = {}}),
              ::testing::EndsWith("load generator: not judged, as no load ran\n"));
}

TEST(Verdict, IsALineForLogsAndJsonForPrograms) {
  const Summary summary = AllBroken();
  const EndVerdict verdict = MakeVerdict(summary, {}, ExitCode::kThresholdsHaveFailed, "crossed");
  EXPECT_EQ(VerdictLine(verdict, summary),
            "FAILED: 2 of 5 thresholds; 648 of 864 requests failed (75%); 216 x 500 GET "
            "http://127.0.0.1:8080/status/500; 216 x dial: connection refused GET "
            "http://127.0.0.1:1/; 216 x 404 POST http://127.0.0.1:8080/absent");
  const nlohmann::json expected = {{"word", "FAILED"},
                                   {"reason", ""},
                                   {"thresholds", {{"failed", 2}, {"total", 5}}},
                                   {"requests", {{"failed", 648}, {"total", 864}}},
                                   {"checks", {{"failed", 0}, {"total", 0}}},
                                   {"exceptions", 0},
                                   {"others", 0}};
  EXPECT_EQ(VerdictJson(verdict), expected);
}

// No threshold says anything about that, however good the test itself was.
TEST(Verdict, AnOutputThatLacksSomethingIsAnError) {
  Summary summary = NothingFailed();
  summary.metrics[0].thresholds = {{.expression = "rate<0.1", .method = "rate", .value = {}}};
  summary.lost = {"InfluxDB (http://h:1): 3 of 4 samples were lost: HTTP 500"};
  EXPECT_EQ(Block(summary, ExitCode::kSuccess, {.columns = 40}),
            "ERRORS   1 threshold \u00b7 864 requests\n"
            "         1 incomplete output\n"
            "load generator: steady\n"
            "outputs: InfluxDB (http://h:1): 3 of 4 samples were lost: HTTP 500\n");
  const EndVerdict verdict = MakeVerdict(summary, {}, ExitCode::kSuccess, "");
  EXPECT_EQ(VerdictLine(verdict, summary),
            "ERRORS: 1 threshold; 864 requests; 1 incomplete output");
  EXPECT_EQ(VerdictJson(verdict)["lost"], nlohmann::json(summary.lost));
  EXPECT_THAT(Block(summary, ExitCode::kThresholdsHaveFailed), ::testing::StartsWith("FAILED "));
}

}  // namespace
}  // namespace lockstep
