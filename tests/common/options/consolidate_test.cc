#include "common/options/consolidate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ParsedOptions ConsolidatedFrom(absl::string_view json) {
  ParsedOptions parsed = ParseScriptOptions(json);
  EXPECT_THAT(parsed.errors, IsEmpty());
  return Consolidate(parsed.options);
}

const ScenarioConfig& Only(const ParsedOptions& parsed) {
  EXPECT_EQ(parsed.options.scenarios->size(), 1);
  return parsed.options.scenarios->front();
}

TEST(Consolidate, MakesOneIterationOutOfNothing) {
  const ParsedOptions parsed = ConsolidatedFrom("{}");
  EXPECT_EQ(Only(parsed).name, "default");
  const auto& config = std::get<PerVuIterationsConfig>(Only(parsed).executor);
  EXPECT_EQ(config.vus, 1);
  EXPECT_EQ(config.iterations, 1);
}

TEST(Consolidate, MakesScenariosOutOfShortcuts) {
  const ParsedOptions vus = ConsolidatedFrom(R"({"vus": 5})");
  EXPECT_EQ(std::get<SharedIterationsConfig>(Only(vus).executor).iterations, 5);
  EXPECT_EQ(std::get<SharedIterationsConfig>(Only(vus).executor).vus, 5);

  const ParsedOptions duration = ConsolidatedFrom(R"({"vus": 2, "duration": "3s"})");
  EXPECT_EQ(std::get<ConstantVusConfig>(Only(duration).executor).duration, absl::Seconds(3));

  const ParsedOptions iterations = ConsolidatedFrom(R"({"iterations": 7, "duration": "3s"})");
  const auto& shared = std::get<SharedIterationsConfig>(Only(iterations).executor);
  EXPECT_EQ(shared.vus, 1);
  EXPECT_EQ(shared.iterations, 7);
  EXPECT_EQ(shared.max_duration, absl::Seconds(3));

  const ParsedOptions stages =
      ConsolidatedFrom(R"({"vus": 4, "stages": [{"duration": "1s", "target": 3}]})");
  EXPECT_EQ(std::get<RampingVusConfig>(Only(stages).executor).start_vus, 4);
}

TEST(Consolidate, NamesTheSystemTagsThatAreKept) {
  EXPECT_EQ(ConsolidatedFrom("{}").options.system_tags, DefaultSystemTags());
  EXPECT_THAT(*ConsolidatedFrom(R"({"systemTags": ["url"]})").options.system_tags,
              ElementsAre("url"));
  EXPECT_THAT(*ConsolidatedFrom(R"({"systemTags": []})").options.system_tags, IsEmpty());
}

TEST(Consolidate, WarnsOfEmptyStagesAndScenarios) {
  for (const char* key : {"stages", "scenarios"}) {
    const std::string value = key == std::string("stages") ? "[]" : "{}";
    const ParsedOptions parsed = ConsolidatedFrom("{\"" + std::string(key) + "\": " + value + "}");
    EXPECT_THAT(
        parsed.warnings,
        ElementsAre("`" + std::string(key) +
                    "` is empty: the test runs 1 iteration in 1 VU, as if it were not set"));
    EXPECT_TRUE(std::holds_alternative<PerVuIterationsConfig>(Only(parsed).executor));
  }
}

TEST(Consolidate, RefusesShortcutsThatExcludeOneAnother) {
  constexpr const char* kStages = R"("stages": [{"duration": "1s", "target": 3}])";
  constexpr const char* kScenarios = R"("scenarios": {"a": {"executor": "shared-iterations"}})";
  const auto errors = [](const std::string& one, const std::string& other) {
    return ConsolidatedFrom("{" + one + ", " + other + "}").errors;
  };
  const auto message = [](const std::string& one, const std::string& other) {
    return "using `" + one + "` and `" + other + "` options simultaneously is not allowed";
  };
  EXPECT_THAT(errors("\"iterations\": 1", kStages), ElementsAre(message("iterations", "stages")));
  EXPECT_THAT(errors("\"iterations\": 1", kScenarios),
              ElementsAre(message("iterations", "scenarios")));
  EXPECT_THAT(errors("\"duration\": \"1s\"", kStages), ElementsAre(message("duration", "stages")));
  EXPECT_THAT(errors("\"duration\": \"1s\"", kScenarios),
              ElementsAre(message("duration", "scenarios")));
  EXPECT_THAT(errors(kStages, kScenarios), ElementsAre(message("stages", "scenarios")));
  EXPECT_THAT(errors("\"iterations\": 1", "\"scenarios\": {}"),
              ElementsAre(message("iterations", "scenarios")));
}

