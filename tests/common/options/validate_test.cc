#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/options/consolidate.h"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// What is wrong with each option where it is read, and with all of them together.
std::vector<std::string> Problems(absl::string_view json,
                                  const std::vector<std::string>& exports = {"default"}) {
  ParsedOptions parsed = ParseScriptOptions(json);
  ParsedOptions consolidated = Consolidate(parsed.options);
  EXPECT_THAT(consolidated.errors, IsEmpty()) << json;
  std::vector<std::string> problems = parsed.errors;
  for (std::string& problem : Validate(Settle(consolidated.options), &exports)) {
    if (std::find(problems.begin(), problems.end(), problem) == problems.end()) {
      problems.push_back(std::move(problem));
    }
  }
  return problems;
}

TEST(Validate, AcceptsEachExecutor) {
  for (
      const char* scenario :
      {R"("executor": "shared-iterations")", R"("executor": "per-vu-iterations", "vus": 3)",
       R"("executor": "constant-vus", "duration": "1s")",
       R"("executor": "ramping-vus", "stages": [{"duration": 0, "target": 1}])",
       R"("executor": "constant-arrival-rate", "rate": 5, "duration": "2s", "preAllocatedVUs": 0, "maxVUs": 1)",
       R"("executor": "ramping-arrival-rate", "stages": [{"duration": "1s", "target": 0}], "preAllocatedVUs": 1)",
       R"("executor": "externally-controlled", "vus": 1, "maxVUs": 5, "duration": 0)"}) {
    EXPECT_THAT(Problems(std::string(R"({"scenarios": {"a": {)") + scenario + "}}}"), IsEmpty())
        << scenario;
  }
}

