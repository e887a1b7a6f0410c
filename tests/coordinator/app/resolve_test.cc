#include "coordinator/app/resolve.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/exit_code.h"

namespace lockstep::coordinator {
namespace {

TEST(OptionTiers, LaterTiersWin) {
  TestSettings settings;
  settings.config_file = ::testing::TempDir() + "/option_tiers.yaml";
  std::ofstream(settings.config_file) << "iterations: 1\nbatch: 7\n";
  const OptionTiers tiers = OptionTiers::Load(settings, {{"K6_ITERATIONS", "3"}});
  const auto resolved = tiers.Resolve(R"({"iterations": 2, "fooBar": 1})", {"default"});
  EXPECT_THAT(resolved.errors, ::testing::IsEmpty());
  EXPECT_EQ(resolved.merged.iterations, 3);
  EXPECT_EQ(resolved.merged.batch, 7);
  EXPECT_EQ(resolved.run.scenarios.size(), 1);
  EXPECT_THAT(resolved.warnings, ::testing::ElementsAre(::testing::HasSubstr("unknown fields")));
}

TEST(OptionTiers, TellWhatIsWrongInAllTiersAtOnce) {
  TestSettings settings;
  settings.errors = {"--rps: flag"};
  settings.config_file = ::testing::TempDir() + "/all_tiers.yaml";
  std::ofstream(settings.config_file) << "batch: many\n";
  const OptionTiers tiers = OptionTiers::Load(settings, {{"K6_VUS", "x"}});
  const auto resolved = tiers.Resolve(R"({"iterations": "y"})", {"other"});
  EXPECT_THAT(
      resolved.errors,
      ::testing::ElementsAre("--rps: flag", ::testing::HasSubstr("batch: invalid value \"many\""),
                             "K6_VUS: invalid value \"x\": expected an integer",
                             "iterations: invalid value \"y\": expected an integer",
                             "executor default: function 'default' not found in exports"));
  // A wrong flag makes it a mistake of the command line.
  EXPECT_EQ(ExitCodeOf(tiers.Refusal(resolved.errors)), ExitCode::kOther);
  settings.errors.clear();
  const OptionTiers others = OptionTiers::Load(settings, {{"K6_VUS", "x"}});
  EXPECT_EQ(ExitCodeOf(others.Refusal(others.errors())), ExitCode::kInvalidConfig);
  EXPECT_THAT(std::string(others.Refusal(others.errors()).message()),
              ::testing::HasSubstr("There were problems with the specified script configuration:"));
  EXPECT_TRUE(others.Refusal({}).ok());
}

TEST(OptionTiers, NameTheFlagOrVariableOfAValueThatMayNotBe) {
  TestSettings settings;
  settings.config_file = ::testing::TempDir() + "/sources.yaml";
  std::ofstream(settings.config_file) << "setupTimeout: -3\nhttpDebug: what\n";
  const OptionTiers tiers =
      OptionTiers::Load(settings, {{"K6_SUMMARY_TREND_STATS", "foo"}, {"LOCKSTEP_RPS", "-2"}});
  const auto resolved = tiers.Resolve(R"({"maxRedirects": -3})", {"default"});
  const std::string file = settings.config_file;
  EXPECT_THAT(resolved.errors,
              ::testing::UnorderedElementsAre(::testing::StartsWith("LOCKSTEP_RPS: "),
                                              ::testing::StartsWith("K6_SUMMARY_TREND_STATS: "),
                                              ::testing::StartsWith(file + ": setupTimeout: "),
                                              ::testing::StartsWith("maxRedirects: ")));
  EXPECT_THAT(
      resolved.warnings,
      ::testing::ElementsAre(::testing::StartsWith(file + ": httpDebug: \"what\" is taken")));
}

// As in k6, which looks at what counts.
TEST(OptionTiers, AValueThatAnotherDiscardsMayBeWhatItLikes) {
  TestSettings settings;
  ParsedOptions flags;
  ParseOptionFlag("summaryTrendStats", {{"--summary-trend-stats", "avg"}}, &flags);
  settings.flags = flags.options;
  const OptionTiers tiers =
      OptionTiers::Load(settings, {{"K6_SUMMARY_TREND_STATS", "x"}, {"K6_BATCH", "3"}});
  EXPECT_THAT(tiers.Resolve(R"({"summaryTrendStats": ["y"], "batch": -1})", {"default"}).errors,
              ElementsAre());
}

TEST(OptionTiers, NameTheFileOfAScenario) {
  TestSettings settings;
  settings.config_file = ::testing::TempDir() + "/scenarios.yaml";
  std::ofstream(settings.config_file)
      << "scenarios: {a: {executor: constant-vus, duration: 1s, vus: 0, exec: nope}}";
  const std::string place = settings.config_file + ": scenarios: ";
  EXPECT_THAT(OptionTiers::Load(settings, {}).Resolve("", {"default"}).errors,
              ::testing::ElementsAre(
                  ::testing::StartsWith(place + "scenario a has configuration errors: "),
                  ::testing::StartsWith(place + "executor a: function 'nope' not found")));
}

// What only turns out once the tiers are put together.
TEST(OptionTiers, NameThePlacesOfWhatDoesNotFitTogether) {
  TestSettings settings;
  settings.flags.vus = 3;
  settings.flag_sources["vus"] = "-u";
  settings.flags.system_tags = {"ulr"};
  settings.flag_sources["systemTags"] = "--system-tags";
  settings.config_file = ::testing::TempDir() + "/together.yaml";
  std::ofstream(settings.config_file) << "executionSegment: 0:1/3\n";
  const auto resolved =
      OptionTiers::Load(
          settings, {{"K6_ITERATIONS", "2"}, {"LOCKSTEP_EXECUTION_SEGMENT_SEQUENCE", "0,1/2,1"}})
          .Resolve("", {"default"});
  EXPECT_THAT(resolved.errors,
              ::testing::ElementsAre(
                  "-u, K6_ITERATIONS: scenario default has configuration errors: the number of "
                  "iterations (2) can't be less than the number of VUs (3)",
                  ::testing::StartsWith(settings.config_file + ": executionSegment: ")));
  EXPECT_THAT(resolved.warnings, ::testing::ElementsAre(::testing::StartsWith(
                                     "--system-tags: there is no system tag \"ulr\"")));
  // In a script the keys say it all.
  EXPECT_THAT(
      OptionTiers::Load({}, {}).Resolve(R"({"vus": 3, "iterations": 2})", {"default"}).errors,
      ::testing::ElementsAre(::testing::StartsWith("scenario default has ")));
}

// Before any agent hears of them, and beside what else is wrong.
TEST(OptionTiers, AskOpenSslForCiphersAndCertificates) {
  const OptionTiers tiers = OptionTiers::Load(TestSettings(), {});
  const auto resolved = tiers.Resolve(
      R"({"tlsCipherSuites": ["foo"], "tlsAuth": [{"cert": "x", "key": "y"}], "batch": -1})",
      {"default"});
  EXPECT_THAT(resolved.errors,
              ::testing::ElementsAre(
                  ::testing::StartsWith("batch: "),
                  ::testing::StartsWith("tlsCipherSuites: unknown cipher suite 'foo', want TLS_"),
                  "tlsAuth[0].cert: there is no PEM certificate in it"));
}

TEST(OptionTiers, AFileThatIsNamedMustBeThere) {
  TestSettings settings;
  settings.config_file = "/no/such.yaml";
  settings.config_label = "K6_CONFIG";
  const OptionTiers tiers = OptionTiers::Load(settings, {});
  EXPECT_THAT(tiers.errors(),
              ::testing::ElementsAre("K6_CONFIG: cannot read the file \"/no/such.yaml\": "
                                     "No such file or directory"));
  EXPECT_EQ(ExitCodeOf(tiers.Refusal(tiers.errors())), ExitCode::kInvalidConfig);  // as in k6
}

TEST(OptionTiers, TheFileOfK6IsReadWhereThereIsNoneOfOurs) {
  const std::string home = ::testing::TempDir() + "/home_of_k6";
  std::filesystem::create_directories(home + "/.config/k6");
  std::ofstream(home + "/.config/k6/config.json") << R"({"vus": 3, "collectors": {}})";
  const OptionTiers tiers = OptionTiers::Load({}, {{"HOME", home}});
  EXPECT_EQ(tiers.Resolve("", {"default"}).merged.vus, 3);
  EXPECT_THAT(tiers.note(), ::testing::HasSubstr(home + "/.config/k6/config.json"));
  EXPECT_EQ(OptionTiers::Load({}, {{"HOME", home}, {"XDG_CONFIG_HOME", home}}).note(), "");
}

TEST(OptionTiers, WhatCannotBeReadDoesNotHideWhatElseIsWrong) {
  const OptionTiers tiers = OptionTiers::Load({}, {});
  EXPECT_THAT(tiers
                  .Resolve(R"({"rps": "abc", "batch": -1, "scenarios": {
                       "a": {"executor": "nope"},
                       "b": {"executor": "constant-vus", "duration": "1s", "vus": 0}}})",
                           {"default"})
                  .errors,
              ::testing::UnorderedElementsAre(
                  ::testing::HasSubstr("rps: invalid value \"abc\""),
                  ::testing::HasSubstr("scenarios.a: unknown executor type 'nope'"),
                  ::testing::HasSubstr("scenario b has configuration errors: the number of VUs"),
                  ::testing::HasSubstr("batch: invalid value -1")));
}

