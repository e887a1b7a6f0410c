#include "absl/strings/str_cat.h"

#include "tests/agent/js/k6/module_test.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MetricsModule : public ModuleTest {};

TEST_F(MetricsModule, MetricsTakeValuesWithTags) {
  EXPECT_EQ(R"("cnt")", Init(R"js(
    globalThis.c = new metrics.Counter('cnt');
    globalThis.t = new metrics.Trend('tim', true);
    return c.name
  )js"));
  EXPECT_EQ("[true,true,true]", Run("return [c.add(2), c.add(1, {k: 'a', n: 1}), t.add(true)]"));
  EXPECT_THAT(Samples("cnt"), ElementsAre("2{}", "1{k:a,n:1}"));
  EXPECT_THAT(Samples("tim"), ElementsAre("1{}"));
  const MetricRegistry& registry = js_.vu().samples.metrics();
  EXPECT_EQ(ValueType::kTime, registry.Get(*registry.Find("tim")).contains);
}

TEST_F(MetricsModule, UserMistakes) {
  EXPECT_THAT(Init("new metrics.Counter('a b')"), HasSubstr("nvalid metric name"));
  EXPECT_THAT(Init("new metrics.Counter()"), HasSubstr("nvalid metric name"));
  EXPECT_THAT(Init("new metrics.Counter('x')"), HasSubstr("nvalid metric name"));
  EXPECT_THAT(Init("new metrics.Counter('same'); new metrics.Gauge('same')"),
              HasSubstr("already exists but with type"));
  EXPECT_THAT(Run("new metrics.Rate('late')"),
              HasSubstr("metrics must be declared in the init context"));
  Init("globalThis.g = new metrics.Gauge('gau')");
  EXPECT_THAT(Init("g.add(1)"), HasSubstr("in the init context is not supported"));
  EXPECT_EQ("[false,false]", Run("return [g.add('x'), g.add(null)]"));
  EXPECT_EQ(2u, js_.vu().log.records.size());
  js_.vu().settings.throw_on_error = true;
  EXPECT_THAT(Run("g.add(NaN)"), HasSubstr("'NaN' is an invalid value for metric 'gau'"));
  EXPECT_EQ(0u, Samples("gau").size());
}

TEST_F(MetricsModule, BadTagsThrowAndAddNothing) {
  Init("globalThis.g = new metrics.Gauge('gau')");
  for (const char* value : {"{}", "[]", "undefined", "null", "() => 1"}) {
    EXPECT_THAT(Run(absl::StrCat("g.add(1, {t: ", value, "})")),
                HasSubstr("cannot add tags for the 'gau' custom metric: invalid value for metric "
                          "tag 't'"))
        << value;
  }
  EXPECT_THAT(Run("g.add(1, {get t() { throw new Error('mine') }})"), HasSubstr("mine"));
  EXPECT_EQ(0u, Samples("gau").size());
  EXPECT_EQ("[true,true,true]", Run("return [g.add(1, 'x'), g.add(2, null), g.add(3, 5)]"));
  EXPECT_THAT(Samples("gau"), ElementsAre("1{0:x}", "2{}", "3{}"));
  EXPECT_THAT(js_.vu().log.records[0].message,
              HasSubstr("tags is a text, each letter of which becomes one"));
}

TEST_F(MetricsModule, NameIsReadOnlyAndAddIsTheMetricsOwn) {
  Init("globalThis.c = new metrics.Counter('cnt')");
  EXPECT_EQ(R"([["name","add"],"{\"name\":\"cnt\"}",1])",
            Run("return [Object.keys(c), JSON.stringify(c), c.add.length && 1 || 1]"));
  EXPECT_THAT(Run("'use strict'; c.name = 'other'"), HasSubstr("read only property 'name'"));
  EXPECT_EQ(R"("cnt")", Run("return c.name"));
}

TEST_F(MetricsModule, AddNeedsNoMetricBeforeIt) {
  Init(R"js(
    globalThis.c = new metrics.Counter('cnt');
    class Twice extends metrics.Trend {
      of(value) { return this.add(2 * value) }
    }
    globalThis.t = new Twice('twi')
  )js");
  EXPECT_EQ("[true,true,true,true]", Run(R"js(
    const { add } = c;
    [1, 2].forEach(c.add);
    return [add(3), c.add.call({}, 4), t.of(5), t instanceof metrics.Trend]
  )js"));
  EXPECT_THAT(Samples("cnt"), ElementsAre("1{}", "2{}", "3{}", "4{}"));
  EXPECT_THAT(Samples("twi"), ElementsAre("10{}"));
}

}  // namespace
}  // namespace lockstep::agent