TEST(Consolidate, RefusesADurationOfNothing) {
  EXPECT_THAT(ConsolidatedFrom(R"({"duration": 0})").errors,
              ElementsAre("`duration` option should be more than 0, for infinite duration use the "
                          "externally-controlled executor (duration: 0s)"));
}

TEST(Consolidate, OrdersScenariosByStartTimeAndName) {
  const ParsedOptions parsed = ConsolidatedFrom(R"({"scenarios": {
      "a": {"executor": "shared-iterations", "startTime": "5s"},
      "c": {"executor": "shared-iterations"}, "b": {"executor": "shared-iterations"}}})");
  std::vector<std::string> names;
  for (const ScenarioConfig& scenario : *parsed.options.scenarios) {
    names.push_back(scenario.name);
  }
  EXPECT_THAT(names, ElementsAre("b", "c", "a"));
}

TEST(Consolidate, WarnsOfSystemTagsThatThereAreNot) {
  EXPECT_THAT(
      ConsolidatedFrom(R"({"systemTags": ["url", "vu", "colour"]})").warnings,
      ElementsAre(::testing::HasSubstr("there is no system tag \"colour\"; there are proto")));
}

TEST(Consolidate, KeepsWhatIsSetAndShowsTwoDefaults) {
  const Options options = ConsolidatedFrom(R"({"userAgent": "", "batch": 3})").options;
  EXPECT_EQ(options.user_agent, "");
  EXPECT_EQ(options.batch, 3);
  EXPECT_FALSE(options.setup_timeout.has_value()) << "that nobody has set it is worth knowing";
  EXPECT_EQ(options.system_tags, DefaultSystemTags());
  EXPECT_EQ(options.summary_trend_stats, DefaultTrendStats());
}

TEST(Settle, HasDefaultsForWhatNobodyHasSet) {
  const RunOptions options = Settle(ConsolidatedFrom(R"({"batch": 3})").options);
  EXPECT_EQ(options.batch, 3);
  EXPECT_EQ(options.batch_per_host, 6);
  EXPECT_EQ(options.setup_timeout, absl::Seconds(60));
  EXPECT_TRUE(options.http_errors.Matches(400));
  EXPECT_FALSE(options.http_errors.Matches(399));
}

TEST(Settle, KnowsWhetherRedirectsWereLimited) {
  const RunOptions usual = Settle(ConsolidatedFrom("{}").options);
  EXPECT_EQ(usual.max_redirects, 10);
  EXPECT_FALSE(usual.max_redirects_given);
  const RunOptions given = Settle(ConsolidatedFrom(R"({"maxRedirects": 10})").options);
  EXPECT_EQ(given.max_redirects, 10);
  EXPECT_TRUE(given.max_redirects_given);
}

TEST(Settle, HasAValueForEachOption) {
  const RunOptions options = Settle(ConsolidatedFrom(R"({"rps": 9, "tags": {"a": "b"}})").options);
  EXPECT_EQ(options.scenarios.size(), 1);
  EXPECT_EQ(options.rps, 9);
  EXPECT_EQ(options.tags, (StringMap{{"a", "b"}}));
  EXPECT_EQ(options.batch, 20);
  EXPECT_EQ(options.http_debug, "");
  EXPECT_EQ(Settle(Options()).system_tags, DefaultSystemTags());
}

TEST(Consolidate, LeavesOptionsWithoutADefaultUnset) {
  const Options options = ConsolidatedFrom(R"({"blockHostnames": []})").options;
  EXPECT_TRUE(options.block_hostnames.has_value());
  EXPECT_FALSE(options.blacklist_ips.has_value());
  EXPECT_FALSE(options.tls_version.has_value());
  EXPECT_FALSE(options.cloud.has_value());
}

}  // namespace
}  // namespace lockstep
