#include "common/options/tiers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

Options Script(absl::string_view json) {
  ParsedOptions parsed = ParseScriptOptions(json);
  EXPECT_THAT(parsed.errors, IsEmpty());
  return parsed.options;
}

TEST(ParseEnvironmentOptions, ReadsEachForm) {
  const ParsedOptions parsed = ParseEnvironmentOptions({{"K6_VUS", "3"},
                                                        {"K6_DURATION", "1500"},
                                                        {"K6_STAGES", "10s:5,1m:0"},
                                                        {"K6_NO_SETUP", "true"},
                                                        {"K6_TAGS", "a=b,c:d"},
                                                        {"K6_SYSTEM_TAGS", "url, status"},
                                                        {"K6_DNS", "ttl=1m,policy=any"},
                                                        {"K6_THRESHOLDS", R"({"m": ["avg<1"]})"},
                                                        {"K6_USER_AGENT", ""},
                                                        {"PATH", "x"}});
  ASSERT_THAT(parsed.errors, IsEmpty());
  EXPECT_EQ(parsed.options.vus, 3);
  EXPECT_EQ(parsed.options.duration, absl::Milliseconds(1500));
  EXPECT_EQ(parsed.options.stages,
            (std::vector<Stage>{{absl::Seconds(10), 5}, {absl::Minutes(1), 0}}));
  EXPECT_EQ(parsed.options.no_setup, true);
  EXPECT_THAT(*parsed.options.tags, ElementsAre(Pair("a", "b"), Pair("c", "d")));
  EXPECT_THAT(*parsed.options.system_tags, ElementsAre("url", "status"));
  EXPECT_EQ(parsed.options.dns->ttl, absl::Minutes(1));
  EXPECT_EQ(parsed.options.thresholds->size(), 1);
  EXPECT_FALSE(parsed.options.user_agent.has_value());
}

TEST(ParseEnvironmentOptions, PrefersOurOwnNames) {
  EXPECT_EQ(ParseEnvironmentOptions({{"K6_VUS", "3"}, {"LOCKSTEP_VUS", "4"}}).options.vus, 4);
  EXPECT_EQ(FindSetting({{"K6_OUT", "a"}, {"LOCKSTEP_OUT", ""}}, "OUT")->value, "a");
  EXPECT_EQ(FindSetting({}, "OUT").has_value(), false);
}

TEST(ParseEnvironmentOptions, TakesAnyWordOfHttpDebugWhereAFlagIsHeldToItsChoices) {
  const ParsedOptions variable = ParseEnvironmentOptions({{"K6_HTTP_DEBUG", "true"}});
  ASSERT_THAT(variable.errors, IsEmpty());
  EXPECT_EQ(variable.options.http_debug, "headers");
  EXPECT_THAT(
      variable.warnings,
      ElementsAre(::testing::StartsWith(R"(K6_HTTP_DEBUG: "true" is taken for "headers")")));
  ParsedOptions flag;
  ParseOptionFlag("httpDebug", {{"--http-debug", "ful"}}, &flag);
  EXPECT_THAT(flag.errors,
              ElementsAre(R"(--http-debug: invalid value "ful": expected one of headers, full)"));
}

