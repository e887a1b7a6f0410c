#include "agent/data/json/path.h"

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

constexpr absl::string_view kNone = "(none)";

std::string At(absl::string_view json, absl::string_view path) {
  return GetJsonPath(json, path).value_or(std::string(kNone));
}

// The document of GJSON's syntax description.
constexpr absl::string_view kDocument = R"({
  "name": {"first": "Tom", "last": "Anderson"},
  "age":37,
  "children": ["Sara","Alex","Jack"],
  "fav.movie": "Deer Hunter",
  "friends": [
    {"first": "Dale", "last": "Murphy", "age": 44, "nets": ["ig", "fb", "tw"]},
    {"first": "Roger", "last": "Craig", "age": 68, "nets": ["fb", "tw"]},
    {"first": "Jane", "last": "Murphy", "age": 47, "nets": ["ig", "tw"]}
  ]
})";

struct Row {
  const char* path;
  const char* json;
};

void ExpectRows(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    EXPECT_EQ(row.json, At(kDocument, row.path)) << row.path;
  }
}

TEST(JsonPath, MembersElementsAndWildcards) {
  ExpectRows({{"name.last", R"("Anderson")"},
              {"name.first", R"("Tom")"},
              {"age", "37"},
              {"children", R"(["Sara","Alex","Jack"])"},
              {"children.0", R"("Sara")"},
              {"children.1", R"("Alex")"},
              {"child*.2", R"("Jack")"},
              {"c?ildren.0", R"("Sara")"},
              {"fav\\.movie", R"("Deer Hunter")"},
              {"friends.1.last", R"("Craig")"},
              {"name", R"({"first": "Tom", "last": "Anderson"})"}});
}

TEST(JsonPath, WhatIsNotThereIsNothing) {
  for (const char* path : {"no", "no.such", "age.x", "children.3", "children.x", "fav.movie", "",
                           "name.", "friends.#(age>99)"}) {
    EXPECT_EQ(kNone, At(kDocument, path)) << path;
  }
}

TEST(JsonPath, NumberSignCountsOrMaps) {
  ExpectRows({{"friends.#", "3"},
              {"friends.#.age", "[44,68,47]"},
              {"friends.#.nope", "[]"},
              {"friends.#.nets.0", R"(["ig","fb","ig"])"},
              {"friends.#.nets.#", "[3,2,2]"}});
}

TEST(JsonPath, QueriesFindOneOrAll) {
  ExpectRows({{R"(friends.#(last=="Murphy").first)", R"("Dale")"},
              {R"(friends.#(last=="Murphy")#.first)", R"(["Dale","Jane"])"},
              {"friends.#(age>45)#.last", R"(["Craig","Murphy"])"},
              {"friends.#(age>=47)#.age", "[68,47]"},
              {"friends.#(age<45).first", R"("Dale")"},
              {"friends.#(age!=44)#.age", "[68,47]"},
              {R"(friends.#(first%"D*").last)", R"("Murphy")"},
              {R"(friends.#(first!%"D*").last)", R"("Craig")"},
              {R"(friends.#(nets.#(=="fb"))#.first)", R"(["Dale","Roger"])"},
              {R"(children.#(!%"*a*"))", R"("Alex")"},
              {R"(children.#(%"*a*")#)", R"(["Sara","Jack"])"},
              {"friends.#[last=Murphy]#.age", "[44,47]"},
              {"friends.#(age>99)#", "[]"}});
}

TEST(JsonPath, PipesTakeTheWholeResult) {
  ExpectRows({{"friends.0.first", R"("Dale")"},
              {"friends|0.first", R"("Dale")"},
              {"friends.0|first", R"("Dale")"},
              {"friends|#", "3"},
              {R"(friends.#(last="Murphy")#|0.first)", R"("Dale")"},
              {R"(friends.#(last="Murphy")#|#)", "2"},
              {R"(friends.#(last="Murphy")#.0)", "[]"},
              {"friends.#.first|1", R"("Roger")"}});
}

