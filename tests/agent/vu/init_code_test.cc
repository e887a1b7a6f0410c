// What becomes of the init code: inspection, its failures, and the VUs that evaluate it.

#include <gmock/gmock.h>

#include "tests/agent/vu/host_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

using InitCode = HostTest;

TEST_F(InitCode, InspectionTellsOptionsExportsAndMetrics) {
  Script(R"(
    import { Trend } from 'k6/metrics';
    const t = new Trend('latency', true);
    export const options = { vus: 3, tags: { a: __ENV.A } };
    export default function () {}
    export function setup() {}
    export const number = 1;
  )");
  env_["A"] = "b";
  const ScriptResult<Inspection> result = Inspect();
  ASSERT_TRUE(result.value.has_value()) << result.failure.message;
  EXPECT_EQ(result.value->options_json, R"({"vus":3,"tags":{"a":"b"}})");
  EXPECT_THAT(result.value->exports, UnorderedElementsAre("default", "setup"));
  ASSERT_EQ(result.value->custom_metrics.size(), 1u);
  EXPECT_EQ(result.value->custom_metrics[0].name, "latency");
}

TEST_F(InitCode, InspectionWaitsForFilesThatTheBundleLacks) {
  remote_["file:///test/lib/a.js"] = "export { b } from './b.js';";
  remote_["file:///test/lib/b.js"] = "export const b = open('../data.txt');";
  remote_["file:///test/data.txt"] = "read";
  Script(R"js(
    import { b } from './lib/a.js';
    export const options = { userAgent: b };
    export default function () {}
  )js");
  const ScriptResult<Inspection> result = Inspect();
  ASSERT_TRUE(result.value.has_value()) << result.failure.message;
  EXPECT_EQ(result.value->options_json, R"({"userAgent":"read"})");
}

TEST_F(InitCode, OptionsThatAreNoObjectAreToldAsTheyAre) {
  for (const auto& [exported, json] : std::vector<std::pair<std::string, std::string>>{
           {"5", "5"}, {"'x'", R"("x")"}, {"[1]", "[1]"}, {"null", "{}"}, {"() => 1", "{}"}}) {
    Script(absl::StrCat("export const options = ", exported, "; export default function () {}"));
    const ScriptResult<Inspection> result = Inspect();
    ASSERT_TRUE(result.value.has_value()) << result.failure.message;
    EXPECT_EQ(result.value->options_json, json) << exported;
  }
  Script("export const options = Promise.resolve({ vus: 3 }); export default function () {}");
  EXPECT_THAT(Inspect().failure.message, StartsWith("exported 'options' is a promise"));
}

TEST_F(InitCode, NumbersThatAreNotFiniteAreNoOptions) {
  Script(R"js(
    export const options = { rps: Number(__ENV.RPS), vus: 1, stages: [{ target: parseInt('x') }],
                             scenarios: { a: { rate: Infinity } } };
    export default function () {}
  )js");
  const ScriptResult<Inspection> result = Inspect();
  ASSERT_FALSE(result.value.has_value());
  EXPECT_EQ(result.failure.exit_code, ExitCode::kInvalidConfig);
  EXPECT_EQ(result.failure.message,
            "There were problems with the specified script configuration:\n"
            "\t- rps: invalid value NaN: expected a number\n"
            "\t- stages[0].target: invalid value NaN: expected a number\n"
            "\t- scenarios.a.rate: invalid value Infinity: expected a number");
}

TEST_F(InitCode, InitCodeThatThrowsFailsTheInspectionWithItsPlace) {
  Script(R"js(
    throw new Error('init boom');
    export default function () {}
  )js");
  const ScriptResult<Inspection> result = Inspect();
  ASSERT_FALSE(result.value.has_value());
  EXPECT_EQ(result.failure.exit_code, ExitCode::kScriptException);
  EXPECT_THAT(result.failure.message,
              HasSubstr("Error: init boom\n\tat file:///test/main.js:2:11"));
}

TEST_F(InitCode, SyntaxErrorsTellTheirPlace) {
  Script("export default function () { let x = = 3; }");
  EXPECT_EQ(Inspect().failure.message,
            "SyntaxError: file:///test/main.js: Line 1:38 Unexpected token '='");
  // Strict code makes `let` the culprit, which it is not.
  Script("export default function () { let = = 3; }");
  EXPECT_EQ(Inspect().failure.message,
            "SyntaxError: file:///test/main.js: Line 1:36 Unexpected token '='");
  Script("export default function () { let static = 3; }");
  EXPECT_EQ(Inspect().failure.message,
            "SyntaxError: file:///test/main.js: Line 1:34 Unexpected strict mode reserved word");
}