TEST(ParseEnvironmentOptions, NamesTheVariableInErrors) {
  EXPECT_THAT(
      ParseEnvironmentOptions({{"K6_ITERATIONS", "many"},
                               {"LOCKSTEP_PAUSED", "maybe"},
                               {"K6_STAGES", "x:1"},
                               {"K6_THRESHOLDS", "{"}})
          .errors,
      ElementsAre(R"(LOCKSTEP_PAUSED: invalid value "maybe": expected true or false)",
                  R"(K6_ITERATIONS: invalid value "many": expected an integer)",
                  R"(K6_STAGES: invalid value "x:1": expected [duration]:[target], such as 10s:5)",
                  R"(K6_THRESHOLDS: invalid value "{": expected JSON)"));
}

TEST(ParseOptionFlag, ReadsWhatFlagsWriteOtherwiseThanVariables) {
  ParsedOptions parsed;
  ParseOptionFlag("tags", {{"--tag", "a=b,c"}, {"--tag", "d=e=f"}}, &parsed);
  ParseOptionFlag("stages", {{"--stage", "1s:2,3s:4"}, {"-s", ":5"}}, &parsed);
  ParseOptionFlag("httpDebug", {{"--http-debug", "true"}}, &parsed);
  ParseOptionFlag("vus", {{"--vus", "1"}, {"-u", "2"}}, &parsed);
  ASSERT_THAT(parsed.errors, IsEmpty());
  EXPECT_THAT(*parsed.options.tags, ElementsAre(Pair("a", "b,c"), Pair("d", "e=f")));
  EXPECT_EQ(parsed.options.stages,
            (std::vector<Stage>{{absl::Seconds(1), 2}, {absl::Seconds(3), 4}, {std::nullopt, 5}}));
  EXPECT_EQ(parsed.options.http_debug, "headers");
  EXPECT_EQ(parsed.options.vus, 2);
  EXPECT_EQ(NameOf("vus", parsed.sources), "-u");
  EXPECT_EQ(NameOf("duration", parsed.sources), "duration");
}

TEST(ParseOptionFlag, NamesEachFaultyValue) {
  ParsedOptions parsed;
  ParseOptionFlag("stages", {{"--stage", "1:2"}, {"-s", "1s:2,x"}}, &parsed);
  ParseOptionFlag("tags", {{"--tag", "a"}, {"--tag", "b="}}, &parsed);
  ParseOptionFlag("vus", {{"--vus", "2"}, {"-u", "x"}, {"--vus", "3"}}, &parsed);
  ParseOptionFlag("minIterationDuration", {{"--min-iteration-duration", "5"}}, &parsed);
  EXPECT_THAT(
      parsed.errors,
      ElementsAre(R"(--stage: invalid value "1:2": expected [duration]:[target], such as 10s:5)",
                  R"(-s: invalid value "x": expected [duration]:[target], such as 10s:5)",
                  R"(--tag: invalid value "a": expected name=value)",
                  R"(--tag: invalid value "b=": expected name=value)",
                  R"(-u: invalid value "x": expected an integer)",
                  ::testing::StartsWith("--min-iteration-duration: ")));
}

TEST(ParseOptionFlag, RefusesWhatTheOptionCannotBe) {
  const std::pair<const char*, Setting> kRows[] = {
      {"executionSegment", {"--execution-segment", "x"}},
      {"executionSegmentSequence", {"--execution-segment-sequence", "x"}},
      {"localIPs", {"--local-ips", "x"}},
      {"blacklistIPs", {"--blacklist-ip", "x"}},
      {"blockHostnames", {"--block-hostnames", "%"}},
      {"summaryTrendStats", {"--summary-trend-stats", "x"}},
      {"rps", {"--rps", "-1"}},
  };
  for (const auto& [key, said] : kRows) {
    ParsedOptions parsed;
    ParseOptionFlag(key, {said}, &parsed);
    EXPECT_THAT(parsed.errors, ElementsAre(::testing::StartsWith(said.source + ": ")));
  }
}

TEST(OptionFlags, SayWhetherAFlagTakesAValue) {
  std::map<std::string, FlagSpec::Kind> kinds;
  for (const OptionFlag& flag : OptionFlags()) {
    EXPECT_TRUE(kinds.emplace(flag.key, flag.spec.kind).second) << flag.key;
  }
  EXPECT_EQ(kinds.at("vus"), FlagSpec::Kind::kValue);
  EXPECT_EQ(kinds.at("dns"), FlagSpec::Kind::kValue);
  EXPECT_EQ(kinds.at("throw"), FlagSpec::Kind::kSwitch);
  EXPECT_EQ(kinds.at("httpDebug"), FlagSpec::Kind::kSwitch);
  EXPECT_EQ(kinds.at("tags"), FlagSpec::Kind::kList);
  EXPECT_EQ(kinds.count("hosts"), 0);
}

TEST(ParseStageText, MayLeaveOutEitherPart) {
  EXPECT_EQ(*ParseStageText("10s", true), (Stage{absl::Seconds(10), std::nullopt}));
  EXPECT_EQ(*ParseStageText(":5", true), (Stage{std::nullopt, 5}));
  for (const char* text : {"", ":", "10:5", "1s:x", "1s:5:6"}) {
    EXPECT_EQ(
        ParseStageText(text, true).status().message(),
        std::string("invalid value \"") + text + "\": expected [duration]:[target], such as 10s:5");
  }
}

TEST(ParseYamlConfig, ReadsOptionsAndSettings) {
  const ConfigFile file = ParseYamlConfig(R"(
vus: 5
duration: 1m30s
setupTimeout: 2000
userAgent: "123"
out: [json=a.json, csv]
linger: true
scenarios:
  a: {executor: constant-vus, duration: 2s}
thresholds:
  http_req_duration: ["p(95)<500"]
)",
                                          "lockstep.yaml");
  ASSERT_THAT(file.parsed.errors, IsEmpty());
  EXPECT_EQ(file.parsed.options.vus, 5);
  EXPECT_EQ(file.parsed.options.duration, absl::Seconds(90));
  EXPECT_EQ(file.parsed.options.setup_timeout, absl::Seconds(2));
  EXPECT_EQ(file.parsed.options.user_agent, "123");
  EXPECT_EQ((*file.parsed.options.scenarios)[0].name, "a");
  EXPECT_THAT(file.outputs, ElementsAre("json=a.json", "csv"));
  EXPECT_EQ(file.linger, true);
}

