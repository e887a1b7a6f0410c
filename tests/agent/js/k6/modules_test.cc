// The modules that need no network: k6, k6/metrics, k6/data, k6/execution, k6/crypto, k6/encoding.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/agent/js/k6/js_harness.h"

namespace lockstep::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ModulesTest : public testing::Test {
 protected:
  std::string Run(absl::string_view body) { return js_.Run(body); }
  // Runs `body` as init code.
  std::string Init(absl::string_view body) {
    js_.vu().init = true;
    std::string result = js_.Run(body);
    js_.vu().init = false;
    return result;
  }
  std::vector<std::string> Samples(absl::string_view metric) { return js_.vu().samples.Of(metric); }

  JsHarness js_;
};

TEST_F(ModulesTest, CheckEvaluatesAllAndTagsSamples) {
  EXPECT_EQ(
      "false",
      Run("return k6.check(5, {a: x => x === 5, b: x => x > 5, c: true, d: 0}, {extra: 'tag'})"));
  EXPECT_THAT(Samples("checks"), ElementsAre("1{check:a,extra:tag}", "0{check:b,extra:tag}",
                                             "1{check:c,extra:tag}", "0{check:d,extra:tag}"));
  EXPECT_EQ("true", Run("return k6.check(1, {a: true})"));
}

TEST_F(ModulesTest, ACheckThatThrowsFailsAndThrowsOn) {
  EXPECT_EQ("Error: inside",
            Run("k6.check(1, {t: () => { throw new Error('inside') }, never: true})"));
  EXPECT_THAT(Samples("checks"), ElementsAre("0{check:t}"));
}

TEST_F(ModulesTest, UserMistakesWithChecks) {
  EXPECT_THAT(Run("k6.check(1)"), HasSubstr("no checks provided to `check`"));
  EXPECT_THAT(Run("k6.check(1, {'a::b': true})"),
              HasSubstr("group and check names may not contain '::'"));
  EXPECT_THAT(Run("k6.check(1, {a: async () => true})"),
              HasSubstr("does not support async functions"));
  EXPECT_THAT(Run("k6.check(1, {a: true}, {t: {}})"),
              HasSubstr("invalid value for metric tag 't'"));
  EXPECT_THAT(Init("k6.check(1, {a: true})"),
              HasSubstr("Using check() in the init context is not supported"));
}

TEST_F(ModulesTest, GroupsNestAndReturnTheirValue) {
  EXPECT_EQ("\"gv\"", Run("return k6.group('g1', () => { k6.group('g2', () => k6.check(1, {c: "
                          "true})); return 'gv' })"));
  EXPECT_THAT(Samples("checks"), ElementsAre("1{check:c,group:::g1::g2}"));
  const auto& samples = js_.vu().samples.samples;
  std::vector<std::string> groups;
  for (const auto& sample : samples) {
    if (sample.metric == "group_duration") {
      groups.push_back(sample.tags[0].second);
    }
  }
  EXPECT_THAT(groups, ElementsAre("::g1::g2", "::g1"));
  EXPECT_EQ("", js_.vu().group());
}

TEST_F(ModulesTest, AGroupThatThrowsIsLeft) {
  EXPECT_EQ("Error: x", Run("k6.group('g', () => { throw new Error('x') })"));
  EXPECT_EQ("", js_.vu().group());
  EXPECT_EQ(1u, Samples("group_duration").size());
  EXPECT_THAT(Run("k6.group('g', async () => 1)"), HasSubstr("does not support async functions"));
  EXPECT_THAT(Run("k6.group('g')"), HasSubstr("requires a callback"));
  EXPECT_THAT(Init("k6.group('g', () => 1)"), HasSubstr("in the init context is not supported"));
}

TEST_F(ModulesTest, FailThrowsItsMessage) {
  EXPECT_THAT(Run("k6.fail('not today')"), HasSubstr("not today"));
}

TEST_F(ModulesTest, SleepWaitsAndTakesNonsenseForNothing) {
  EXPECT_EQ("true", Run("const t = Date.now(); k6.sleep(0.02); return Date.now() - t >= 19"));
  EXPECT_EQ("undefined", Run("k6.sleep(-1); k6.sleep(); k6.sleep('x')"));
}

TEST_F(ModulesTest, ASeedMakesRandomNumbersRepeat) {
  const std::string first = Run("k6.randomSeed(7); return [Math.random(), Math.random()]");
  EXPECT_EQ(first, Run("k6.randomSeed(7); return [Math.random(), Math.random()]"));
  EXPECT_NE(first, Run("k6.randomSeed(8); return [Math.random(), Math.random()]"));
  EXPECT_EQ("true", Run("for (let i = 0; i < 1000; i++) { const x = Math.random(); if (!(x >= 0 && "
                        "x < 1)) return x } return true"));
}

