#include "common/options/parse.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/options/consolidate.h"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ParseScriptOptions, TakesNothingAsNoOptions) {
  for (const char* text : {"", "null", "{}"}) {
    const ParsedOptions parsed = ParseScriptOptions(text);
    EXPECT_TRUE(parsed.ok());
    EXPECT_FALSE(parsed.options.vus.has_value());
  }
}

TEST(ParseScriptOptions, RefusesWhatIsNoObject) {
  EXPECT_THAT(ParseScriptOptions("[1]").errors,
              ElementsAre("options: invalid value [1]: expected an object"));
  EXPECT_THAT(ParseScriptOptions("{").errors,
              ElementsAre("options: what the script exports cannot be written as JSON"));
}

TEST(ParseScriptOptions, ReadsTheShortcuts) {
  const ParsedOptions parsed = ParseScriptOptions(
      R"({"vus": 2, "duration": 1500, "stages": [{"duration": "1s", "target": 3}, {}]})");
  ASSERT_THAT(parsed.errors, IsEmpty());
  EXPECT_EQ(parsed.options.vus, 2);
  EXPECT_EQ(parsed.options.duration, absl::Milliseconds(1500));
  EXPECT_EQ(parsed.options.stages, (std::vector<Stage>{{absl::Seconds(1), 3}, {}}));
}

TEST(ParseScriptOptions, TellsAllErrorsAtOnceWithKeyAndValue) {
  const ParsedOptions parsed = ParseScriptOptions(
      R"({"vus": 1.5, "duration": "5x", "paused": 1, "tags": {"a": []}, "batch": "many", "systemTags": "url",
          "stages": {}, "userAgent": 7})");
  EXPECT_THAT(parsed.errors,
              ElementsAre(R"(batch: invalid value "many": expected an integer)",
                          "duration: invalid duration \"5x\": expected a string with units such as "
                          "\"1m30s\", \"1.5s\" or \"1d12h\", or a number of milliseconds",
                          "paused: invalid value 1: expected true or false",
                          "stages: invalid value {}: expected a list",
                          R"(systemTags: invalid value "url": expected a list of strings)",
                          "tags.a: invalid value []: expected a string",
                          "userAgent: invalid value 7: expected a string",
                          "vus: invalid value 1.5: expected an integer"));
}

TEST(ParseScriptOptions, WarnsOnceOfAllUnknownOptions) {
  const ParsedOptions parsed = ParseScriptOptions(R"({"fooBar": 1, "vus": 1, "also": {}})");
  EXPECT_TRUE(parsed.ok());
  EXPECT_THAT(
      parsed.warnings,
      ElementsAre("There were unknown fields in the options exported in the script: also, fooBar"));
}

TEST(ParseScriptOptions, SaysWhichOptionAnUnknownOneMayHaveBeen) {
  EXPECT_THAT(ParseScriptOptions(R"({"treshold": {}, "xyzzy": 1})").warnings,
              ElementsAre("There were unknown fields in the options exported in the script: "
                          "treshold (did you mean \"thresholds\"?), xyzzy"));
}

TEST(ParseScriptOptions, WarnsOfUnknownFieldsOfThresholds) {
  const ParsedOptions parsed = ParseScriptOptions(
      R"({"thresholds": {"m": ["p(95)<1", {"threshold": "avg<1", "AbortOnFail": true, "abortOnFial": true}]}})");
  EXPECT_TRUE(parsed.ok());
  EXPECT_THAT(parsed.warnings,
              ElementsAre("There were unknown fields in the options exported in the script: "
                          "thresholds.m[1].abortOnFial (did you mean \"abortOnFail\"?)"));
}

TEST(ParseScriptOptions, TakesWhatIsForOtherServicesInSilence) {
  const ParsedOptions parsed = ParseScriptOptions(
      R"({"ext": {"loadimpact": {"distribution": {"a": {"percent": 100}}}, "other": {}}})");
  EXPECT_TRUE(parsed.ok());
  EXPECT_THAT(parsed.warnings, ::testing::IsEmpty());
}

