#include "tests/agent/js/k6/module_test.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

class DataModule : public ModuleTest {};

TEST_F(DataModule, SharedArraysAreBuiltOnceAndReadOnly) {
  EXPECT_EQ(R"([2,1,3,true,[{"id":2}],"[{\"id\":1},{\"id\":2}]",true])", Init(R"js(
    globalThis.s = new data.SharedArray('u', () => [{id: 1}, {id: 2}]);
    let sum = 0;
    for (const x of s) sum += x.id;
    return [s.length, s[0].id, sum, s[9] === undefined, s.filter(x => x.id > 1),
      JSON.stringify(s), Array.isArray(s)]
  )js"));
  EXPECT_EQ("[1]", Init(R"js(
    const t = new data.SharedArray('u', () => { throw new Error('built twice') });
    return [t[0].id]
  )js"));
  EXPECT_EQ("[{\"id\":1},{\"id\":2}]", Init("return new data.SharedArray('of another', () => s)"));
  EXPECT_THAT(Run("s[0].id = 77"), HasSubstr("TypeError"));
  EXPECT_THAT(Run("s[0] = 77"), HasSubstr("immutable"));
  EXPECT_THAT(Run("s.push(1)"), HasSubstr("immutable"));
  EXPECT_EQ("1", Run("return s[0].id"));
}

TEST_F(DataModule, WhatJsonCannotHoldIsMissedWhenItIsRead) {
  EXPECT_EQ(
      R"(["a",null,3,"SyntaxError: SharedArray: element 1 is undefined or a function, which JSON cannot hold"])",
      Init(R"js(
    const s = new data.SharedArray('holes', () => ['a', undefined, null]);
    try { return [s[0], s[2], s.length, s[1]]; } catch (e) { return [s[0], s[2], s.length, String(e)]; }
  )js"));
  EXPECT_EQ(R"([["0","1","2"],"012"])", Init(R"js(
    const s = new data.SharedArray('holes', () => []);
    let keys = '';
    for (const key in s) keys += key;
    return [Object.keys(s), keys];
  )js"));
}

TEST_F(DataModule, UserMistakes) {
  EXPECT_THAT(Init("new data.SharedArray('bad', () => ({a: 1}))"),
              HasSubstr("only arrays can be made into SharedArray"));
  EXPECT_THAT(Init("new data.SharedArray('', () => [])"), HasSubstr("empty name"));
  EXPECT_THAT(Init("new data.SharedArray('x')"), HasSubstr("a function is expected"));
  EXPECT_THAT(Init("new data.SharedArray('x', async () => [])"),
              HasSubstr("does not support async"));
  EXPECT_THAT(Run("new data.SharedArray('x', () => [])"),
              HasSubstr("must be called in the init context"));
}

}  // namespace
}  // namespace lockstep::agent