TEST_F(ModulesTest, MetricsTakeValuesWithTags) {
  EXPECT_EQ("\"cnt\"", Init("globalThis.c = new metrics.Counter('cnt'); globalThis.t = new "
                            "metrics.Trend('tim', true); return c.name"));
  EXPECT_EQ("[true,true,true]", Run("return [c.add(2), c.add(1, {k: 'a', n: 1}), t.add(true)]"));
  EXPECT_THAT(Samples("cnt"), ElementsAre("2{}", "1{k:a,n:1}"));
  EXPECT_THAT(Samples("tim"), ElementsAre("1{}"));
  const MetricRegistry& registry = js_.vu().samples.metrics();
  EXPECT_EQ(ValueType::kTime, registry.Get(*registry.Find("tim")).contains);
}

TEST_F(ModulesTest, UserMistakesWithMetrics) {
  EXPECT_THAT(Init("new metrics.Counter('a b')"), HasSubstr("nvalid metric name"));
  EXPECT_THAT(Init("new metrics.Counter('x')"), HasSubstr("nvalid metric name"));
  EXPECT_THAT(Init("new metrics.Counter('same'); new metrics.Gauge('same')"),
              HasSubstr("already exists but with type"));
  EXPECT_THAT(Run("new metrics.Rate('late')"),
              HasSubstr("metrics must be declared in the init context"));
  Init("globalThis.g = new metrics.Gauge('gau')");
  EXPECT_THAT(Init("g.add(1)"), HasSubstr("in the init context is not supported"));
  EXPECT_EQ("[false,false,false]", Run("return [g.add('x'), g.add(null), g.add(1, {t: []})]"));
  EXPECT_EQ(3u, js_.vu().log.records.size());
  js_.vu().settings.throw_on_error = true;
  EXPECT_THAT(Run("g.add(NaN)"), HasSubstr("'NaN' is an invalid value for metric 'gau'"));
  EXPECT_EQ(0u, Samples("gau").size());
}

TEST_F(ModulesTest, SharedArraysAreBuiltOnceAndReadOnly) {
  EXPECT_EQ("[2,1,3,true,[{\"id\":2}],\"[{\\\"id\\\":1},{\\\"id\\\":2}]\",true]",
            Init("globalThis.s = new data.SharedArray('u', () => [{id: 1}, {id: 2}]);"
                 "let sum = 0; for (const x of s) sum += x.id;"
                 "return [s.length, s[0].id, sum, s[9] === undefined, s.filter(x => x.id > 1), "
                 "JSON.stringify(s), Array.isArray(s)]"));
  EXPECT_EQ("[1]", Init("const t = new data.SharedArray('u', () => { throw new Error('built "
                        "twice') }); return [t[0].id]"));
  EXPECT_THAT(Run("s[0].id = 77"), HasSubstr("TypeError"));
  EXPECT_THAT(Run("s[0] = 77"), HasSubstr("immutable"));
  EXPECT_THAT(Run("s.push(1)"), HasSubstr("immutable"));
  EXPECT_EQ("1", Run("return s[0].id"));
}

TEST_F(ModulesTest, UserMistakesWithSharedArrays) {
  EXPECT_THAT(Init("new data.SharedArray('bad', () => ({a: 1}))"),
              HasSubstr("only arrays can be made into SharedArray"));
  EXPECT_THAT(Init("new data.SharedArray('', () => [])"), HasSubstr("empty name"));
  EXPECT_THAT(Init("new data.SharedArray('x')"), HasSubstr("a function is expected"));
  EXPECT_THAT(Init("new data.SharedArray('x', async () => [])"),
              HasSubstr("does not support async"));
  EXPECT_THAT(Run("new data.SharedArray('x', () => [])"),
              HasSubstr("must be called in the init context"));
}

TEST_F(ModulesTest, ExecutionTellsFacts) {
  js_.vu().scenario_facts =
      ScenarioFacts{"s", "constant-vus", absl::FromUnixMillis(1000), 0.25, 3, 7};
  js_.vu().vu_facts = {1, 5, 2, 1};
  js_.vu().instance_facts = {absl::Milliseconds(1500), 4, 1, 2, 3};
  EXPECT_EQ("[\"s\",\"constant-vus\",1000,0.25,3,7]",
            Run("const s = execution.scenario; return [s.name, s.executor, s.startTime, "
                "s.progress, s.iterationInInstance, s.iterationInTest]"));
  EXPECT_EQ("[1,5,2,1]", Run("const v = execution.vu; return [v.idInInstance, v.idInTest, "
                             "v.iterationInInstance, v.iterationInScenario]"));
  EXPECT_EQ("[1500,4,1,2,3]",
            Run("const i = execution.instance; return [i.currentTestRunDuration, "
                "i.iterationsCompleted, i.iterationsInterrupted, i.vusActive, i.vusInitialized]"));
  EXPECT_EQ("[3,\"constant-vus\"]",
            Run("const o = execution.test.options; return [o.vus, o.scenarios.default.executor]"));
}

TEST_F(ModulesTest, ExecutionIsSilentWhereItKnowsNothing) {
  EXPECT_THAT(Run("execution.scenario.name"), HasSubstr("outside of the VU context"));
  EXPECT_THAT(Init("execution.vu.idInTest"),
              HasSubstr("getting VU information in the init context is not supported"));
  EXPECT_THAT(Init("execution.instance.vusActive"),
              HasSubstr("in the init context is not supported"));
  EXPECT_THAT(Init("execution.test.options"), HasSubstr("in the init context is not supported"));
}