TEST(ParseScriptOptions, TakesNamesInAnyLetterCase) {
  const ParsedOptions parsed = ParseScriptOptions(R"({
      "insecureSkipTlsVerify": true, "SYSTEMTAGS": ["url"],
      "Scenarios": {"A": {"Executor": "constant-arrival-rate", "RATE": 2, "duration": "1s",
                          "preAllocatedVus": 1, "maxVus": 3},
                    "a": {"executor": "ramping-vus", "startVus": 4,
                          "stages": [{"Duration": "2s", "TARGET": 5}]}},
      "thresholds": {"x": [{"Threshold": "count>0", "AbortonFail": true}]},
      "dns": {"TTL": "7s", "Policy": "onlyIPv6"}})");
  EXPECT_THAT(parsed.errors, ::testing::IsEmpty());
  EXPECT_THAT(parsed.warnings, ::testing::IsEmpty());
  EXPECT_EQ(parsed.options.insecure_skip_tls_verify, true);
  EXPECT_THAT(*parsed.options.system_tags, ElementsAre("url"));
  ASSERT_EQ(parsed.options.scenarios->size(), 2);
  const auto& arrivals =
      std::get<ConstantArrivalRateConfig>(parsed.options.scenarios->at(0).executor);
  EXPECT_EQ(arrivals.rate, 2);
  EXPECT_EQ(arrivals.pre_allocated_vus, 1);
  EXPECT_EQ(arrivals.max_vus, 3);
  const auto& ramp = std::get<RampingVusConfig>(parsed.options.scenarios->at(1).executor);
  EXPECT_EQ(ramp.start_vus, 4);
  EXPECT_EQ(ramp.stages.at(0).target, 5);
  EXPECT_EQ(ramp.stages.at(0).duration, absl::Seconds(2));
  EXPECT_TRUE(parsed.options.thresholds->at("x").at(0).abort_on_fail);
  EXPECT_EQ(parsed.options.dns->ttl, absl::Seconds(7));
  EXPECT_EQ(parsed.options.dns->policy, DnsOptions::Policy::kOnlyIPv6);
}

TEST(ParseScriptOptions, RefusesNullWhereAnObjectIsNeeded) {
  EXPECT_THAT(ParseScriptOptions(R"({"scenarios": {"a": null}})").errors,
              ElementsAre("scenarios.a: invalid value null: expected an object"));
}

TEST(ParseScriptOptions, ReadsScenariosOfToday) {
  const ParsedOptions parsed = ParseScriptOptions(R"({"scenarios": {
      "b": {"executor": "constant-vus", "duration": "2s", "env": {"A": "1"}, "tags": {"t": "x"},
            "startTime": "3s", "gracefulStop": 0, "exec": "other"},
      "a": {"executor": "constant-arrival-rate", "rate": 5, "duration": "2s", "preAllocatedVUs": 3}}})");
  ASSERT_THAT(parsed.errors, IsEmpty());
  ASSERT_EQ(parsed.options.scenarios->size(), 2);
  const ScenarioConfig& a = (*parsed.options.scenarios)[0];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.exec, "default");
  EXPECT_EQ(a.graceful_stop, absl::Seconds(30));
  EXPECT_EQ(std::get<ConstantArrivalRateConfig>(a.executor).rate, 5);
  EXPECT_EQ(std::get<ConstantArrivalRateConfig>(a.executor).max_vus, 3);
  const ScenarioConfig& b = (*parsed.options.scenarios)[1];
  EXPECT_EQ(b.exec, "other");
  EXPECT_EQ(b.start_time, absl::Seconds(3));
  EXPECT_EQ(b.graceful_stop, absl::ZeroDuration());
  EXPECT_THAT(b.env, ElementsAre(::testing::Pair("A", "1")));
  EXPECT_THAT(b.tags, ElementsAre(::testing::Pair("t", "x")));
  EXPECT_EQ(std::get<ConstantVusConfig>(b.executor).duration, absl::Seconds(2));
}

TEST(ParseScriptOptions, ReadsTheSpellingOfTheRequirement) {
  constexpr struct {
    const char* json;
    const char* executor;
  } kCases[] = {
      {R"({"execution": {"a": {"type": "constant-looping-vus", "duration": "2s"}}})",
       "constant-vus"},
      {R"({"execution": {"a": {"type": "variable-looping-vus", "stages": []}}})", "ramping-vus"},
      {R"({"scenarios": {"a": {"type": "variable-arrival-rate", "stages": [], "preAllocatedVUs": 1}}})",
       "ramping-arrival-rate"},
      {R"({"execution": {"a": {"executor": "manual-execution", "duration": 0}}})",
       "externally-controlled"},
  };
  for (const auto& [json, executor] : kCases) {
    const ParsedOptions parsed = ParseScriptOptions(json);
    ASSERT_THAT(parsed.errors, IsEmpty()) << json;
    EXPECT_STREQ(ExecutorTypeName((*parsed.options.scenarios)[0].executor), executor);
  }
}

