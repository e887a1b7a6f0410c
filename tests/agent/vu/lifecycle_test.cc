// What becomes of a script on an agent: inspection, VUs, iterations, setup, teardown,
// handleSummary, interruption.

#include <gmock/gmock.h>

#include "tests/agent/vu/host_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

using Lifecycle = HostTest;

TEST_F(Lifecycle, FibresAreOfTheKindThatIsTested) {
  const ScriptIsolate isolate(TestEngine(), {});
#ifdef LOCKSTEP_TEST_THREADS
  EXPECT_EQ(isolate.fibre_kind(), FibreKind::kThread);
#else
  EXPECT_EQ(isolate.fibre_kind(), FibreKind::kCoroutine);
#endif
}

TEST_F(Lifecycle, InspectionTellsOptionsExportsAndMetrics) {
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

TEST_F(Lifecycle, InspectionWaitsForFilesThatTheBundleLacks) {
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

TEST_F(Lifecycle, OptionsThatAreNoObjectAreToldAsTheyAre) {
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

TEST_F(Lifecycle, NumbersThatAreNotFiniteAreNoOptions) {
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

TEST_F(Lifecycle, InitCodeThatThrowsFailsTheInspectionWithItsPlace) {
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

TEST_F(Lifecycle, SyntaxErrorsTellTheirPlace) {
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

TEST_F(Lifecycle, MissingFilesAndModulesAreNamed) {
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

TEST_F(Lifecycle, SetupThatIsNoFunctionIsAFailure) {
  Script("export const setup = 5; export default function () {}");
  EXPECT_EQ(Inspect().failure.message, "exported 'setup' must be a function");
}

TEST_F(Lifecycle, EachVuEvaluatesTheInitCodeForItself) {
  Script("let n = 0; export default function () { console.log(`${__VU} ${__ITER} ${++n}`); }");
  ASSERT_TRUE(Prepare(2).value.has_value());
  EXPECT_EQ(pool().initialised(), 2);
  Iterate(2);
  Iterate(1);
  Iterate(1);
  EXPECT_THAT(log_.lines(),
              ElementsAre("info: 1 0 1", "info: 1 1 2", "info: 2 0 1", "info: 1 2 3"));
}

TEST_F(Lifecycle, TheRunAfterAnInspectionStartsInWorldsOfItsOwn) {
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

TEST_F(Lifecycle, NothingOfAnInspectionReachesTheScriptOfTheNextRun) {
  Script("export default function () { console.log('old'); }");
  ASSERT_TRUE(Inspect().value.has_value());
  Reset();
  EXPECT_THAT(LinesOf("export default function () { console.log('new'); }"),
              ElementsAre("info: new"));
}

TEST_F(Lifecycle, VusGetTheirNumbersFromTheSegment) {
  segment_ = *SegmentTuple::Make(*SegmentSequence::Parse("0,1/2,1"), 1);
  Script(R"js(
    import exec from 'k6/execution';
    export default function () { console.log(exec.vu.idInTest, __VU); }
  )js");
  ASSERT_TRUE(Prepare(2).value.has_value());
  Iterate(1);
  Iterate(1);
  // Of two halves, the second has the elements 2, 4, ...
  EXPECT_THAT(log_.lines(), ElementsAre("info: 2 1", "info: 4 2"));
}

TEST_F(Lifecycle, OneMoreVuCanBeInitialisedLater) {
  Script("export default function () { console.log(__VU); }");
  ASSERT_TRUE(Prepare(1).value.has_value());
  std::optional<LentVu> made;
  pool().InitialiseOne([&](LentVu vu) { made = std::move(vu); });
  const LentVu vu = Wait(made);
  ASSERT_TRUE(vu);
  EXPECT_EQ(vu.id_in_instance(), 2);
  EXPECT_EQ(pool().initialised(), 2);
}

TEST_F(Lifecycle, AVuWhoseInitCodeFailsFailsPrepare) {
  Script("if (__VU == 3) { throw new Error('not three'); } export default function () {}");
  const ScriptResult<VuPool*> result = Prepare(4);
  ASSERT_FALSE(result.value.has_value());
  EXPECT_THAT(result.failure.message, HasSubstr("not three"));
}

TEST_F(Lifecycle, IterationsAreCounted) {
  EXPECT_THAT(
      LinesOf("export default function () { if (__ITER == 1) { throw new Error('one'); } }", 3),
      ElementsAre(HasSubstr("error: Error: one\n\tat default (file:///test/main.js:1:")));
  EXPECT_EQ(Total(BuiltinMetric(builtin::kIterations)), 3);
}

TEST_F(Lifecycle, IterationsThatNeverStartedAreMeasuredWithTheOthers) {
  Script("export default function () {}");
  ASSERT_TRUE(Prepare(1).value.has_value());
  host_.AddDropped(/*scenario=*/0, /*count=*/2, /*vu_id_in_test=*/1);
  host_.AddDropped(0, 3, 0);
  EXPECT_EQ(Total(BuiltinMetric(builtin::kDroppedIterations)), 5);
  EXPECT_EQ(Total(BuiltinMetric(builtin::kDroppedIterations)), 0);  // each is told once
}

TEST_F(Lifecycle, ASealIsAnsweredThoughItsRunEnds) {
  Script("export default function () {}");
  ASSERT_TRUE(Prepare(1).value.has_value());
  host_.AddDropped(0, 1, 0);
  std::vector<size_t> counts;
  host_.Seal(1, [&](const std::vector<std::string>& batches) { counts.push_back(batches.size()); });
  Reset();
  EXPECT_THAT(counts, ElementsAre(0u));
  host_.AddDropped(0, 1, 0);
  host_.Seal(1, [&](const std::vector<std::string>& batches) { counts.push_back(batches.size()); });
  EXPECT_THAT(counts, ElementsAre(0u, 0u));
}

TEST_F(Lifecycle, SleepingVusOfOneWorkerSleepAtTheSameTime) {
  Script(R"js(
    import { sleep } from 'k6';
    export default function () { console.log('a'); sleep(0.01); console.log('b'); }
  )js");
  ASSERT_TRUE(Prepare(4).value.has_value());
  const auto source = std::make_shared<CountedSource>(4);
  int idle = 0;
  std::vector<LentVu> vus;
  for (int i = 0; i < 4; ++i) {
    vus.push_back(TakeFor(source));
    vus.back().Activate([&] { ++idle; });
  }
  WaitUntil([&] { return idle == 4; });
  EXPECT_EQ(source->full, 4);
  EXPECT_EQ(log_.lines().size(), 8u);
}

TEST_F(Lifecycle, TimersAndPromisesBelongToTheIterationThatStartedThem) {
  EXPECT_THAT(LinesOf(R"(
    export default function () {
      const i = __ITER;
      setTimeout(() => console.log(`timer ${i}`), 1);
      Promise.resolve().then(() => console.log(`promise ${i}`));
      console.log(`return ${i}`);
    })",
                      2),
              ElementsAre("info: return 0", "info: promise 0", "info: timer 0", "info: return 1",
                          "info: promise 1", "info: timer 1"));
}

TEST_F(Lifecycle, RejectionsThatNobodyHandlesAreLogged) {
  EXPECT_THAT(
      LinesOf("export default async function () { await null; throw new Error('late'); }"),
      ElementsAre(HasSubstr(
          "error: Uncaught (in promise) Error: late\n\tat default (file:///test/main.js:1:")));
}

TEST_F(Lifecycle, SetupsResultReachesVusAndTeardownAsACopyOfTheirOwn) {
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

TEST_F(Lifecycle, SetupMayBeAsyncAndMayThrow) {
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

TEST_F(Lifecycle, WhatTheInitCodeHasStartedEndsBeforeAnythingElse) {
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

TEST_F(Lifecycle, WhatIsThrownLaterInInitCodeFailsIt) {
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

TEST_F(Lifecycle, WhatIsThrownLaterInSetupAndTeardownFailsThem) {
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

TEST_F(Lifecycle, SetupIsStoppedAtItsTimeLimitWhereverItIs) {
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

TEST_F(Lifecycle, HandleSummaryMayReturnNothing) {
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

TEST_F(Lifecycle, HandleSummaryReturnsTextsAndBytes) {
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

TEST_F(Lifecycle, InterruptionEndsTheIterationWhereverItIs) {
  for (const char* body :
       {"sleep(1000)", "for (;;) {}", "try { for (;;) {} } finally { for (;;) {} }",
        "await new Promise((r) => setTimeout(r, 1e6))"}) {
    Script(absl::StrCat(R"js(
      import { sleep } from 'k6';
      export default async function () {
        if (__ITER == 0) { console.log('begun'); )js",
                        body, R"js(; }
        console.log('again');
      })js"));
    ASSERT_TRUE(Prepare(1).value.has_value());
    const size_t before = log_.lines().size();
    const auto source = std::make_shared<CountedSource>(5);
    LentVu vu = TakeFor(source);
    std::optional<bool> idle;
    vu.Activate([&] { idle = true; });
    while (log_.lines().size() == before) {
      loop_.Turn(false);
    }
    vu.Interrupt();
    Wait(idle);
    EXPECT_EQ(source->interrupted, 1) << body;
    EXPECT_EQ(source->full, 0) << body;
    // The VU is as good as new.
    const auto more = std::make_shared<CountedSource>(1);
    vu.WorkOn(0, more);
    vu.Activate([&] { idle = true; });
    Wait(idle);
    EXPECT_EQ(more->full, 1) << body;
    EXPECT_EQ(log_.lines().back(), "info: again") << body;
    EXPECT_EQ(Total(BuiltinMetric(builtin::kIterations)), 1) << body;
    Reset();
  }
}

TEST_F(Lifecycle, AnInterruptedVuLeavesItsNeighboursAlone) {
  Script(R"(import { sleep } from 'k6';
    export default function () { sleep(__VU == 1 ? 1000 : 0.02); console.log('done', __VU); })");
  ASSERT_TRUE(Prepare(4).value.has_value());
  int idle = 0;
  std::vector<LentVu> vus;
  for (int i = 0; i < 4; ++i) {
    vus.push_back(TakeFor(std::make_shared<CountedSource>(1)));
    vus.back().Activate([&] { ++idle; });
  }
  vus[0].Interrupt();
  WaitUntil([&] { return idle == 4; });
  EXPECT_THAT(log_.lines(), UnorderedElementsAre("info: done 2", "info: done 3", "info: done 4"));
}

TEST_F(Lifecycle, ResetEndsVusInTheMiddleOfWhatTheyDo) {
  Script(R"js(
    import { sleep } from 'k6';
    export default function () { if (__VU % 2) { sleep(1000); } for (;;) {} }
  )js");
  ASSERT_TRUE(Prepare(4).value.has_value());
  const auto source = std::make_shared<CountedSource>(4);
  std::vector<LentVu> vus;
  for (int i = 0; i < 4; ++i) {
    vus.push_back(TakeFor(source));
    vus.back().Activate([] {});
  }
  Reset();
}

// One VU in an endless loop would stop all VUs of its worker for good.
TEST_F(Lifecycle, AnIterationThatKeepsItsWorkerForTooLongIsInterruptedAndNamed) {
  max_vu_block_ = absl::Milliseconds(100);
  Script(R"js(
    export default function () {
      console.log('begun', __ITER);
      if (__ITER == 1) {
        for (;;) {}
      }
      console.log('ended', __ITER);
    }
  )js");
  host_.health().Start();
  ASSERT_TRUE(Prepare(1).value.has_value());
  Iterate(3);
  EXPECT_THAT(
      log_.lines(),
      ElementsAre("info: begun 0", "info: ended 0", "info: begun 1",
                  ::testing::AllOf(HasSubstr("error: VU 1 kept its worker busy for 100ms without "
                                             "waiting, at file:///test/main.js:5:"),
                                   HasSubstr("--max-vu-block")),
                  "info: begun 2", "info: ended 2"));
  EXPECT_EQ(Total(BuiltinMetric(builtin::kIterations)), 2);
  v1::Health health;
  host_.health().Fill(&health);
  EXPECT_EQ(health.blocks(), 1);
}

// It is a failure of the test: without a row in the table of errors, nothing at its end would say so.
TEST_F(Lifecycle, AnIterationThatIsInterruptedForBlockingIsAnError) {
  max_vu_block_ = absl::Milliseconds(100);
  Script("export default function () {\n  for (;;) {}\n}");
  ASSERT_TRUE(Prepare(1).value.has_value());
  Iterate(2);
  EXPECT_THAT(Errors(), ElementsAre("2 x interrupted: computed for 100ms without waiting SCRIPT "
                                    "main.js:2"));
}

// By what the thread uses: a script that waits may take as long as it likes, and so may init code.
TEST_F(Lifecycle, NeitherWaitingNorInitCodeIsTakenForALoop) {
  max_vu_block_ = absl::Milliseconds(50);
  Script(R"js(
    import { sleep } from 'k6';
    if (__VU > 0) {
      const end = Date.now() + 200;
      while (Date.now() < end) {}
    }
    export default function () { sleep(0.2); console.log('slept'); }
  )js");
  ASSERT_TRUE(Prepare(1).value.has_value());
  Iterate(1);
  EXPECT_THAT(log_.lines(), ElementsAre("info: slept"));
}

// A session may be lost while VUs are at work: whoever has one may have it for longer than the run.
TEST_F(Lifecycle, AVuOfARunThatIsOverIsNoneOfTheNext) {
  Script("export default function () { console.log('begun'); for (;;) {} }");
  ASSERT_TRUE(Prepare(1).value.has_value());
  LentVu vu = TakeFor(std::make_shared<CountedSource>(1));
  vu.Activate([] { FAIL() << "the run is over"; });
  while (log_.lines().empty()) {
    loop_.Turn(false);
  }
  Reset();
  Script("export default function () { console.log('again'); }");
  ASSERT_TRUE(Prepare(1).value.has_value());
  vu.Interrupt();
  vu.WorkOn(0, std::make_shared<CountedSource>(1));
  vu.Activate([] { FAIL() << "the run is over"; });
  vu.GiveBack();
  Iterate(1);
  EXPECT_THAT(log_.lines(), ElementsAre("info: begun", "info: again"));
  const LentVu one = pool().Take();
  EXPECT_TRUE(one);
  EXPECT_FALSE(pool().Take());  // there is one, not two
}

// Executors may go while their VUs are at work.
TEST_F(Lifecycle, AVuThatIsGivenBackInTheMiddleIsFreeOnceItHasStopped) {
  Script(
      "export default function () { console.log(`begun ${__ITER}`); if (__ITER == 0) for (;;) {} }");
  ASSERT_TRUE(Prepare(1).value.has_value());
  const auto source = std::make_shared<CountedSource>(5);
  const std::weak_ptr<CountedSource> watched = source;
  std::optional<LentVu> next;
  {
    LentVu vu = TakeFor(source);
    vu.Activate([] { FAIL() << "nobody has it any more"; });
    pool().Request([&](LentVu given) { next = std::move(given); });
    while (log_.lines().empty()) {
      loop_.Turn(false);
    }
    EXPECT_FALSE(next.has_value());
  }
  LentVu vu = Wait(next);
  EXPECT_EQ(source->interrupted, 1);
  EXPECT_EQ(source->full, 0);
  EXPECT_EQ(watched.use_count(), 1);  // ours
  const auto more = std::make_shared<CountedSource>(1);
  vu.WorkOn(0, more);
  std::optional<bool> idle;
  vu.Activate([&] { idle = true; });
  Wait(idle);
  EXPECT_EQ(more->full, 1);
  EXPECT_THAT(log_.lines(), ElementsAre("info: begun 0", "info: begun 1"));
}

TEST_F(Lifecycle, WhatAVuIteratesFromIsLetGoWithItsRun) {
  Script("import { sleep } from 'k6'; export default function () { sleep(1000); }");
  ASSERT_TRUE(Prepare(1).value.has_value());
  const auto source = std::make_shared<CountedSource>(1);
  const std::weak_ptr<CountedSource> watched = source;
  LentVu vu = TakeFor(source);
  vu.Activate([] {});
  WaitUntil([&] { return source->given() > 0; });
  EXPECT_EQ(watched.use_count(), 2);
  Reset();
  EXPECT_EQ(watched.use_count(), 1);
  EXPECT_EQ(source->interrupted, 1);
}

TEST_F(Lifecycle, AbortReachesTheConductorAndEndsTheScript) {
  std::optional<std::string> aborted;
  host_.SetEvents({.on_abort = [&](std::string message) { aborted = std::move(message); }});
  EXPECT_THAT(LinesOf(R"js(
    import exec from 'k6/execution';
    export default function () { exec.test.abort('enough'); console.log('not here'); }
  )js"),
              ElementsAre());
  EXPECT_EQ(Wait(aborted), "test aborted: enough at default (file:///test/main.js:3:44)");
}

TEST_F(Lifecycle, AScriptThatEatsTheHeapIsReportedInsteadOfKillingTheProcess) {
  Script(R"js(
    export default function () {
      const a = [];
      for (;;) { a.push({ x: new Array(100).fill(__VU) }); }
    }
  )js");
  ASSERT_TRUE(Prepare(1).value.has_value());
  LentVu vu = TakeFor(std::make_shared<CountedSource>(1));
  vu.Activate([] {});
  WaitUntil([this] { return !broken_.empty(); });
  Reset();
  EXPECT_THAT(broken_, HasSubstr("memory"));
}

}  // namespace
}  // namespace lockstep::agent
