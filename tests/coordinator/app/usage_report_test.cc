#include "coordinator/app/usage_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nlohmann/json.hpp"

#include "common/base/version.h"

namespace lockstep::coordinator {
namespace {

TEST(UsageReport, SaysTheseFactsAndNothingElse) {
  ScenarioConfig secret;
  secret.name = "secret_name";
  secret.exec = "secret_function";
  secret.env = {{"SECRET", "variable"}};
  secret.tags = {{"secret", "tag"}};
  secret.executor = ConstantVusConfig{};
  ScenarioConfig other = secret;
  other.executor = PerVuIterationsConfig{};
  const std::string body = UsageReportBody({.vus_max = 7,
                                            .iterations = 42,
                                            .duration = absl::Milliseconds(1500),
                                            .executors = ExecutorsOf({secret, other, secret})});
  nlohmann::json report = nlohmann::json::parse(body);
  EXPECT_EQ(report.at("os"), "linux");
  EXPECT_THAT(report.at("arch").get<std::string>(), ::testing::AnyOf("amd64", "arm64", "unknown"));
  report.erase("os");
  report.erase("arch");
  EXPECT_EQ(report,
            nlohmann::json({{"version", std::string(kVersion)},
                            {"vus_max", 7},
                            {"iterations", 42},
                            {"duration_s", 1.5},
                            {"executors", {{"constant-vus", 2}, {"per-vu-iterations", 1}}}}));
}

TEST(UsageReport, GoesNowhereUnlessAnAddressIsConfigured) {
  RunSettingsFlags flags;
  ConfigFile config;
  EXPECT_EQ(UsageReportUrl(flags, config), "");
  config.usage_report_url = "http://file";
  EXPECT_EQ(UsageReportUrl(flags, config), "http://file");
  flags.usage_report_url = "http://flag";
  EXPECT_EQ(UsageReportUrl(flags, config), "http://flag");
  config.no_usage_report = true;
  EXPECT_EQ(UsageReportUrl(flags, config), "");
  flags.no_usage_report = false;  // wins over the file
  EXPECT_EQ(UsageReportUrl(flags, config), "http://flag");
  flags.no_usage_report = true;
  config.no_usage_report = false;
  EXPECT_EQ(UsageReportUrl(flags, config), "");
}

TEST(UsageReport, NamesAnAddressThatCannotBe) {
  EXPECT_TRUE(UsageReport("http://127.0.0.1:1/x").Check().ok());
  EXPECT_EQ(UsageReport("nonsense").Check().message(),
            "\"nonsense\" is not an http:// or https:// URL");
}

}  // namespace
}  // namespace lockstep::coordinator
