// What runs once in a run: setup(), teardown(), handleSummary().

#include <gmock/gmock.h>

#include "tests/agent/vu/host_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using OnceARun = HostTest;

TEST_F(OnceARun, SetupsResultReachesVusAndTeardownAsACopyOfTheirOwn) {
  Script(R"(
    export function setup() { return { n: [1], u: undefined }; }
    export default function (data) { data.n.push(2); console.log(JSON.stringify(data)); }
    export function teardown(data) { console.log('down', JSON.stringify(data)); }
  )");
  ASSERT_TRUE(Prepare(1).value.has_value());
  const ScriptResult<std::string> result = RunSetup();
  ASSERT_TRUE(result.value.has_value()) << result.failure.message;
  EXPECT_EQ(*result.value, R"({"n":[1],"u":null})");  // as k6 writes it
  host_.SetSetupData(*result.value);
  Iterate(2);
  ASSERT_TRUE(RunTeardown().value.has_value());
  EXPECT_THAT(log_.lines(),
              ElementsAre(R"(info: {"n":[1,2],"u":null})", R"(info: {"n":[1,2,2],"u":null})",
                          R"(info: down {"n":[1],"u":null})"));
}

TEST_F(OnceARun, SetupMayBeAsyncAndMayThrow) {
  Script("export async function setup() { await null; return 7; } export default function () {}");
  ASSERT_TRUE(Prepare(1).value.has_value());
  EXPECT_EQ(RunSetup().value, "7");
  Reset();
  Script("export async function setup() { throw new Error('no'); } export default function () {}");
  ASSERT_TRUE(Prepare(1).value.has_value());
  const ScriptResult<std::string> result = RunSetup();
  EXPECT_FALSE(result.value.has_value());
  EXPECT_THAT(result.failure.message, HasSubstr("Error: no\n\tat"));
}

TEST_F(OnceARun, WhatIsThrownLaterInSetupAndTeardownFailsThem) {
  const std::pair<const char*, const char*> cases[] = {
      {"login()", "Uncaught (in promise) Error: login failed\n\tat"},
      {"setTimeout(async () => { await login(); }, 1)",
       "Uncaught (in promise) Error: login failed\n\tat"},
      {"setTimeout(() => { throw new Error('timer'); }, 1)", "Error: timer\n\tat"},
  };
  for (const auto& [code, message] : cases) {
    Script(absl::StrCat(
        "async function login() { throw new Error('login failed'); }"
        "export function setup() { ",
        code, "; } export function teardown() { ", code, "; } export default function () {}"));
    ASSERT_TRUE(Prepare(1).value.has_value());
    const ScriptResult<std::string> setup = RunSetup();
    EXPECT_FALSE(setup.value.has_value()) << code;
    EXPECT_EQ(setup.failure.exit_code, ExitCode::kScriptException) << code;
    EXPECT_THAT(setup.failure.message, StartsWith(message)) << code;
    const auto teardown = RunTeardown();
    EXPECT_FALSE(teardown.value.has_value()) << code;
    EXPECT_THAT(teardown.failure.message, StartsWith(message)) << code;
    Reset();
  }
}

TEST_F(OnceARun, SetupIsStoppedAtItsTimeLimitWhereverItIs) {
  options_.setup_timeout = absl::Milliseconds(20);
  for (const char* body :
       {"sleep(1000)", "for (;;) {}", "await new Promise((r) => setTimeout(r, 1e6))"}) {
    Script(absl::StrCat("import { sleep } from 'k6'; export async function setup() { ", body,
                        "; } export default function () { console.log('still here'); }"));
    ASSERT_TRUE(Prepare(1).value.has_value());
    const ScriptResult<std::string> result = RunSetup();
    EXPECT_FALSE(result.value.has_value());
    EXPECT_EQ(result.failure.exit_code, ExitCode::kSetupTimeout);
    EXPECT_EQ(result.failure.message, "setup() execution timed out after 0 seconds");
    Iterate(1);
    Reset();
  }
  EXPECT_EQ(log_.lines().size(), 3u);
}

TEST_F(OnceARun, HandleSummaryMayReturnNothing) {
  for (const char* nothing : {"undefined", "null", "false"}) {
    Script(absl::StrCat("export default function () {} export function handleSummary() { return ",
                        nothing, "; }"));
    ASSERT_TRUE(Prepare(1).value.has_value());
    const auto result = Summarise("{}");
    ASSERT_TRUE(result.value.has_value()) << nothing;
    EXPECT_FALSE(result.value->has_value()) << nothing;
    Reset();
  }
}

TEST_F(OnceARun, HandleSummaryReturnsTextsAndBytes) {
  Script(R"(
    export default function () {}
    export function handleSummary(data) {
      return { stdout: `n=${data.n}`, 'bin.dat': new Uint8Array([65, 66, 1]).buffer };
    })");
  ASSERT_TRUE(Prepare(1).value.has_value());
  const auto result = Summarise(R"({"n":3})");
  ASSERT_TRUE(result.value.has_value()) << result.failure.message;
  EXPECT_EQ((*result.value)->at("stdout"), "n=3");
  EXPECT_EQ((*result.value)->at("bin.dat"), "AB\x01");
}

}  // namespace
}  // namespace lockstep::agent