TEST(ParseScriptOptions, TagsAndVariablesAreTextAndNothingElse) {
  EXPECT_THAT(ParseScriptOptions(R"({"tags": {"n": 5}, "scenarios": {"a": {
                "executor": "shared-iterations", "env": {"B": true}, "tags": {"c": []}}}})")
                  .errors,
              ElementsAre("scenarios.a.env.B: invalid value true: expected a string",
                          "scenarios.a.tags.c: invalid value []: expected a string",
                          "tags.n: invalid value 5: expected a string"));
}

TEST(ParseScriptOptions, NullIsAnEmptyTextAndAnEmptyListOfThresholds) {
  const ParsedOptions parsed = ParseScriptOptions(R"({"tags": {"t": null},
      "thresholds": {"http_reqs": null, "m": ["avg<1"]},
      "scenarios": {"a": {"executor": "shared-iterations", "env": {"E": null}, "tags": {"s": null}}}})");
  ASSERT_THAT(parsed.errors, IsEmpty());
  EXPECT_THAT(parsed.warnings, IsEmpty());
  EXPECT_THAT(*parsed.options.tags, ElementsAre(::testing::Pair("t", "")));
  EXPECT_THAT(parsed.options.thresholds->at("http_reqs"), IsEmpty());
  EXPECT_EQ(parsed.options.thresholds->at("m").size(), 1u);
  const ScenarioConfig& scenario = (*parsed.options.scenarios)[0];
  EXPECT_THAT(scenario.env, ElementsAre(::testing::Pair("E", "")));
  EXPECT_THAT(scenario.tags, ElementsAre(::testing::Pair("s", "")));
  EXPECT_THAT(Validate(Settle(parsed.options), nullptr), IsEmpty());
}

TEST(ParseScriptOptions, AnEmptyTextIsNoNumberGiven) {
  const ParsedOptions parsed = ParseScriptOptions(R"({"vus": "", "iterations": "7",
    "scenarios": {"s": {"executor": "constant-vus", "duration": "1s", "vus": ""}}})");
  EXPECT_THAT(parsed.errors, IsEmpty());
  EXPECT_EQ(parsed.options.vus, std::nullopt);
  EXPECT_EQ(parsed.options.iterations, 7);
  EXPECT_THAT(parsed.warnings, ElementsAre(R"(vus: "" is treated as not set)"));
}

TEST(ParseScriptOptions, AnyOtherWordOfHttpDebugMeansHeadersAndIsWarnedOf) {
  const ParsedOptions parsed = ParseScriptOptions(R"({"httpDebug": "ful"})");
  ASSERT_THAT(parsed.errors, IsEmpty());
  EXPECT_EQ(parsed.options.http_debug, "headers");
  EXPECT_THAT(parsed.warnings, ElementsAre("httpDebug: \"ful\" is taken for \"headers\"; there are "
                                           "headers, full"));
  for (const char* word : {"", "headers", "full"}) {
    const ParsedOptions known =
        ParseScriptOptions(std::string(R"({"httpDebug": ")") + word + "\"}");
    EXPECT_EQ(known.options.http_debug, word);
    EXPECT_THAT(known.warnings, IsEmpty());
  }
  EXPECT_THAT(ParseScriptOptions(R"({"httpDebug": true})").errors,
              ElementsAre("httpDebug: invalid value true: expected one of headers, full"));
}

TEST(ParseScriptOptions, AScenarioWithAFieldThatCannotBeReadIsCheckedAllTheSame) {
  const ParsedOptions parsed = ParseScriptOptions(R"({"scenarios": {"a": {
      "executor": "constant-arrival-rate", "rate": "fast", "duration": "soon", "preAllocatedVUs": -2,
      "gracefulStop": "-1s"}}})");
  EXPECT_EQ(parsed.errors.size(), 2u);
  ASSERT_EQ(parsed.options.scenarios->size(), 1u);
  EXPECT_THAT((*parsed.options.scenarios)[0].unread, ElementsAre("rate", "duration"));
  EXPECT_THAT(Validate(Settle(parsed.options), nullptr),
              ElementsAre("scenario a has configuration errors: the gracefulStop timeout can't be "
                          "negative (gracefulStop: -1s), the number of preAllocatedVUs can't be "
                          "negative (preAllocatedVUs: -2)"));
}

