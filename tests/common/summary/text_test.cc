// What a person reads at the end of a run.
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/common/summary/recorder.h"
#include "tests/support/golden.h"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

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

TEST(SummaryText, LetsNoNameBreakALineOrReachTheTerminal) {
  Recorder recorder;
  recorder.Add("checks", {1}, {{"check", "two\nlines \x1b[2J"}, {"group", ""}});
  EXPECT_THAT(RenderText(recorder.Build(absl::Seconds(1)), {}),
              HasSubstr("    ✓ two\\nlines \\x1b[2J\n"));
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

// With `httpErrors` they may be other requests than those that went against expectation.
TEST(SummaryText, KeepsTheRowOfFailuresWhereErrorsAreOthers) {
  Recorder recorder;
  recorder.Add("http_req_duration", {5, 7}, {{"expected_response", "false"}})
      .Add("http_req_duration_errors", {7});
  EXPECT_THAT(RenderText(recorder.Build(absl::Seconds(1)), {}),
              HasSubstr("{ expected_response:false }...: avg=6ms"));
}

}  // namespace
}  // namespace lockstep