TEST(ParseYamlConfig, ReadsAnOptionsSection) {
  const ConfigFile file = ParseYamlConfig("options:\n  vus: 5\nout: csv\n", "x.yaml");
  EXPECT_EQ(file.parsed.options.vus, 5);
  EXPECT_THAT(ParseYamlConfig("vus: 1\noptions:\n  vus: 5\n", "x.yaml").parsed.errors,
              ElementsAre("x.yaml: vus: given twice, also under `options`"));
}

TEST(ParseYamlConfig, NamesFileKeyAndValueInErrors) {
  EXPECT_THAT(ParseYamlConfig("vus: many\nlinger: 5\n", "l.yaml").parsed.errors,
              ElementsAre("l.yaml: linger: invalid value 5: expected true or false",
                          R"(l.yaml: vus: invalid value "many": expected an integer)"));
  EXPECT_THAT(ParseYamlConfig("vus: [1", "l.yaml").parsed.errors,
              ElementsAre(::testing::StartsWith("l.yaml: line 1, column ")));
  EXPECT_THAT(ParseYamlConfig("- 1", "l.yaml").parsed.errors,
              ElementsAre("l.yaml: options: invalid value [1]: expected an object"));
  EXPECT_THAT(ParseYamlConfig("foo: 1", "l.yaml").parsed.warnings,
              ElementsAre("There were unknown fields in l.yaml: foo"));
  EXPECT_TRUE(ParseYamlConfig("", "l.yaml").parsed.ok());
}

TEST(ParseJsonConfig, TakesFeatureFlagsThatDoNothing) {
  const ConfigFile file = ParseJsonConfig(R"({"features": ["freeze-env"], "vus": 2})", "c.json");
  EXPECT_THAT(file.parsed.errors, IsEmpty());
  EXPECT_THAT(file.parsed.warnings, ElementsAre("c.json: features has no effect in this version"));
}

TEST(ParseJsonConfig, ReadsTheFileOfK6) {
  const ConfigFile file = ParseJsonConfig(
      R"({"collectors": {"cloud": {}}, "vus": 2, "noUsageReport": true})", "c.json");
  ASSERT_THAT(file.parsed.errors, IsEmpty());
  EXPECT_THAT(file.parsed.warnings, IsEmpty());
  EXPECT_EQ(file.parsed.options.vus, 2);
  EXPECT_EQ(file.no_usage_report, true);
  EXPECT_THAT(
      ParseJsonConfig("{", "c.json").parsed.errors,
      ElementsAre("c.json: line 1, column 2: unexpected end of input; expected string literal"));
}

TEST(ParseConfig, RefusesAKeyThatIsGivenTwice) {
  EXPECT_THAT(
      ParseJsonConfig(R"({"vus": 1, "tags": {"a": "1", "a": "2"}})", "c.json").parsed.errors,
      ElementsAre("c.json: `a` is given twice"));
  EXPECT_THAT(ParseJsonConfig(R"({"vus": 1, "tags": {"vus": "1"}})", "c.json").parsed.errors,
              IsEmpty());
  EXPECT_THAT(ParseYamlConfig("vus: 1\nduration: 5s\nvus: 2\n", "l.yaml").parsed.errors,
              ElementsAre(::testing::HasSubstr("`vus` is given twice")));
}

