#include "coordinator/app/dashboard_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> TextsOf(const std::vector<OutputSpec>& outputs) {
  std::vector<std::string> texts;
  for (const OutputSpec& output : outputs) {
    texts.push_back(output.text);
  }
  return texts;
}

TEST(DashboardSettings, NobodyAsksForIt) {
  std::vector<OutputSpec> outputs = {"json=x", "web-dashboards"};
  const auto settings = TakeDashboard({{"K6_WEB_DASHBOARD", "false"}}, &outputs);
  ASSERT_TRUE(settings.ok());
  EXPECT_FALSE(settings->has_value());
  EXPECT_THAT(TextsOf(outputs), ElementsAre("json=x", "web-dashboards"));
}

TEST(DashboardSettings, ArgumentBeforeOurVariableBeforeThatOfK6) {
  std::vector<OutputSpec> outputs = {"json=x", "web-dashboard=port=1&period=2s,open"};
  const auto settings = TakeDashboard({{"LOCKSTEP_WEB_DASHBOARD_PORT", "7"},
                                       {"LOCKSTEP_WEB_DASHBOARD_HOST", "0.0.0.0"},
                                       {"K6_WEB_DASHBOARD_HOST", "::1"},
                                       {"K6_WEB_DASHBOARD_EXPORT", "r.html"},
                                       {"K6_WEB_DASHBOARD_RECORD", "r.json"},
                                       {"LOCKSTEP_WEB_DASHBOARD_TOKEN", "12345678"},
                                       {"K6_WEB_DASHBOARD_TAGS", "group"}},
                                      &outputs);
  ASSERT_TRUE(settings.ok()) << settings.status();
  ASSERT_TRUE(settings->has_value());
  EXPECT_EQ((*settings)->port, 1);
  EXPECT_EQ((*settings)->period, absl::Seconds(2));
  EXPECT_TRUE((*settings)->open);
  EXPECT_EQ((*settings)->host, "0.0.0.0");
  EXPECT_EQ((*settings)->token, "12345678");
  EXPECT_THAT((*settings)->warnings,
              ElementsAre("K6_WEB_DASHBOARD_TAGS has no effect: requests are told apart by name"));
  EXPECT_THAT(TextsOf(outputs), ElementsAre("json=x", "report=r.html", "result=r.json"));
  EXPECT_EQ(outputs[1].source, "K6_WEB_DASHBOARD_EXPORT");
}

TEST(DashboardSettings, AVariableTurnsItOn) {
  std::vector<OutputSpec> outputs;
  const auto settings = TakeDashboard({{"K6_WEB_DASHBOARD", "true"}}, &outputs);
  ASSERT_TRUE(settings.ok());
  ASSERT_TRUE(settings->has_value());
  EXPECT_EQ((*settings)->host, "localhost");
  EXPECT_EQ((*settings)->port, 5665);
  EXPECT_EQ((*settings)->period, absl::Seconds(1));
}

// As --report and --result-file, which need none either.
TEST(DashboardSettings, ItsFilesNeedNoDashboard) {
  std::vector<OutputSpec> outputs;
  const auto settings = TakeDashboard(
      {{"K6_WEB_DASHBOARD_EXPORT", "r.html"}, {"LOCKSTEP_WEB_DASHBOARD_RECORD", "r.json"}},
      &outputs);
  ASSERT_TRUE(settings.ok());
  EXPECT_FALSE(settings->has_value());
  EXPECT_THAT(TextsOf(outputs), ElementsAre("report=r.html", "result=r.json"));
}

TEST(DashboardSettings, AllMistakesAreTold) {
  std::vector<OutputSpec> outputs = {"web-dashboard=port=many&period=1ms&open=perhaps&colour=red"};
  EXPECT_EQ(
      TakeDashboard({{"LOCKSTEP_WEB_DASHBOARD_TOKEN", "short"}}, &outputs).status().message(),
      "-o web-dashboard: unknown setting \"colour\": expected one of export, host, open, "
      "period, port, record, tag, token\n"
      "-o web-dashboard: port: invalid value \"many\": expected a port from 1 to 65535, 0 for "
      "a free one, or -1 for no page\n"
      "-o web-dashboard: period: invalid value \"1ms\": expected a duration from 500ms to 1h, "
      "such as 2s\n"
      "-o web-dashboard: open: invalid value \"perhaps\": expected true or false\n"
      "LOCKSTEP_WEB_DASHBOARD_TOKEN: is too short: at least 8 characters are needed");
  outputs = {};
  EXPECT_EQ(TakeDashboard({{"K6_WEB_DASHBOARD", "perhaps"}}, &outputs).status().message(),
            "K6_WEB_DASHBOARD: invalid value \"perhaps\": expected true or false");
  EXPECT_THAT(TextsOf(outputs), IsEmpty());
}

}  // namespace
}  // namespace lockstep::coordinator