TEST(Validate, PatternsOfHostsAreNames) {
  for (const char* good :
       {"a", "*", "*.a.b", "*a", "A-1.b_c", "127.0.0.1", "::1", "münchen.test"}) {
    EXPECT_THAT(Problems(absl::StrCat(R"({"blockHostnames": [")", good, R"("]})")), IsEmpty())
        << good;
  }
  for (const char* bad : {"", "http://a", "a..b", ".a", "a.", "a:80", "a b", "*.", "*..a"}) {
    EXPECT_THAT(Problems(absl::StrCat(R"({"blockHostnames": [")", bad, R"("]})")),
                ElementsAre(absl::StrCat("blockHostnames: invalid hostname pattern \"", bad,
                                         "\": expected a name such as example.com or "
                                         "*.example.com")));
  }
  EXPECT_THAT(Problems(R"({"hosts": {"a:80": "1.2.3.4", "*.b": "1.2.3.4", "::1": "1.2.3.4"}})"),
              IsEmpty());
  EXPECT_THAT(Problems(R"({"hosts": {"http://a": "1.2.3.4"}})"),
              ElementsAre("hosts: invalid hostname pattern \"http://a\": expected a name such as "
                          "example.com or *.example.com, with or without a port"));
}

TEST(Validate, SaysWhatIsWrongWithAScenario) {
  constexpr struct {
    const char* scenario;
    const char* problem;
  } kCases[] = {
      {R"("executor": "constant-vus", "vus": 1)", "the duration is unspecified"},
      {R"("executor": "constant-vus", "duration": "500ms")",
       "the duration must be at least 1s, but is 500ms"},
      {R"("executor": "constant-vus", "duration": "1s", "vus": 0)",
       "the number of VUs must be more than 0 (vus: 0)"},
      {R"("executor": "shared-iterations", "vus": 5, "iterations": 3)",
       "the number of iterations (3) can't be less than the number of VUs (5)"},
      {R"("executor": "shared-iterations", "maxDuration": "1ms")",
       "the maxDuration must be at least 1s, but is 1ms"},
      {R"("executor": "shared-iterations", "startTime": "-1s")",
       "the startTime can't be negative (startTime: -1s)"},
      {R"("executor": "shared-iterations", "gracefulStop": "-1s")",
       "the gracefulStop timeout can't be negative (gracefulStop: -1s)"},
      {R"("executor": "per-vu-iterations", "vus": -2)",
       "the number of VUs must be more than 0 (vus: -2)"},
      {R"("executor": "per-vu-iterations", "iterations": 0)",
       "the number of iterations must be more than 0 (iterations: 0)"},
      {R"("executor": "constant-arrival-rate", "duration": "2s", "preAllocatedVUs": 1)",
       "the iteration rate isn't specified"},
      {R"("executor": "constant-arrival-rate", "rate": 0, "duration": "2s", "preAllocatedVUs": 1)",
       "the iteration rate must be more than 0 (rate: 0)"},
      {R"("executor": "constant-arrival-rate", "rate": 5, "duration": "2s")",
       "the number of preAllocatedVUs isn't specified"},
      {R"("executor": "constant-arrival-rate", "rate": 5, "duration": "2s", "preAllocatedVUs": -1)",
       "the number of preAllocatedVUs can't be negative (preAllocatedVUs: -1)"},
      {R"("executor": "constant-arrival-rate", "rate": 5, "duration": "2s", "preAllocatedVUs": 3, "maxVUs": 2)",
       "maxVUs can't be less than preAllocatedVUs (maxVUs: 2, preAllocatedVUs: 3)"},
      {R"("executor": "constant-arrival-rate", "rate": 5, "duration": "2s", "preAllocatedVUs": 3, "timeUnit": 0)",
       "the timeUnit must be more than 0 (timeUnit: 0s)"},
      {R"("executor": "ramping-vus", "stages": [])", "at least one stage has to be specified"},
      {R"("executor": "ramping-vus", "stages": [{"duration": "1s"}])",
       "stage 1 doesn't have a target"},
      {R"("executor": "ramping-vus", "stages": [{"target": 3}])",
       "stage 1 doesn't have a duration"},
      {R"("executor": "ramping-vus", "stages": [{"target": 3, "duration": "-1s"}])",
       "the duration for stage 1 can't be negative (stages[0].duration: -1s)"},
      {R"("executor": "ramping-vus", "stages": [{"target": -3, "duration": "1s"}])",
       "the target for stage 1 can't be negative (stages[0].target: -3)"},
      {R"("executor": "ramping-vus", "startVUs": 0, "stages": [{"target": 0, "duration": "1s"}])",
       "either startVUs or one of the stages' target values must be greater than 0"},
      {R"("executor": "ramping-vus", "startVUs": -1, "stages": [{"target": 1, "duration": "1s"}])",
       "the number of start VUs can't be negative (startVUs: -1)"},
      {R"("executor": "ramping-vus", "stages": [{"target": 100000001, "duration": "1s"}])",
       "target for stage 1 exceeds max limit of 100000000 (stages[0].target: 100000001)"},
      {R"("executor": "ramping-vus", "startVUs": 100000001, "stages": [{"target": 1, "duration": "1s"}])",
       "the startVUs exceed max limit of 100000000 (startVUs: 100000001)"},
      {R"("executor": "ramping-arrival-rate", "preAllocatedVUs": 1, "startRate": -1,
          "stages": [{"target": 1, "duration": "1s"}])",
       "the startRate value can't be negative (startRate: -1)"},
      {R"("executor": "shared-iterations", "exec": "")", "exec value cannot be empty"},
  };
  for (const auto& [scenario, problem] : kCases) {
    EXPECT_THAT(Problems(std::string(R"({"scenarios": {"a": {)") + scenario + "}}}"),
                ElementsAre(std::string("scenario a has configuration errors: ") + problem))
        << scenario;
  }
}

TEST(Validate, TellsAllProblemsOfAllScenariosAtOnce) {
  EXPECT_THAT(
      Problems(R"({"rps": -1, "scenarios": {
                 "a b": {"executor": "per-vu-iterations", "vus": 0, "iterations": 0},
                 "c": {"executor": "shared-iterations", "exec": "nope"}}})"),
      ::testing::UnorderedElementsAre(
          "scenario a b has configuration errors: the scenario name should contain only numbers, "
          "latin "
          "letters, underscores, and dashes, the number of VUs must be more than 0 (vus: 0), the "
          "number of iterations must be more than 0 (iterations: 0)",
          "executor c: function 'nope' not found in exports",
          "rps: invalid value -1: can't be negative"));
}

TEST(Validate, RefusesAUserAgentThatWouldBeTwoHeaders) {
  EXPECT_THAT(
      Problems(R"({"iterations": 1, "userAgent": "a\r\nX-Evil: 1"})"),
      ElementsAre(
          R"(userAgent: invalid value "a\r\nX-Evil: 1": expected a text without line breaks)"));
}

TEST(Validate, ChecksExports) {
  EXPECT_THAT(Problems(R"({"iterations": 1})", {"other"}),
              ElementsAre("executor default: function 'default' not found in exports"));
  EXPECT_THAT(
      Problems(R"({"scenarios": {"a": {"executor": "per-vu-iterations", "exec": "brose"}}})",
               {"browse", "default"}),
      ElementsAre("executor a: function 'brose' not found in exports; did you mean "
                  "\"browse\"?"));
  EXPECT_THAT(Problems("{}", {}),
              ElementsAre("executor default: function 'default' not found in exports",
                          "no exported functions in script"));
  ParsedOptions consolidated = Consolidate({});
  EXPECT_THAT(Validate(Settle(consolidated.options), nullptr), IsEmpty());
}