TEST(ParseScriptOptions, RefusesFaultyScenarios) {
  constexpr struct {
    const char* json;
    const char* error;
  } kCases[] = {
      {R"({"scenarios": {"a": {"executor": "constant-vus", "duration": "2s", "bogus": 1}}})",
       "scenarios.a: unknown field \"bogus\"; allowed: executor, type, startTime, gracefulStop, "
       "exec, env, tags, options, vus, duration"},
      {R"({"scenarios": {"a": {"executor": "no-such"}}})",
       "scenarios.a: unknown executor type 'no-such'; allowed: shared-iterations, "
       "per-vu-iterations, constant-vus, "
       "ramping-vus, constant-arrival-rate, ramping-arrival-rate, externally-controlled"},
      {R"({"scenarios": {"a": {"duration": "2s"}}})",
       "scenario 'a' doesn't have a specified executor type; allowed: shared-iterations, "
       "per-vu-iterations, constant-vus, "
       "ramping-vus, constant-arrival-rate, ramping-arrival-rate, externally-controlled"},
      {R"({"scenarios": {"a": {"executor": ""}}})",
       "scenario 'a' doesn't have a specified executor type; allowed: shared-iterations, "
       "per-vu-iterations, constant-vus, "
       "ramping-vus, constant-arrival-rate, ramping-arrival-rate, externally-controlled"},
      {R"({"scenarios": {"a": {"executer": "constant-vus", "exec": "f"}}})",
       "scenario 'a' doesn't have a specified executor type: unknown field \"executer\"; did you mean "
       "\"executor\"? Allowed: shared-iterations, per-vu-iterations, constant-vus, "
       "ramping-vus, constant-arrival-rate, ramping-arrival-rate, externally-controlled"},
      {R"({"scenarios": {"a": 5}})", "scenarios.a: invalid value 5: expected an object"},
      {R"({"scenarios": []})", "scenarios: invalid value []: expected an object"},
      {R"({"scenarios": {"a": {"executor": "ramping-vus", "type": "constant-vus"}}})",
       "scenarios.a: `executor` and `type` name different executors; give one of them"},
      {R"({"scenarios": {}, "execution": {}})",
       "execution: `scenarios` and `execution` are two names of one option; give one of them"},
      {R"({"scenarios": {"a": {"executor": "ramping-vus", "stages": [{"duration": "1s", "targt": 1}]}}})",
       "scenarios.a.stages[0]: unknown field \"targt\"; did you mean \"target\"? Allowed: duration, "
       "target"},
      {R"({"scenarios": {"a": {"executor": "constant-vu", "duration": "1s"}}})",
       "scenarios.a: unknown executor type 'constant-vu'; did you mean \"constant-vus\"? Allowed: "
       "shared-iterations, per-vu-iterations, constant-vus, "
       "ramping-vus, constant-arrival-rate, ramping-arrival-rate, externally-controlled"},
      {R"({"scenarios": {"a": {"executor": "shared-iterations", "vus": "x"}}})",
       R"(scenarios.a.vus: invalid value "x": expected an integer)"},
  };
  for (const auto& [json, error] : kCases) {
    EXPECT_THAT(ParseScriptOptions(json).errors, ElementsAre(error)) << json;
  }
}

TEST(ParseScriptOptions, ReadsHttpErrors) {
  using Ranges = std::vector<std::pair<int, int>>;
  const struct {
    const char* status;
    Ranges ranges;
  } kCases[] = {{R"(">=400")", {{400, 999}}},
                {R"("> 499")", {{500, 999}}},
                {R"("<200")", {{1, 199}}},
                {R"("400-599")", {{400, 599}}},
                {"429", {{429, 429}}},
                {R"("=500")", {{500, 500}}},
                {R"(["500-599", 429])", {{500, 599}, {429, 429}}}};
  for (const auto& [status, ranges] : kCases) {
    const ParsedOptions parsed =
        ParseScriptOptions(std::string(R"({"httpErrors": {"status": )") + status + "}}");
    ASSERT_THAT(parsed.errors, IsEmpty()) << status;
    EXPECT_EQ(parsed.options.http_errors->status, ranges) << status;
  }
  const ParsedOptions parsed = ParseScriptOptions(R"({"httpErrors": {"exclude": [404]}})");
  EXPECT_TRUE(parsed.options.http_errors->Matches(0));
  EXPECT_TRUE(parsed.options.http_errors->Matches(503));
  EXPECT_FALSE(parsed.options.http_errors->Matches(404));
  EXPECT_FALSE(parsed.options.http_errors->Matches(302));
}

