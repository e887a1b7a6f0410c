// VUs and iterations on an agent: their numbers, waiting, interruption, their end.

#include <gmock/gmock.h>

#include "tests/agent/vu/host_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

using Lifecycle = HostTest;

TEST_F(Lifecycle, FibresAreOfTheKindThatIsTested) {
  const ScriptIsolate isolate(TestEngine());
#ifdef LOCKSTEP_TEST_THREADS
  EXPECT_EQ(isolate.fibre_kind(), FibreKind::kThread);
#else
  EXPECT_EQ(isolate.fibre_kind(), FibreKind::kCoroutine);
#endif
}

// V8 keeps a wish to interrupt until a script is interrupted, and that may be the next worker's.
TEST_F(Lifecycle, AnInterruptDoesNotReachAWorkerThatHasLeftTheIsolate) {
  ScriptIsolate isolate(TestEngine());
  int former = 0;
  int next = 0;
  isolate.SetEvents({.on_interrupt = [&former] { ++former; }});
  isolate.Interrupt();
  isolate.LeaveThread();
  isolate.SetEvents({.on_interrupt = [&next] { ++next; }});
  const v8::Locker locker(isolate.get());
  const v8::Isolate::Scope inside(isolate.get());
  const v8::HandleScope handles(isolate.get());
  const v8::Local<v8::Context> context = v8::Context::New(isolate.get());
  const v8::Context::Scope scope(context);
  const auto text = v8::String::NewFromUtf8Literal(isolate.get(), "for (let i = 0; i < 9; ++i);");
  isolate.Interrupt();
  EXPECT_FALSE(v8::Script::Compile(context, text).ToLocalChecked()->Run(context).IsEmpty());
  EXPECT_EQ(former, 0);
  EXPECT_EQ(next, 2);
}

TEST_F(Lifecycle, ScriptsMayCallDeeplyAndWithManyArguments) {
  Script(R"js(
    const many = Array.from({ length: 400000 }, (_, i) => i);
    const depth = (n) => (n ? 1 + depth(n - 1) : 0);
    export default function () {
      console.log(Math.max(...many), String.fromCharCode.apply(null, new Uint8Array(400000)).length, depth(40000));
      console.log(JSON.stringify(many.slice(0, 12000).reduce((inner) => [inner], 0)).length);
    }
  )js");
  ASSERT_TRUE(Prepare(1).value.has_value());
  Iterate(1);
  EXPECT_THAT(log_.lines(), ElementsAre("info: 399999 400000 40000", "info: 24001"));
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
  host_.Seal(
      1, [](Batch&) {},
      [&](const std::vector<std::string>& batches) { counts.push_back(batches.size()); });
  Reset();
  EXPECT_THAT(counts, ElementsAre(0u));
  host_.AddDropped(0, 1, 0);
  host_.Seal(
      1, [](Batch&) {},
      [&](const std::vector<std::string>& batches) { counts.push_back(batches.size()); });
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

TEST_F(Lifecycle, AClassInAFunctionsPlaceIsAnErrorWithAPlace) {
  EXPECT_THAT(LinesOf("const a = 1;\nexport default class Load { run() {} }"),
              ElementsAre("error: TypeError: Class constructor Load cannot be invoked without 'new'"
                          "\n\tat file:///test/main.js:2:16"));
}

// As in k6 it does nothing. That must not go unseen.
TEST_F(Lifecycle, AGeneratorInAFunctionsPlaceIsToldOnce) {
  EXPECT_THAT(
      LinesOf("export default function* () { console.log('never'); }", 2),
      ElementsAre(
          "warning: the function \"default\" is a generator: to call it runs nothing of it; write it "
          "without the *"));
}

TEST_F(Lifecycle, RejectionsThatNobodyHandlesAreLogged) {
  EXPECT_THAT(
      LinesOf("export default async function () { await null; throw new Error('late'); }"),
      ElementsAre(HasSubstr(
          "error: Uncaught (in promise) Error: late\n\tat default (file:///test/main.js:1:")));
}

TEST_F(Lifecycle, ARejectionThatNobodyHandlesEndsTheIterationAtOnce) {
  EXPECT_THAT(LinesOf(R"(
    export default async function () {
      setTimeout(() => console.log('later'), 1);
      throw new Error('first');
    })"),
              ElementsAre(HasSubstr("error: Uncaught (in promise) Error: first")));
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
    interface Unused {
      n: number;
    }
    export default function (): void {
      console.log('begun', __ITER);
      if (__ITER == 1) {
        for (;;) {}
      }
      console.log('ended', __ITER);
    }
  )js",
         "main.ts");
  host_.health().Start();
  ASSERT_TRUE(Prepare(1).value.has_value());
  Iterate(3);
  EXPECT_THAT(
      log_.lines(),
      ElementsAre("info: begun 0", "info: ended 0", "info: begun 1",
                  ::testing::AllOf(HasSubstr("error: VU 1 computed for 100ms of processor time "
                                             "without waiting, at file:///test/main.ts:8:"),
                                   HasSubstr("--max-vu-block")),
                  "info: begun 2", "info: ended 2"));
  EXPECT_EQ(Total(BuiltinMetric(builtin::kIterations)), 2);
  v1::Health health;
  host_.health().Fill(&health);
  EXPECT_EQ(health.blocks(), 1);
}

// The last that is read of a run's health comes after its last batch: a worker that was held up
// until the run's end must have said so by then.
TEST_F(Lifecycle, WhatHeldAWorkerUpIsNotedWhenItsSamplesAreSealed) {
  Script(R"js(
    export default function () {
      const until = Date.now() + 300;
      while (Date.now() < until) {}
    }
  )js");
  host_.health().Start();
  ASSERT_TRUE(Prepare(1).value.has_value());
  Iterate(1);
  EXPECT_EQ(Total(BuiltinMetric(builtin::kIterations)), 1);
  v1::Health health;
  host_.health().Fill(&health);
  EXPECT_GE(health.loop_lag().max_ns(), 280000000);
}

// It is a failure of the test: without a row in the table of errors, nothing at its end would say
// so.

TEST_F(Lifecycle, AnIterationThatIsInterruptedForBlockingIsAnError) {
  max_vu_block_ = absl::Milliseconds(100);
  Script("export default function () {\n  for (;;) {}\n}");
  ASSERT_TRUE(Prepare(1).value.has_value());
  Iterate(2);
  EXPECT_THAT(Errors(), ElementsAre("2 x interrupted: computed for 100ms without waiting SCRIPT "
                                    "main.js:2"));
}

// Not even where a module has called the script's own function and looks at how that ended.

TEST_F(Lifecycle, AScriptCannotCatchItsInterruption) {
  max_vu_block_ = absl::Milliseconds(100);
  Script(R"js(
    import { check } from 'k6';
    import http from 'k6/http';
    const forever = () => { for (;;) {} };
    const calls = [
      () => check(0, { forever }),
      () => http.asyncRequest('GET', 'http://localhost', null, { get timeout() { return forever(); } }),
    ];
    export default async function () {
      try {
        await calls[__ITER]();
      } catch (error) {
        console.log('caught', error);
      }
    }
  )js");
  ASSERT_TRUE(Prepare(1).value.has_value());
  Iterate(2);
  EXPECT_THAT(log_.lines(),
              ElementsAre(HasSubstr("computed for 100ms"), HasSubstr("computed for 100ms")));
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
