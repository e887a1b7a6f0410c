#include "coordinator/app/resolve.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

TEST(OptionTiers, LaterTiersWin) {
  TestSettings settings;
  settings.config_file = testing::TempDir() + "/option_tiers.yaml";
  std::ofstream(settings.config_file) << "iterations: 1\nbatch: 7\n";
  const auto tiers = OptionTiers::Load(settings, {{"K6_ITERATIONS", "3"}});
  ASSERT_TRUE(tiers.ok()) << tiers.status();
  const auto resolved = tiers->Resolve(R"({"iterations": 2, "fooBar": 1})", {"default"});
  EXPECT_THAT(resolved.errors, testing::IsEmpty());
  EXPECT_EQ(resolved.merged.iterations, 3);
  EXPECT_EQ(resolved.merged.batch, 7);
  EXPECT_EQ(resolved.run.scenarios.size(), 1);
  EXPECT_THAT(resolved.warnings, testing::ElementsAre(testing::HasSubstr("unknown fields")));
}

TEST(OptionTiers, NameAMissingFileAndAllErrors) {
  TestSettings settings;
  EXPECT_EQ(OptionTiers::Load(settings, {{"K6_VUS", "x"}, {"K6_RPS", "y"}}).status().message(),
            "There were problems with the specified script configuration:\n\t- K6_VUS: invalid "
            "value \"x\": expected an "
            "integer\n\t- K6_RPS: invalid value \"y\": expected an integer");
  const auto tiers = OptionTiers::Load(settings, {});
  EXPECT_THAT(tiers->Resolve(R"({"iterations": 1})", {"other"}).errors,
              testing::ElementsAre("executor default: function 'default' not found in exports"));
  settings.config_file = "/no/such.yaml";
  EXPECT_EQ(OptionTiers::Load(settings, {}).status().message(),
            "--config: cannot read the file \"/no/such.yaml\"");
}

TEST(OptionTiers, WhatCannotBeReadDoesNotHideWhatElseIsWrong) {
  const auto tiers = OptionTiers::Load({}, {});
  ASSERT_TRUE(tiers.ok()) << tiers.status();
  EXPECT_THAT(tiers
                  ->Resolve(R"({"rps": "abc", "batch": -1, "scenarios": {
                       "a": {"executor": "nope"},
                       "b": {"executor": "constant-vus", "duration": "1s", "vus": 0}}})",
                            {"default"})
                  .errors,
              testing::UnorderedElementsAre(
                  testing::HasSubstr("rps: invalid value \"abc\""),
                  testing::HasSubstr("scenarios.a: unknown executor type 'nope'"),
                  testing::HasSubstr("scenario b has configuration errors: the number of VUs"),
                  testing::HasSubstr("batch: invalid value -1")));
}

TEST(OptionTiers, OptionsCannotBeAFunction) {
  const auto tiers = OptionTiers::Load({}, {});
  ASSERT_TRUE(tiers.ok()) << tiers.status();
  EXPECT_THAT(tiers->Resolve("", {"default", "options"}).errors,
              testing::ElementsAre(testing::HasSubstr("options: the script exports a function")));
}

TEST(OptionTiers, AFunctionIsNotMissedForAScenarioThatCannotBeRead) {
  const auto tiers = OptionTiers::Load({}, {});
  ASSERT_TRUE(tiers.ok()) << tiers.status();
  EXPECT_THAT(tiers->Resolve(R"({"scenarios": {"a": {"executor": "nope"}}})", {"other"}).errors,
              testing::ElementsAre(testing::HasSubstr("unknown executor type 'nope'")));
}

}  // namespace
}  // namespace lockstep::coordinator
