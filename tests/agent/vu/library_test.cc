// The functions that an older V8 lacks, as ECMA-262 defines them; on a newer one these are its own.

#include <gmock/gmock.h>

#include "tests/agent/vu/host_fixture.h"

namespace lockstep::agent {
namespace {

class Library : public HostTest {
 protected:
  Library() : HostTest(1) {}
  // The JSON of what the async function (show) => `expression` gives, or the name of what it
  // throws.
  std::string Value(const std::string& expression) {
    std::vector<std::string> lines =
        LinesOf(absl::StrCat(R"(
      const set = (...values) => new Set(values), list = (set) => [...set];
      export default async function () {
        try { console.log(JSON.stringify(await ()",
                             expression, R"())); } catch (e) { console.log(e.name); }
      })"));
    Reset();
    return lines.empty() ? "(nothing)" : lines.back();
  }
};

TEST_F(Library, ArraysAreCopiedAndChanged) {
  EXPECT_EQ(
      Value("[[3, 1, 2].toSorted(), [1, 2, 3].toSorted((a, b) => b - a), [1, , 3].toReversed()]"),
      "info: [[1,2,3],[3,2,1],[3,null,1]]");
  EXPECT_EQ(
      Value(
          "[[1, 2, 3].toSpliced(1, 1, 8, 9), [1, 2].toSpliced(-1), [1, 2].toSpliced(), [1].with(-1, 5)]"),
      "info: [[1,8,9,3],[1],[1,2],[5]]");
  EXPECT_EQ(Value("[1].with(1, 5)"), "info: RangeError");
  EXPECT_EQ(Value("[1].toSorted(5)"), "info: TypeError");
  EXPECT_EQ(Value("Array.prototype.toReversed.call({ length: 2, 0: 'a', 1: 'b' })"),
            R"(info: ["b","a"])");
}

TEST_F(Library, TypedArraysAreCopiedAndChanged) {
  EXPECT_EQ(Value("[new Uint8Array([3, 1]).toSorted(), new Float32Array([1, 2]).toReversed(), "
                  "new Int16Array([1, 2]).with(0, '7')].map((a) => [a.constructor.name, ...a])"),
            R"(info: [["Uint8Array",1,3],["Float32Array",2,1],["Int16Array",7,2]])");
  EXPECT_EQ(Value("Object.getPrototypeOf(Uint8Array).prototype.toReversed.call([1])"),
            "info: TypeError");
  EXPECT_EQ(Value("new BigInt64Array(1).with(0, 1)"), "info: TypeError");
}

TEST_F(Library, ItemsAreGrouped) {
  EXPECT_EQ(Value("Object.groupBy([1, 2, 3], (x, i) => i % 2 ? 'odd' : 'even')"),
            R"(info: {"even":[1,3],"odd":[2]})");
  EXPECT_EQ(Value("Object.getPrototypeOf(Object.groupBy([], () => 1))"), "info: null");
  EXPECT_EQ(Value("[...Map.groupBy(set(1, 2, 3), (x) => x > 1)]"),
            "info: [[false,[1]],[true,[2,3]]]");
  EXPECT_EQ(Value("Map.groupBy([], null)"), "info: TypeError");
}

TEST_F(Library, SetsAreCombined) {
  EXPECT_EQ(
      Value(
          "[set(1, 2).union(set(2, 3)), set(1, 2, 3).intersection(set(3, 2)), set(1, 2).difference(set(2)), "
          "set(1, 2).symmetricDifference(set(2, 3))].map(list)"),
      "info: [[1,2,3],[3,2],[1],[1,3]]");
  EXPECT_EQ(
      Value(
          "[set(1).isSubsetOf(set(1, 2)), set(1, 2).isSupersetOf(set(3)), set(1).isDisjointFrom(set(2)), "
          "set(1, 2).isSubsetOf(set(1)), set(1, 2).isDisjointFrom(set(2))]"),
      "info: [true,false,true,false,false]");
  EXPECT_EQ(Value("list(set(1, 2).union(new Map([[5, 'x']])))"), "info: [1,2,5]");
  EXPECT_EQ(Value("set(1).union([1])"), "info: TypeError");
  EXPECT_EQ(Value("set(1).union({ size: -1, has() {}, keys() {} })"), "info: RangeError");
}

TEST_F(Library, PromisesAreMadeFromOutside) {
  EXPECT_EQ(
      Value("(() => { const p = Promise.withResolvers(); p.resolve(5); return p.promise; })()"),
      "info: 5");
  EXPECT_EQ(Value("Promise.try((a, b) => a + b, 1, 2)"), "info: 3");
  EXPECT_EQ(Value("Promise.try(() => { throw new RangeError(); })"), "info: RangeError");
  EXPECT_EQ(
      Value("Array.fromAsync((async function* () { yield 1; yield 2; })(), async (x) => x * 2)"),
      "info: [2,4]");
  EXPECT_EQ(Value("Array.fromAsync({ length: 2, 0: Promise.resolve('a'), 1: 'b' })"),
            R"(info: ["a","b"])");
  EXPECT_EQ(Value("Array.fromAsync(null)"), "info: TypeError");
}

TEST_F(Library, TextsAreWellFormed) {
  EXPECT_EQ(
      Value(
          "['a\\ud800', '\\ud83d\\ude00', '\\udc00'].map((t) => [t.isWellFormed(), t.toWellFormed().length])"),
      "info: [[false,2],[true,2],[false,1]]");
}

TEST_F(Library, LooksLikeTheEnginesOwn) {
  EXPECT_EQ(
      Value(
          "[Object.keys(Array.prototype), 'toSorted' in [], [].toSorted === [].toSorted, [].toSpliced.length, "
          "[].with.name, new Set().union.name]"),
      R"(info: [[],true,true,2,"with","union"])");
  EXPECT_EQ(Value("new [].toSorted()"), "info: TypeError");
}

}  // namespace
}  // namespace lockstep::agent