TEST(OptionTiers, StrictMakesErrorsOfOptionsThatNobodyKnows) {
  TestSettings settings;
  settings.strict = true;
  settings.flags.vus = 2;
  const auto resolved =
      OptionTiers::Load(settings, {})
          .Resolve(R"({"treshold": {}, "systemTags": ["ulr"], "duration": "1s", "scenarios": {}})",
                   {"default"});
  EXPECT_THAT(resolved.errors, ::testing::IsSupersetOf(
                                   {::testing::HasSubstr("treshold (did you mean \"thresholds\"?)"),
                                    ::testing::HasSubstr("no system tag \"ulr\"")}));
  // That a tier overrides another one is what tiers are for.
  const auto overridden =
      OptionTiers::Load(settings, {})
          .Resolve(R"({"scenarios": {"a": {"executor": "per-vu-iterations", "exec": "default"}}})",
                   {"default"});
  EXPECT_THAT(overridden.errors, ::testing::IsEmpty());
  EXPECT_THAT(overridden.warnings, ::testing::SizeIs(1));
}

TEST(OptionTiers, WhatCouldNotBeReadIsNotCalledEmpty) {
  const OptionTiers tiers = OptionTiers::Load({}, {});
  const auto resolved =
      tiers.Resolve(R"({"scenarios": {"a": {"executor": "ghost"}}})", {"default"});
  EXPECT_FALSE(resolved.errors.empty());
  EXPECT_THAT(resolved.warnings, ::testing::IsEmpty());
}

TEST(OptionTiers, OptionsCannotBeAFunction) {
  const OptionTiers tiers = OptionTiers::Load({}, {});
  EXPECT_THAT(
      tiers.Resolve("", {"default", "options"}).errors,
      ::testing::ElementsAre(::testing::HasSubstr("options: the script exports a function")));
}

TEST(OptionTiers, AFunctionIsNotMissedForAScenarioThatCannotBeRead) {
  const OptionTiers tiers = OptionTiers::Load({}, {});
  EXPECT_THAT(tiers.Resolve(R"({"scenarios": {"a": {"executor": "nope"}}})", {"other"}).errors,
              ::testing::ElementsAre(::testing::HasSubstr("unknown executor type 'nope'")));
}

}  // namespace
}  // namespace lockstep::coordinator
