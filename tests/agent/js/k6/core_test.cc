#include "tests/agent/js/k6/module_test.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CoreModule : public ModuleTest {};

TEST_F(CoreModule, CheckEvaluatesAllAndTagsSamples) {
  EXPECT_EQ(
      "false",
      Run("return k6.check(5, {a: x => x === 5, b: x => x > 5, c: true, d: 0}, {extra: 'tag'})"));
  EXPECT_THAT(Samples("checks"), ElementsAre("1{check:a,extra:tag}", "0{check:b,extra:tag}",
                                             "1{check:c,extra:tag}", "0{check:d,extra:tag}"));
  EXPECT_EQ("true", Run("return k6.check(1, {a: true})"));
}

TEST_F(CoreModule, ASymbolIsNoNameOfACheck) {
  EXPECT_EQ("true", Run("return k6.check(1, {[Symbol('s')]: false, n: true, 1: true})"));
  EXPECT_THAT(Samples("checks"), ElementsAre("1{check:1}", "1{check:n}"));
}

TEST_F(CoreModule, ATextAsTagsOfACheckIsAnObjectOfItsLetters) {
  EXPECT_EQ("true", Run("return k6.check(1, {c: true}, 'x')"));
  EXPECT_THAT(Samples("checks"), ElementsAre("1{0:x,check:c}"));
}

TEST_F(CoreModule, ACheckThatThrowsFailsAndThrowsOn) {
  EXPECT_EQ("Error: inside",
            Run("k6.check(1, {t: () => { throw new Error('inside') }, never: true})"));
  EXPECT_THAT(Samples("checks"), ElementsAre("0{check:t}"));
}

// Which k6 takes for true, as any object is.
TEST_F(CoreModule, PromisesInPlaceOfValuesAreWarnedOf) {
  EXPECT_EQ("true", Run("return k6.check(1, {a: () => Promise.resolve(false)})"));
  EXPECT_EQ("5", Run("k6.group('g', () => Promise.resolve(1)); return k6.group('h', () => 5)"));
  const auto& records = js_.vu().log.records;
  ASSERT_EQ(2u, records.size());
  EXPECT_THAT(records[0].message, HasSubstr("the check \"a\" is given a promise"));
  EXPECT_THAT(records[1].message, HasSubstr("the function of the group \"g\" returns a promise"));
}

TEST_F(CoreModule, UserMistakesWithChecks) {
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

TEST_F(CoreModule, GroupsNestAndReturnTheirValue) {
  EXPECT_EQ(R"("gv")", Run(R"js(
    return k6.group('g1', () => { k6.group('g2', () => k6.check(1, {c: true})); return 'gv' })
  )js"));
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

TEST_F(CoreModule, AGroupThatThrowsIsLeft) {
  EXPECT_EQ("Error: x", Run("k6.group('g', () => { throw new Error('x') })"));
  EXPECT_EQ("", js_.vu().group());
  EXPECT_EQ(1u, Samples("group_duration").size());
  EXPECT_THAT(Run("k6.group('g', async () => 1)"), HasSubstr("does not support async functions"));
  EXPECT_THAT(Run("k6.group('g')"), HasSubstr("requires a callback"));
  EXPECT_THAT(Init("k6.group('g', () => 1)"), HasSubstr("in the init context is not supported"));
}

TEST_F(CoreModule, FailThrowsItsMessage) {
  EXPECT_THAT(Run("k6.fail('not today')"), HasSubstr("not today"));
}

TEST_F(CoreModule, SleepWaitsAndTakesNonsenseForNothing) {
  EXPECT_EQ("true", Run("const t = Date.now(); k6.sleep(0.02); return Date.now() - t >= 19"));
  EXPECT_EQ("undefined", Run("k6.sleep(-1); k6.sleep(); k6.sleep('x')"));
}

TEST_F(CoreModule, ASeedMakesRandomNumbersRepeat) {
  const std::string first = Run("k6.randomSeed(7); return [Math.random(), Math.random()]");
  EXPECT_EQ(first, Run("k6.randomSeed(7); return [Math.random(), Math.random()]"));
  EXPECT_NE(first, Run("k6.randomSeed(8); return [Math.random(), Math.random()]"));
  EXPECT_EQ("true", Run(R"js(
    for (let i = 0; i < 1000; i++) {
      const x = Math.random();
      if (!(x >= 0 && x < 1)) return x;
    }
    return true
  )js"));
}

}  // namespace
}  // namespace lockstep::agent