TEST_F(InitCode, MissingFilesAndModulesAreNamed) {
  Script("import x from './absent.js'; export default function () {}");
  EXPECT_THAT(Inspect().failure.message, HasSubstr("file:///test/absent.js"));
  Script("import x from 'k6/nonexistent'; export default function () {}");
  EXPECT_THAT(Inspect().failure.message, HasSubstr("k6/nonexistent"));
  Script("const t = open('./absent.txt'); export default function () {}");
  EXPECT_THAT(Inspect().failure.message, HasSubstr("absent.txt"));
  File("lib.js", "export const yes = 1;");
  Script("import { nope } from './lib.js'; export default function () {}");
  EXPECT_THAT(Inspect().failure.message, HasSubstr("nope"));
}

TEST_F(InitCode, SetupThatIsNoFunctionIsAFailure) {
  Script("export const setup = 5; export default function () {}");
  EXPECT_EQ(Inspect().failure.message, "exported 'setup' must be a function");
}

TEST_F(InitCode, EachVuEvaluatesTheInitCodeForItself) {
  Script("let n = 0; export default function () { console.log(`${__VU} ${__ITER} ${++n}`); }");
  ASSERT_TRUE(Prepare(2).value.has_value());
  EXPECT_EQ(pool().initialised(), 2);
  Iterate(2);
  Iterate(1);
  Iterate(1);
  EXPECT_THAT(log_.lines(),
              ElementsAre("info: 1 0 1", "info: 1 1 2", "info: 2 0 1", "info: 1 2 3"));
}

TEST_F(InitCode, TheRunAfterAnInspectionStartsInWorldsOfItsOwn) {
  Script(R"(
    globalThis.count = (globalThis.count || 0) + 1;
    export default function () { console.log('count', count); }
  )");
  ASSERT_TRUE(Inspect().value.has_value());
  ASSERT_TRUE(Prepare(2).value.has_value());
  Iterate(1);
  Iterate(1);
  EXPECT_THAT(log_.lines(), ElementsAre("info: count 1", "info: count 1"));
}

TEST_F(InitCode, NothingOfAnInspectionReachesTheScriptOfTheNextRun) {
  Script("export default function () { console.log('old'); }");
  ASSERT_TRUE(Inspect().value.has_value());
  Reset();
  EXPECT_THAT(LinesOf("export default function () { console.log('new'); }"),
              ElementsAre("info: new"));
}

TEST_F(InitCode, AVuWhoseInitCodeFailsFailsPrepare) {
  Script("if (__VU == 3) { throw new Error('not three'); } export default function () {}");
  const ScriptResult<VuPool*> result = Prepare(4);
  ASSERT_FALSE(result.value.has_value());
  EXPECT_THAT(result.failure.message, HasSubstr("not three"));
}

TEST_F(InitCode, WhatTheInitCodeHasStartedEndsBeforeAnythingElse) {
  Script(R"js(
    let x, late;
    (async () => { x = await 5; setTimeout(() => { late = 'late'; }, 1); })();
    export const options = { tags: {} };
    export function setup() { return [x, late]; }
    export default function (data) { console.log(x, late, data); }
  )js");
  ASSERT_TRUE(Prepare(1).value.has_value());
  const ScriptResult<std::string> result = RunSetup();
  ASSERT_TRUE(result.value.has_value()) << result.failure.message;
  host_.SetSetupData(*result.value);
  Iterate(1);
  EXPECT_THAT(log_.lines(), ElementsAre(R"(info: 5 late [ 5, "late" ])"));
}

TEST_F(InitCode, WhatIsThrownLaterInInitCodeFailsIt) {
  const std::pair<const char*, const char*> cases[] = {
      {"Promise.reject(new Error('boom'));", "Uncaught (in promise) Error: boom\n\tat"},
      {"(async () => { await null; throw new Error('boom'); })();",
       "Uncaught (in promise) Error: boom\n\tat"},
      {"setTimeout(() => { throw new Error('boom'); }, 1);", "Error: boom\n\tat"},
      {"setTimeout(() => { throw new Error('boom'); }, 1); await new Promise(() => {});",
       "Error: boom\n\tat"},
      {"await new Promise(() => {});", "Error: file:///test/main.js: a top-level await never ends"},
  };
  for (const auto& [code, message] : cases) {
    Script(absl::StrCat(code, " export default function () {}"));
    const ScriptResult<Inspection> result = Inspect();
    ASSERT_FALSE(result.value.has_value()) << code;
    EXPECT_EQ(result.failure.exit_code, ExitCode::kScriptException) << code;
    EXPECT_THAT(result.failure.message, StartsWith(message)) << code;
  }
  Script(
      "const late = Promise.reject(new Error('heard')); setTimeout(() => late.catch(() => {}), 1);"
      " export default function () {}");
  EXPECT_TRUE(Inspect().value.has_value());
}

}  // namespace
}  // namespace lockstep::agent