TEST(Validate, ChecksSegments) {
  EXPECT_THAT(
      Problems(R"({"executionSegment": "1/4:1/2", "executionSegmentSequence": "0,1/4,1/2,1"})"),
      IsEmpty());
  EXPECT_THAT(
      Problems(R"({"executionSegment": "1/3:1/2", "executionSegmentSequence": "0,1/4,1/2,1"})"),
      ElementsAre(::testing::StartsWith(
          "executionSegment: provided segment 1/3:1/2 can't be found in sequence")));
  EXPECT_THAT(Problems(R"({"executionSegment": "x"})"),
              ElementsAre(::testing::StartsWith("executionSegment: ")));
  EXPECT_THAT(Problems(R"({"executionSegment": "0:1/16777217"})"),
              ElementsAre("executionSegment: execution segment sequence 0,1/16777217,1: the least "
                          "common denominator of its lengths exceeds 16777216"));
}

// A part of the test must lie in (0, 1], and the parts must follow one another.
TEST(Validate, NamesTheSegmentThatIsWrong) {
  constexpr struct {
    const char* options;
    const char* problem;
  } kCases[] = {
      {R"("executionSegment": "0:0")",
       R"(executionSegment: execution segment "0:0": its end 0 must be greater than its begin 0)"},
      {R"("executionSegment": "1/2:1/3")",
       "executionSegment: execution segment \"1/2:1/3\": its end 1/3 must be greater than its "
       "begin 1/2"},
      {R"("executionSegment": "120%")",
       R"(executionSegment: execution segment "120%": border 120% is greater than 1)"},
      {R"("executionSegment": "0:1/2", "executionSegmentSequence": "0,1/2,1/3,1")",
       "executionSegmentSequence: execution segment sequence \"0,1/2,1/3,1\": border 1/3 must be "
       "greater than the one before it, 1/2"},
      {R"("executionSegment": "0:1/2", "executionSegmentSequence": "0,1/2,1/2,1")",
       "executionSegmentSequence: execution segment sequence \"0,1/2,1/2,1\": border 1/2 must be "
       "greater than the one before it, 1/2"},
      {R"("executionSegment": "0:2/3", "executionSegmentSequence": "0,1/3,1")",
       "executionSegment: provided segment 0:2/3 can't be found in sequence 0,1/3,1"},
  };
  for (const auto& [options, problem] : kCases) {
    EXPECT_THAT(Problems(std::string("{") + options + "}"), ElementsAre(problem)) << options;
  }
}

TEST(Validate, ChecksTheRest) {
  EXPECT_THAT(
      Problems(
          R"json({"setupTimeout": 0, "blacklistIPs": ["10.0.0.0/33", "::1/128"], "summaryTrendStats": ["p(101)"],
                  "blockHostnames": ["a.*.b", "*.c"], "hosts": {"x.y": "nowhere", "z": "1.2.3.4:80"},
                  "localIPs": "10.0.0.1, 10.0.0.3-10.0.0.9,10.1.0.0/28,::1,lo,10.0.0.1-x,10.0.0.0/99"})json"),
      ::testing::UnorderedElementsAre(
          "setupTimeout: invalid value 0s: must be positive",
          R"(blacklistIPs: invalid value "10.0.0.0/33": expected an IP range such as 10.0.0.0/8)",
          "blockHostnames: invalid hostname pattern \"a.*.b\": a wildcard * is only allowed at its "
          "start",
          R"(hosts.x.y: invalid value "nowhere": expected an IP address, with or without a port)",
          "summaryTrendStats: invalid value \"p(101)\": expected avg, min, med, max, count or p(N) "
          "with N from 0 to 100",
          "localIPs: invalid value \"lo\": expected an IP address, a range such as "
          "10.0.0.1-10.0.0.9, or 10.0.0.0/28",
          "localIPs: invalid value \"10.0.0.1-x\": expected an IP address, a range such as "
          "10.0.0.1-10.0.0.9, or 10.0.0.0/28",
          "localIPs: invalid value \"10.0.0.0/99\": expected an IP address, a range such as "
          "10.0.0.1-10.0.0.9, or 10.0.0.0/28"));
}

}  // namespace
}  // namespace lockstep
