#include "common/options/options_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/options/consolidate.h"

namespace lockstep {
namespace {

constexpr const char* kEverything = R"json({
  "paused": true, "scenarios": {
    "a": {"executor": "shared-iterations", "vus": 2, "iterations": 9, "env": {"E": "1"}, "tags": {"t": "x"}},
    "b": {"executor": "per-vu-iterations", "startTime": "1.000000001s"},
    "c": {"executor": "constant-vus", "duration": "90s", "gracefulStop": 0, "exec": "f"},
    "d": {"executor": "ramping-vus", "stages": [{"duration": "1s", "target": 3}]},
    "e": {"executor": "constant-arrival-rate", "rate": 5, "duration": "2s", "preAllocatedVUs": 1, "maxVUs": 4},
    "f": {"executor": "ramping-arrival-rate", "stages": [{"duration": "1s", "target": 3}], "preAllocatedVUs": 1},
    "g": {"executor": "externally-controlled", "vus": 1, "maxVUs": 3, "duration": 0}},
  "executionSegment": "0:1/2", "executionSegmentSequence": "0,1/2,1", "noSetup": true, "rps": 5,
  "dns": {"ttl": "inf", "select": "roundRobin", "policy": "any"}, "userAgent": "ua \u00e4", "httpDebug": "full",
  "httpErrors": {"status": ["<200", ">=500", 404, ">999"], "exclude": [503]}, "tlsVersion": {"min": "tls1.1", "max": "tls1.2"},
  "tlsAuth": [{"cert": "C", "key": "K", "password": "P", "domains": ["d"]}], "throw": true,
  "thresholds": {"m": ["avg<1", {"threshold": "max<2", "abortOnFail": true, "delayAbortEval": "5s"}]},
  "blacklistIPs": ["10.0.0.0/8"], "blockHostnames": ["*.x"], "hosts": {"h": "1.2.3.4"}, "cloud": {"projectID": 1},
  "summaryTrendStats": ["avg", "p(99.9)"], "summaryTimeUnit": "ms", "systemTags": ["url"], "tags": {"k": "v"},
  "consoleOutput": "f.txt", "localIPs": "1.2.3.4", "minIterationDuration": "250ms"})json";

TEST(CanonicalJson, RoundTripsConsolidatedOptions) {
  const ParsedOptions parsed = ParseScriptOptions(kEverything);
  ASSERT_THAT(parsed.errors, ::testing::IsEmpty());
  const ParsedOptions consolidated = Consolidate(parsed.options);
  const std::string text = ToCanonicalJson(consolidated.options);
  const absl::StatusOr<Options> again = FromCanonicalJson(text);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(ToCanonicalJson(*again), text);
  EXPECT_EQ(again->scenarios->back().name, "b");
  EXPECT_EQ(again->scenarios->back().start_time, absl::Nanoseconds(1'000'000'001));
  EXPECT_EQ(again->http_errors->status, consolidated.options.http_errors->status);
  EXPECT_EQ(again->dns->ttl, absl::InfiniteDuration());
}

TEST(CanonicalJson, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(FromCanonicalJson(R"({"novel": 1})").status().message(),
            "There were problems with the specified script configuration:\n\t- There were unknown "
            "fields in the options exported in the script: novel");
  EXPECT_FALSE(FromCanonicalJson("{").ok());
}

TEST(CanonicalJson, HasOnlyWhatIsSet) {
  EXPECT_EQ(ToCanonicalJson({}), "{}");
  EXPECT_EQ(ToCanonicalJson(ParseScriptOptions(R"({"vus": 2, "duration": 60000})").options),
            R"({"vus":2,"duration":"1m0s"})");
}

TEST(InspectJson, HasNullForFieldsOfScenariosThatNobodyHasSet) {
  const auto scenario = [](absl::string_view options) {
    const ParsedOptions consolidated = Consolidate(ParseScriptOptions(options).options);
    const Options again = *FromCanonicalJson(ToCanonicalJson(consolidated.options));
    return ToInspectJson(again)["scenarios"].begin()->dump();
  };
  EXPECT_EQ(
      R"({"executor":"per-vu-iterations","startTime":null,"gracefulStop":null,"env":null,"exec":null,"tags":null,"vus":null,"iterations":null,"maxDuration":null})",
      scenario("{}"));
  EXPECT_EQ(
      R"({"executor":"constant-vus","startTime":null,"gracefulStop":"30s","env":{},"exec":null,"tags":null,"vus":1,"duration":"5s"})",
      scenario(R"({"scenarios": {"s": {"executor": "constant-vus", "gracefulStop": "30s",
                   "env": {}, "vus": 1, "duration": "5s"}}})"));
  EXPECT_EQ(
      R"({"executor":"shared-iterations","startTime":null,"gracefulStop":null,"env":null,"exec":null,"tags":null,"vus":2,"iterations":7,"maxDuration":null})",
      scenario(R"({"vus": 2, "iterations": 7})"));
}

TEST(InspectJson, ShowsDnsByItsParts) {
  EXPECT_EQ(R"({"ttl":null,"select":null,"policy":null})", ToInspectJson({})["dns"].dump());
}

TEST(InspectJson, HasNullForWhatIsNotSet) {
  const nlohmann::ordered_json json = ToInspectJson(
      ParseScriptOptions(R"({"vus": 2, "duration": "1d2h30m", "teardownTimeout": "4500"})")
          .options);
  EXPECT_EQ(json["vus"], 2);
  EXPECT_EQ(json["duration"], "26h30m0s");
  EXPECT_EQ(json["teardownTimeout"], "4.5s");
  EXPECT_TRUE(json["scenarios"].is_null());
  EXPECT_TRUE(json["rps"].is_null());
}

}  // namespace
}  // namespace lockstep
