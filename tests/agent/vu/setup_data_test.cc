// What setup() returns, and what of it reaches the VUs.

#include <gmock/gmock.h>

#include "tests/agent/vu/host_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SetupDataTest : public HostTest {
 protected:
  ScriptResult<std::string> ResultOf(absl::string_view body) {
    Reset();
    Script(absl::StrCat("import http from 'k6/http'; export function setup() { ", body,
                        " } export default function () {}"));
    EXPECT_TRUE(Prepare(1).value.has_value());
    return RunSetup();
  }
  std::string Json(absl::string_view body) {
    const ScriptResult<std::string> result = ResultOf(body);
    return result.value.value_or(result.failure.message);
  }
};

// Values as Go's encoding/json writes what k6's engine exports: a Set is a list, a Map a list of
// pairs, bytes are base64.
TEST_F(SetupDataTest, IsWrittenAsK6DoesIt) {
  const std::pair<const char*, const char*> cases[] = {
      {"return { n: [1], u: undefined };", R"({"n":[1],"u":null})"},
      {"return { a: new Date(0), b: new Date(1), list: [undefined] };",
       R"({"a":"1970-01-01T00:00:00Z","b":"1970-01-01T00:00:00.001Z","list":[null]})"},
      {"return { s: new Set(['a', new Set([1])]), m: new Map([['k', { v: 1 }]]) };",
       R"({"s":["a",[1]],"m":[["k",{"v":1}]]})"},
      {"return [12345678901234567890n, -1n, -0, '-0'];", R"([12345678901234567890,-1,-0,"-0"])"},
      {"return [new Uint8Array([0, 255, 16]), new Float64Array([1.5]), new BigInt64Array([2n])];",
       R"(["AP8Q",[1.5],[2]])"},
      {"return null;", "null"},
  };
  for (const auto& [body, json] : cases) {
    EXPECT_EQ(Json(body), json) << body;
  }
}

TEST_F(SetupDataTest, OfAResponseItsFieldsAreKept) {
  const std::string json = Json("return { login: http.get('http://h:no/') };");
  EXPECT_THAT(json, HasSubstr(R"({"login":{"request":null,"error_code":1020,)"));
  EXPECT_THAT(json, Not(HasSubstr("submitForm")));
}

// As k6's documentation says: thresholds on `iteration_duration{group:::setup}` work.
TEST_F(SetupDataTest, SetupTakesTimeLikeAnIterationButIsNone) {
  for (const char* body : {"return 1;", "throw new Error('no');"}) {
    ResultOf(body);
    std::optional<std::vector<std::string>> sealed;
    host_.Seal(
        1, [](Batch&) {}, [&](std::vector<std::string> batches) { sealed = std::move(batches); });
    std::vector<TagList> durations;
    for (const std::string& encoded : Wait(sealed)) {
      const Batch batch = *DecodeBatch(encoded);
      for (const SeriesDelta& series : batch.series) {
        EXPECT_NE(batch.metrics[series.metric].name, "iterations");
        if (batch.metrics[series.metric].name == "iteration_duration") {
          EXPECT_EQ(series.aggregate.count(), 1u);
          durations.push_back(batch.tag_sets[series.tag_set]);
        }
      }
    }
    EXPECT_EQ(durations, (std::vector<TagList>{{{"group", "::setup"}}})) << body;
  }
}

TEST_F(SetupDataTest, FunctionsOfTheScriptAreRefused) {
  const ScriptResult<std::string> result = ResultOf("return { f() {} };");
  EXPECT_FALSE(result.value.has_value());
  EXPECT_EQ(result.failure.exit_code, ExitCode::kOther);
  EXPECT_THAT(result.failure.message,
              HasSubstr("setup() returned data that JSON cannot hold: f is a function"));
}

}  // namespace
}  // namespace lockstep::agent
