#include "absl/strings/str_cat.h"

#include "tests/agent/js/k6/module_test.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class ExecutionModule : public ModuleTest {};

TEST_F(ExecutionModule, TellsFacts) {
  js_.vu().scenario_facts =
      ScenarioFacts{"s", "constant-vus", absl::FromUnixMillis(1000), 0.25, 3, 7};
  js_.vu().vu_facts = {1, 5, 2, 1};
  js_.vu().instance_facts = {absl::Milliseconds(1500), 4, 1, 2, 3};
  EXPECT_EQ(R"(["s","constant-vus",1000,0.25,3,7])", Run(R"js(
    const s = execution.scenario;
    return [s.name, s.executor, s.startTime, s.progress, s.iterationInInstance, s.iterationInTest]
  )js"));
  EXPECT_EQ("[1,5,2,1]", Run(R"js(
    const v = execution.vu;
    return [v.idInInstance, v.idInTest, v.iterationInInstance, v.iterationInScenario]
  )js"));
  EXPECT_EQ("[1500,4,1,2,3]", Run(R"js(
    const i = execution.instance;
    return [i.currentTestRunDuration, i.iterationsCompleted, i.iterationsInterrupted,
      i.vusActive, i.vusInitialized]
  )js"));
  EXPECT_EQ(R"([3,"constant-vus"])",
            Run("const o = execution.test.options; return [o.vus, o.scenarios.default.executor]"));
}

TEST_F(ExecutionModule, IsSilentWhereItKnowsNothing) {
  EXPECT_THAT(Run("execution.scenario.name"), HasSubstr("outside of the VU context"));
  EXPECT_THAT(Init("execution.vu.idInTest"),
              HasSubstr("getting VU information in the init context is not supported"));
  for (const char* tags : {"execution.vu.tags.x = '1'", "execution.vu.metrics.tags.x",
                           "delete execution.vu.metrics.metadata.x"}) {
    EXPECT_THAT(Init(tags), HasSubstr("getting VU information in the init context")) << tags;
  }
  EXPECT_THAT(Init("execution.instance.vusActive"),
              HasSubstr("in the init context is not supported"));
  EXPECT_THAT(Init("execution.test.options"), HasSubstr("in the init context is not supported"));
}

TEST_F(ExecutionModule, TagsOfTheVuGoToItsSamples) {
  EXPECT_EQ(R"(["v","1",["k","n"],true,null])", Run(R"js(
    const t = execution.vu.tags;
    t.k = 'v';
    execution.vu.metrics.tags.n = 1;
    return [t.k, t.n, Object.keys(t), 'k' in t, t.nope ?? null]
  )js"));
  Run("k6.check(1, {a: true}); delete execution.vu.tags.k; k6.check(1, {b: true})");
  EXPECT_THAT(Samples("checks"), ElementsAre("1{check:a,k:v,n:1}", "1{check:b,n:1}"));
  EXPECT_THAT(Run("execution.vu.tags.bad = {}"),
              HasSubstr("only String, Boolean and Number types"));
}

TEST_F(ExecutionModule, TheObjectOfTagsStaysWhateverIsAssigned) {
  EXPECT_EQ(R"([null,"v"])", Run(R"js('use strict';
    execution.vu.tags.k = 'v';
    execution.vu.tags = {a: '1'};
    return [execution.vu.tags.a ?? null, execution.vu.tags.k]
  )js"));
}

TEST_F(ExecutionModule, NoOtherObjectOfItCanBeReplaced) {
  for (const char* place : {"vu.metrics.tags", "vu.metrics.metadata", "vu.metrics", "vu",
                            "scenario", "instance", "test"}) {
    EXPECT_EQ(R"("TypeError")",
              Run(absl::StrCat("'use strict'; try { execution.", place,
                               " = {k: 'v'}; return 'taken' } catch (e) { return e.name }")))
        << place;
  }
}

TEST_F(ExecutionModule, MetadataOfTheVuGoToItsSamplesApartFromTags) {
  EXPECT_EQ(R"(["t1","2",["n","trace"],true,false,[]])", Run(R"js(
    const m = execution.vu.metrics.metadata;
    m.trace = 't1';
    m.n = 2;
    return [m.trace, m.n, Object.keys(m), 'trace' in m, 'x' in m, Object.keys(execution.vu.tags)]
  )js"));
  Run("k6.check(1, {a: true}); delete execution.vu.metrics.metadata.n; k6.check(1, {b: true})");
  EXPECT_THAT(Samples("checks"),
              ElementsAre("1{\x01n:2,\x01trace:t1,check:a}", "1{\x01trace:t1,check:b}"));
  EXPECT_THAT(Run("execution.vu.metrics.metadata.bad = {}"),
              HasSubstr("invalid value for metric metadata 'bad'"));
}

TEST_F(ExecutionModule, TheVusPropertiesComeInK6sOrder) {
  EXPECT_EQ(
      R"(["iterationInScenario","idInInstance","idInTest","iterationInInstance","tags","metrics"])",
      Run("return Object.keys(execution.vu)"));
  EXPECT_EQ(R"(["scenario","group","zone"])", Run(R"js(
    Object.assign(execution.vu.tags, { group: 'g', scenario: 's', zone: 'z' });
    return Object.keys(execution.vu.tags)
  )js"));
}

TEST_F(ExecutionModule, OptionsAreFrozenToTheirDepth) {
  EXPECT_THAT(Run("'use strict'; execution.test.options.rps = 5"), HasSubstr("not extensible"));
  EXPECT_THAT(Run("'use strict'; execution.test.options.vus = 5"), HasSubstr("read only"));
  EXPECT_THAT(Run("'use strict'; delete execution.test.options.scenarios.default.executor"),
              HasSubstr("Cannot delete"));
}

TEST_F(ExecutionModule, EveryFailureOfTheTestIsLogged) {
  Run("execution.test.fail('one'); execution.test.fail(); execution.test.fail('two')");
  ASSERT_EQ(3u, js_.vu().log.records.size());
  EXPECT_EQ(LogLevel::kError, js_.vu().log.records[0].level);
  EXPECT_EQ("test marked as failed: one", js_.vu().log.records[0].message);
  EXPECT_EQ("test marked as failed", js_.vu().log.records[1].message);
  EXPECT_EQ("test marked as failed: two", js_.vu().log.records[2].message);
  EXPECT_EQ(3, js_.vu().failures);
}

TEST_F(ExecutionModule, FailingTheTestInTheInitCodeThrows) {
  js_.vu().init = true;
  EXPECT_THAT(Run("execution.test.fail('early')"), HasSubstr("called outside of VU context"));
  EXPECT_EQ(0, js_.vu().failures);
}

TEST_F(ExecutionModule, AbortSaysWhereItWasCalled) {
  Run("function stop() {\n  execution.test.abort('enough');\n}\nstop();");
  EXPECT_THAT(js_.vu().aborted, MatchesRegex("test aborted: enough at stop \\(.*:2:18\\)"));
  Run("\nexecution.test.abort()");  // the first line has more before it
  EXPECT_THAT(js_.vu().aborted, MatchesRegex("test aborted at .*:2:16\\)?"));
}

}  // namespace
}  // namespace lockstep::agent