TEST(JsonPath, TildeComparesTruthInAWideSense) {
  constexpr absl::string_view kVals =
      R"({"vals":[{"a":1,"b":"data"},{"a":2,"b":true},{"a":3,"b":false},{"a":4,"b":"0"},{"a":5,"b":0},)"
      R"({"a":6,"b":"1"},{"a":7,"b":1},{"a":8,"b":"true"},{"a":9,"b":"false"},{"a":10,"b":null},{"a":11}]})";
  EXPECT_EQ("[2,6,7,8]", At(kVals, "vals.#(b==~true)#.a"));
  EXPECT_EQ("[3,4,5,9,10,11]", At(kVals, "vals.#(b==~false)#.a"));
  EXPECT_EQ("[10,11]", At(kVals, "vals.#(b==~null)#.a"));
  EXPECT_EQ("[1,2,3,4,5,6,7,8,9,10]", At(kVals, "vals.#(b==~*)#.a"));
}

TEST(JsonPath, Modifiers) {
  ExpectRows({{"children.@reverse", R"(["Jack","Alex","Sara"])"},
              {"children|@reverse|0", R"("Jack")"},
              {"name.@keys", R"(["first","last"])"},
              {"name.@values", R"(["Tom","Anderson"])"},
              {"age.@this", "37"},
              {"age.@tostr", R"("37")"},
              {"friends.@dig:age", "[44,68,47]"}});
  EXPECT_EQ("[1,2,3,[4]]", At("[1,[2],[3,[4]]]", "@flatten"));
  EXPECT_EQ("[1,2,3,4]", At("[1,[2],[3,[4]]]", R"(@flatten:{"deep":true})"));
  EXPECT_EQ(R"({"first":"Tom","age":41})", At(R"([{"first":"Tom","age":37},{"age":41}])", "@join"));
  EXPECT_EQ(R"([{"id":1,"v":3},{"id":2,"v":4}])", At(R"({"id":[1,2],"v":[3,4]})", "@group"));
  EXPECT_EQ("5", At(R"({"a":"{\"b\":5}"})", "a.@fromstr.b"));
}

TEST(JsonPath, MultipathsMakeNewValues) {
  ExpectRows({{R"({name.first,age,"murphys":friends.#(last="Murphy")#.first})",
               R"({"first":"Tom","age":37,"murphys":["Dale","Jane"]})"},
              {"[age,children.0,no]", R"([37,"Sara"])"},
              {"friends.#.[first,age]", R"([["Dale",44],["Roger",68],["Jane",47]])"},
              {R"({age,"kind":!"person"})", R"({"age":37,"kind":"person"})"}});
}

TEST(JsonPath, TwoDotsReadLines) {
  constexpr absl::string_view kLines =
      "{\"name\":\"Ann\",\"age\":1}\n{\"name\":\"Bob\",\"age\":2}\n";
  EXPECT_EQ("2", At(kLines, "..#"));
  EXPECT_EQ(R"("Bob")", At(kLines, "..1.name"));
  EXPECT_EQ(R"(["Ann","Bob"])", At(kLines, "..#.name"));
  EXPECT_EQ("1", At(kLines, R"(..#(name="Ann").age)"));
}

TEST(JsonPath, EscapedKeysAreComparedByWhatTheySay) {
  EXPECT_EQ("1", At(R"({"\u00e9":1})", "\xc3\xa9"));
  EXPECT_EQ("2", At(R"({"a*b":2,"axb":3})", "a\\*b"));
}

TEST(JsonPath, MalformedPathsFindNothingAndDoNotCrash) {
  for (const char* path :
       {"#(", "friends.#(", "friends.#(age", "{", "[", "!", "@", "..", ".", "|", "friends.#(age>",
        "\\", "@flatten:", "friends.#[", R"({"a")", "{a:", "friends.#()", "friends.#()#"}) {
    GetJsonPath(kDocument, path);
  }
  EXPECT_EQ(kNone, At(kDocument, std::string(5000, '[')));
}

}  // namespace
}  // namespace lockstep::agent