TEST(ParseScriptOptions, RefusesMalformedHttpErrorsByKey) {
  constexpr const char* kAllowed =
      "expected a comparison such as \">=400\", a range such as \"400-599\", a status from 100 to "
      "999, or a list of them";
  for (const char* status : {R"("bad")", R"(">=")", R"("599-400")", "99", "1000", "4.5", "true",
                             "{}", R"("")", R"("!=200")"}) {
    EXPECT_THAT(
        ParseScriptOptions(std::string(R"({"httpErrors": {"status": )") + status + "}}").errors,
        ElementsAre(std::string("httpErrors.status: invalid value ") + status + ": " + kAllowed));
  }
  EXPECT_THAT(ParseScriptOptions(R"({"httpErrors": {"exclude": ["404"], "x": 1}})").errors,
              ElementsAre(R"(httpErrors: unknown field "x"; allowed: status, exclude)",
                          "httpErrors.exclude[0]: invalid value \"404\": expected a status from "
                          "100 to 999, or a list of them"));
  EXPECT_THAT(ParseScriptOptions(R"({"httpErrors": ">=400"})").errors,
              ElementsAre(R"(httpErrors: invalid value ">=400": expected an object)"));
}

TEST(ParseScriptOptions, ReadsThresholdsAsStringsAndObjects) {
  const ParsedOptions parsed = ParseScriptOptions(R"({"thresholds": {
      "a": ["p(95)<500", {"threshold": "avg<1", "abortOnFail": true, "delayAbortEval": "10s"}], "b": "count>1"}})");
  ASSERT_THAT(parsed.errors, IsEmpty());
  const std::vector<ThresholdConfig>& a = parsed.options.thresholds->at("a");
  EXPECT_EQ(a[0].expression, "p(95)<500");
  EXPECT_FALSE(a[0].abort_on_fail);
  EXPECT_TRUE(a[1].abort_on_fail);
  EXPECT_EQ(a[1].delay_abort_eval, absl::Seconds(10));
  EXPECT_EQ(parsed.options.thresholds->at("b")[0].expression, "count>1");
  EXPECT_THAT(
      ParseScriptOptions(R"({"thresholds": {"a": [5], "b": [{"threshold": "x", "note": true}]}})")
          .errors,
      ElementsAre("thresholds.a[0]: invalid value 5: expected a string such as \"p(95)<500\" or "
                  "{threshold, abortOnFail, delayAbortEval}"));
}

// So that one mistake is one message: what is missing is complained of elsewhere.
TEST(ParseScriptOptions, WhatCannotBeReadIsNotThereAsNothing) {
  const ParsedOptions thresholds =
      ParseScriptOptions(R"({"thresholds": {"a": [{"threshold": 5}, "p(95)<1"]}})");
  EXPECT_THAT(thresholds.errors,
              ElementsAre("thresholds.a[0].threshold: invalid value 5: expected a string"));
  ASSERT_EQ(thresholds.options.thresholds->at("a").size(), 1u);
  EXPECT_EQ(thresholds.options.thresholds->at("a")[0].expression, "p(95)<1");
  const ParsedOptions stages =
      ParseScriptOptions(R"({"stages": [{"duration": "1s", "target": 1.5}]})");
  EXPECT_EQ(stages.errors.size(), 1u);
  EXPECT_FALSE(stages.options.stages.has_value());
}

TEST(ParseScriptOptions, ReadsTlsAndDns) {
  const ParsedOptions parsed = ParseScriptOptions(
      R"({"tlsVersion": {"min": "tls1.2"}, "dns": {"ttl": "inf", "select": "first", "policy": "onlyIPv6"},
          "tlsAuth": [{"cert": "C", "key": "K", "domains": ["a.b"]}]})");
  ASSERT_THAT(parsed.errors, IsEmpty());
  EXPECT_EQ(parsed.options.tls_version, (std::pair<std::string, std::string>("tls1.2", "tls1.3")));
  EXPECT_EQ(parsed.options.dns->ttl, absl::InfiniteDuration());
  EXPECT_EQ(parsed.options.dns->policy, DnsOptions::Policy::kOnlyIPv6);
  EXPECT_EQ((*parsed.options.tls_auth)[0].domains, std::vector<std::string>{"a.b"});
  EXPECT_EQ(ParseScriptOptions(R"({"tlsVersion": "tls1.3"})").options.tls_version->first, "tls1.3");
  EXPECT_THAT(
      ParseScriptOptions(R"({"tlsVersion": "ssl3", "dns": {"select": "last"}})").errors,
      ElementsAre(
          R"(dns.select: invalid value "last": expected one of first, random, roundRobin)",
          "tlsVersion: unknown TLS version 'ssl3'; allowed: tls1.0, tls1.1, tls1.2, tls1.3"));
}

TEST(ConfigurationStatus, ListsAllErrors) {
  EXPECT_TRUE(ConfigurationStatus({}).ok());
  EXPECT_EQ(ConfigurationStatus({"one", "two"}).message(),
            "There were problems with the specified script configuration:\n\t- one\n\t- two");
}

}  // namespace
}  // namespace lockstep