TEST(MergeTiers, LetsHigherTiersWinOptionByOption) {
  const ParsedOptions merged =
      MergeTiers({{"script", Script(R"({"vus": 1, "batch": 3, "tags": {"a": "1"}})")},
                  {"env", Script(R"({"vus": 2, "rps": 9})")},
                  {"cli", Script(R"({"tags": {"b": "2"}})")}});
  EXPECT_EQ(merged.options.vus, 2);
  EXPECT_EQ(merged.options.batch, 3);
  EXPECT_EQ(merged.options.rps, 9);
  EXPECT_THAT(*merged.options.tags, ElementsAre(Pair("b", "2")));
  EXPECT_THAT(merged.warnings, IsEmpty());
}

TEST(MergeTiers, WipesTheLowerExecutionFamilyButKeepsVus) {
  const ParsedOptions merged =
      MergeTiers({{"script", Script(R"({"vus": 4, "duration": "5s", "iterations": 7})")},
                  {"cli", Script(R"({"stages": [{"duration": "1s", "target": 3}]})")}});
  EXPECT_EQ(merged.options.vus, 4);
  EXPECT_FALSE(merged.options.duration.has_value());
  EXPECT_FALSE(merged.options.iterations.has_value());
  EXPECT_EQ(merged.options.stages->size(), 1);
  EXPECT_THAT(
      merged.warnings,
      ElementsAre(R"("cli" level configuration overrode the `duration` of "script" entirely)",
                  R"("cli" level configuration overrode the `iterations` of "script" entirely)"));
}

TEST(MergeTiers, ReplacingAShortcutByItselfIsWorthNoWarning) {
  EXPECT_THAT(MergeTiers({{"config", Script(R"({"duration": "5s"})")},
                          {"script", Script(R"({"duration": "6s"})")},
                          {"cli", Script(R"({"duration": "7s", "iterations": 3})")}})
                  .warnings,
              IsEmpty());
}

TEST(MergeTiers, WarnsWhenScenariosAreWiped) {
  const Options script = Script(R"({"scenarios": {"a": {"executor": "shared-iterations"}}})");
  const ParsedOptions by_iterations =
      MergeTiers({{"script", script}, {"cli", Script(R"({"iterations": 3, "vus": 2})")}});
  EXPECT_THAT(
      by_iterations.warnings,
      ElementsAre(R"("cli" level configuration overrode scenarios configuration entirely)"));
  EXPECT_FALSE(by_iterations.options.scenarios.has_value());
  const ParsedOptions by_vus = MergeTiers({{"script", script}, {"cli", Script(R"({"vus": 2})")}});
  EXPECT_THAT(by_vus.warnings, ElementsAre("`vus=2` overrides scenarios configuration"));
  EXPECT_FALSE(by_vus.options.scenarios.has_value());
}

TEST(MergeTiers, LetsVusOverrideScenariosBesideThem) {
  const char* const kBoth = R"({"vus": 3, "scenarios": {"a": {"executor": "shared-iterations"}}})";
  const ParsedOptions merged = MergeTiers({{"script", Script(kBoth)}});
  EXPECT_THAT(merged.warnings, ElementsAre("`vus=3` overrides scenarios configuration"));
  EXPECT_FALSE(merged.options.scenarios.has_value());
  EXPECT_EQ(merged.options.vus, 3);
  // With a duration, too, it is an error, of which Consolidate tells.
  Options three = Script(kBoth);
  three.duration = absl::Seconds(1);
  EXPECT_TRUE(MergeTiers({{"script", three}}).options.scenarios.has_value());
  // Scenarios of a higher tier than that of `vus` stay.
  Options scenarios = Script(kBoth);
  scenarios.vus.reset();
  EXPECT_TRUE(MergeTiers({{"config", Script(R"({"vus": 2})")}, {"script", scenarios}})
                  .options.scenarios.has_value());
}

}  // namespace
}  // namespace lockstep
