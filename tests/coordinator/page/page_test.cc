#include "coordinator/page/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "common/base/content_hash.h"
#include "tests/coordinator/page/sample_model.h"

namespace lockstep::coordinator {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// What stands between `begin` and `end`, the first time.
std::string Between(const std::string& text, const std::string& begin, const std::string& end) {
  const size_t from = text.find(begin);
  EXPECT_NE(from, std::string::npos) << begin;
  const size_t to = text.find(end, from + begin.size());
  return text.substr(from + begin.size(), to - from - begin.size());
}

TEST(Page, TheServedPageHasNothingInline) {
  const std::string page = RenderLivePage({.result = SampleResult()});
  EXPECT_THAT(page,
              AllOf(HasSubstr("data-mode=\"live\""), HasSubstr("<script src=\"app.js\" defer>"),
                    HasSubstr("&lt;/script&gt;&lt;b&gt;.js"), Not(HasSubstr("{{"))));
  EXPECT_THAT(page, Not(HasSubstr("<style")));
  EXPECT_THAT(page, Not(HasSubstr(" style=")));
  EXPECT_THAT(page, Not(HasSubstr(" onclick=")));
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
}

TEST(Page, ASectionWithoutAnythingIsHidden) {
  RunResult result = SampleResult();
  EXPECT_THAT(RenderLivePage({.result = result}),
              HasSubstr("<section id=\"s-checks\" aria-labelledby=\"h-checks\">"));
  result.checks.clear();
  EXPECT_THAT(RenderLivePage({.result = result}),
              HasSubstr("<section id=\"s-checks\" aria-labelledby=\"h-checks\" hidden>"));
}

TEST(Page, NothingAsksAnotherOrigin) {
  for (const std::string& text : {PageScript(), PageCss()}) {
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      // But for the licence, and the name of a namespace.
      if (!absl::StrContains(line, "github.com/leeoniya/uPlot")) {
        EXPECT_THAT(std::string(line), Not(HasSubstr("https://")));
        EXPECT_THAT(std::string(line), Not(HasSubstr("http://")));
      }
    }
    EXPECT_THAT(text, Not(HasSubstr("@import")));
    EXPECT_THAT(text, Not(HasSubstr("url(")));
    EXPECT_THAT(text, Not(HasSubstr("</script")));
  }
}

TEST(Page, AReportIsOneFileWhosePolicyKnowsItsScriptAndItsStyle) {
  const std::string report = RenderReport({.result = SampleResult()}, std::nullopt);
  const std::string script = Between(report, "</script>\n<script>", "</script>");
  const std::string style = Between(report, "<style>", "</style>");
  EXPECT_EQ(script, PageScript());
  for (const std::string& text : {script, style}) {
    EXPECT_THAT(report, HasSubstr(absl::StrCat("'sha256-", absl::Base64Escape(Sha256(text)), "'")));
  }
  EXPECT_THAT(report, Not(HasSubstr(" src=")));
  EXPECT_THAT(report, HasSubstr("<table>"));  // readable without any script
}

TEST(Page, WhatAScriptIsCalledCannotEndTheData) {
  RunResult result = SampleResult();
  result.history->metrics = {{"</script><script>alert(1)</script>",
                              MetricType::kGauge,
                              ValueType::kDefault,
                              {{"value", {1, 2}}}}};
  const std::string report = RenderReport({.result = result}, std::nullopt);
  const json data = json::parse(Between(report, "id=\"data\">", "</script>"));
  EXPECT_EQ(data["series"]["metrics"][0]["name"], "</script><script>alert(1)</script>");
  EXPECT_EQ(data["over"], true);
  EXPECT_EQ(data["elapsed"], 2);
  EXPECT_EQ(data["series"]["columns"]["failed"], json::parse("[0, 1]"));
}

TEST(Page, AReportMayHaveABaseline) {
  PageBaseline baseline{.result = SampleResult(), .report = {}, .config = {}};
  const std::string report = RenderReport({.result = SampleResult()}, std::move(baseline));
  EXPECT_THAT(report, HasSubstr("<section id=\"s-comparison\" aria-labelledby=\"h-comparison\">"));
  const json data = json::parse(Between(report, "id=\"data\">", "</script>"));
  EXPECT_EQ(data["baseline"]["series"]["columns"]["requests"], json::parse("[2, 2]"));
}

// By hand: 16 buckets an octave; 2^(54/16) = 10.37 >= 10 > 2^(53/16) = 9.93.
TEST(Page, AnEventHasSeriesPanelsAndTheDistribution) {
  PageModel model{.result = SampleResult()};
  model.status.emplace().set_state(v1::RunStatus::RUNNING);
  model.status->set_paused(true);
  const json event = PageEvent(model);
  EXPECT_EQ(event["state"], "Running");
  EXPECT_EQ(event["paused"], true);
  EXPECT_EQ(event["over"], false);
  EXPECT_EQ(event["series"]["points"], 2);
  EXPECT_EQ(event["distribution"]["expected"][0], 54);
  EXPECT_EQ(event["distribution"]["failed"].size(), 2u);
  EXPECT_TRUE(event["panels"].contains("tiles"));
}

}  // namespace
}  // namespace lockstep::coordinator