TEST_F(ModulesTest, TagsOfTheVuGoToItsSamples) {
  EXPECT_EQ("[\"v\",\"1\",[\"k\",\"n\"],true,null]",
            Run("const t = execution.vu.tags; t.k = 'v'; execution.vu.metrics.tags.n = 1;"
                "return [t.k, t.n, Object.keys(t), 'k' in t, t.nope ?? null]"));
  Run("k6.check(1, {a: true}); delete execution.vu.tags.k; k6.check(1, {b: true})");
  EXPECT_THAT(Samples("checks"), ElementsAre("1{check:a,k:v,n:1}", "1{check:b,n:1}"));
  EXPECT_THAT(Run("execution.vu.tags.bad = {}"),
              HasSubstr("only String, Boolean and Number types"));
}

TEST_F(ModulesTest, TheObjectOfTagsCannotBeReplaced) {
  for (const char* place : {"vu.tags", "vu.metrics.tags", "vu.metrics.metadata", "vu.metrics"}) {
    EXPECT_EQ("\"TypeError\"",
              Run(absl::StrCat("'use strict'; try { execution.", place,
                               " = {k: 'v'}; return 'taken' } catch (e) { return e.name }")))
        << place;
  }
}

TEST_F(ModulesTest, MetadataOfTheVuGoToItsSamplesApartFromTags) {
  EXPECT_EQ("[\"t1\",\"2\",[\"n\",\"trace\"],true,false,[]]",
            Run("const m = execution.vu.metrics.metadata; m.trace = 't1'; m.n = 2; return [m.trace,"
                "m.n, Object.keys(m), 'trace' in m, 'x' in m, Object.keys(execution.vu.tags)]"));
  Run("k6.check(1, {a: true}); delete execution.vu.metrics.metadata.n; k6.check(1, {b: true})");
  EXPECT_THAT(Samples("checks"),
              ElementsAre("1{\x01n:2,\x01trace:t1,check:a}", "1{\x01trace:t1,check:b}"));
  EXPECT_THAT(Run("execution.vu.metrics.metadata.bad = {}"),
              HasSubstr("invalid value for metric metadata 'bad'"));
}

TEST_F(ModulesTest, AbortAndFailReachTheVu) {
  Run("execution.test.abort('enough'); execution.test.fail('bad')");
  EXPECT_EQ("test aborted: enough", js_.vu().aborted);
  EXPECT_EQ("bad", js_.vu().failed);
}

TEST_F(ModulesTest, CryptoOutputsInAllEncodings) {
  EXPECT_EQ("\"900150983cd24fb0d6963f7d28e17f72\"", Run("return crypto.md5('abc', 'hex')"));
  EXPECT_EQ("[255,187,140]", Run("return Array.from(new Uint8Array(crypto.md5(new Uint8Array([0, "
                                 "1, 255]).buffer, 'binary'))).slice(0, 3)"));
  EXPECT_EQ("[255,187,140]", Run("return Array.from(new Uint8Array(crypto.md5(new Uint8Array([9, "
                                 "0, 1, 255]).subarray(1), 'binary'))).slice(0, 3)"));
  EXPECT_EQ("true", Run("const h = crypto.createHash('sha1'); h.update('a'); h.update('bc'); "
                        "return h.digest('hex') === crypto.sha1('abc', 'hex')"));
  EXPECT_EQ("true", Run("const h = crypto.createHMAC('sha256', 'k'); h.update('a'); return "
                        "h.digest('base64') === crypto.hmac('sha256', 'k', 'a', 'base64')"));
  EXPECT_EQ("[16,\"00ff10\"]", Run("return [crypto.randomBytes(16).byteLength, "
                                   "crypto.hexEncode(new Uint8Array([0, 255, 16]).buffer)]"));
  EXPECT_THAT(Run("crypto.md5('abc', 'base32')"), HasSubstr("invalid output encoding: base32"));
  EXPECT_THAT(Run("crypto.createHash('sha3')"), HasSubstr("invalid algorithm: sha3"));
  EXPECT_THAT(Run("crypto.md5({}, 'hex')"), HasSubstr("TypeError"));
  EXPECT_THAT(Run("crypto.randomBytes(0)"), HasSubstr("invalid size"));
}

TEST_F(ModulesTest, EncodingGoesBothWays) {
  EXPECT_EQ("\"aGk_Pj5-w7w\"", Run("return encoding.b64encode('hi?>>~\xc3\xbc', 'rawurl')"));
  EXPECT_EQ("\"hi?>>~\xc3\xbc\"", Run("return encoding.b64decode('aGk_Pj5-w7w', 'rawurl', 's')"));
  EXPECT_EQ("[0,255,128]",
            Run("return Array.from(new Uint8Array(encoding.b64decode(encoding.b64encode(new "
                "Uint8Array([0, 255, 128]).buffer))))"));
  EXPECT_THAT(Run("encoding.b64decode('*')"), HasSubstr("illegal base64 data at input byte 0"));
}

}  // namespace
}  // namespace lockstep::agent
