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
  ExpectRows({{"name.last", "\"Anderson\""},
              {"name.first", "\"Tom\""},
              {"age", "37"},
              {"children", "[\"Sara\",\"Alex\",\"Jack\"]"},
              {"children.0", "\"Sara\""},
              {"children.1", "\"Alex\""},
              {"child*.2", "\"Jack\""},
              {"c?ildren.0", "\"Sara\""},
              {"fav\\.movie", "\"Deer Hunter\""},
              {"friends.1.last", "\"Craig\""},
              {"name", "{\"first\": \"Tom\", \"last\": \"Anderson\"}"}});
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
              {"friends.#.nets.0", "[\"ig\",\"fb\",\"ig\"]"},
              {"friends.#.nets.#", "[3,2,2]"}});
}

TEST(JsonPath, QueriesFindOneOrAll) {
  ExpectRows({{"friends.#(last==\"Murphy\").first", "\"Dale\""},
              {"friends.#(last==\"Murphy\")#.first", "[\"Dale\",\"Jane\"]"},
              {"friends.#(age>45)#.last", "[\"Craig\",\"Murphy\"]"},
              {"friends.#(age>=47)#.age", "[68,47]"},
              {"friends.#(age<45).first", "\"Dale\""},
              {"friends.#(age!=44)#.age", "[68,47]"},
              {"friends.#(first%\"D*\").last", "\"Murphy\""},
              {"friends.#(first!%\"D*\").last", "\"Craig\""},
              {"friends.#(nets.#(==\"fb\"))#.first", "[\"Dale\",\"Roger\"]"},
              {"children.#(!%\"*a*\")", "\"Alex\""},
              {"children.#(%\"*a*\")#", "[\"Sara\",\"Jack\"]"},
              {"friends.#[last=Murphy]#.age", "[44,47]"},
              {"friends.#(age>99)#", "[]"}});
}

TEST(JsonPath, PipesTakeTheWholeResult) {
  ExpectRows({{"friends.0.first", "\"Dale\""},
              {"friends|0.first", "\"Dale\""},
              {"friends.0|first", "\"Dale\""},
              {"friends|#", "3"},
              {"friends.#(last=\"Murphy\")#|0.first", "\"Dale\""},
              {"friends.#(last=\"Murphy\")#|#", "2"},
              {"friends.#(last=\"Murphy\")#.0", "[]"},
              {"friends.#.first|1", "\"Roger\""}});
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
  ExpectRows({{"children.@reverse", "[\"Jack\",\"Alex\",\"Sara\"]"},
              {"children|@reverse|0", "\"Jack\""},
              {"name.@keys", "[\"first\",\"last\"]"},
              {"name.@values", "[\"Tom\",\"Anderson\"]"},
              {"age.@this", "37"},
              {"age.@tostr", "\"37\""},
              {"friends.@dig:age", "[44,68,47]"}});
  EXPECT_EQ("[1,2,3,[4]]", At("[1,[2],[3,[4]]]", "@flatten"));
  EXPECT_EQ("[1,2,3,4]", At("[1,[2],[3,[4]]]", "@flatten:{\"deep\":true}"));
  EXPECT_EQ("{\"first\":\"Tom\",\"age\":41}",
            At("[{\"first\":\"Tom\",\"age\":37},{\"age\":41}]", "@join"));
  EXPECT_EQ("[{\"id\":1,\"v\":3},{\"id\":2,\"v\":4}]", At("{\"id\":[1,2],\"v\":[3,4]}", "@group"));
  EXPECT_EQ("5", At("{\"a\":\"{\\\"b\\\":5}\"}", "a.@fromstr.b"));
}

TEST(JsonPath, MultipathsMakeNewValues) {
  ExpectRows({{"{name.first,age,\"murphys\":friends.#(last=\"Murphy\")#.first}",
               "{\"first\":\"Tom\",\"age\":37,\"murphys\":[\"Dale\",\"Jane\"]}"},
              {"[age,children.0,no]", "[37,\"Sara\"]"},
              {"friends.#.[first,age]", "[[\"Dale\",44],[\"Roger\",68],[\"Jane\",47]]"},
              {"{age,\"kind\":!\"person\"}", "{\"age\":37,\"kind\":\"person\"}"}});
}

TEST(JsonPath, TwoDotsReadLines) {
  constexpr absl::string_view kLines =
      "{\"name\":\"Ann\",\"age\":1}\n{\"name\":\"Bob\",\"age\":2}\n";
  EXPECT_EQ("2", At(kLines, "..#"));
  EXPECT_EQ("\"Bob\"", At(kLines, "..1.name"));
  EXPECT_EQ("[\"Ann\",\"Bob\"]", At(kLines, "..#.name"));
  EXPECT_EQ("1", At(kLines, "..#(name=\"Ann\").age"));
}

TEST(JsonPath, EscapedKeysAreComparedByWhatTheySay) {
  EXPECT_EQ("1", At("{\"\\u00e9\":1}", "\xc3\xa9"));
  EXPECT_EQ("2", At("{\"a*b\":2,\"axb\":3}", "a\\*b"));
}

TEST(JsonPath, MalformedPathsFindNothingAndDoNotCrash) {
  for (const char* path :
       {"#(", "friends.#(", "friends.#(age", "{", "[", "!", "@", "..", ".", "|", "friends.#(age>",
        "\\", "@flatten:", "friends.#[", "{\"a\"", "{a:", "friends.#()", "friends.#()#"}) {
    GetJsonPath(kDocument, path);
  }
  EXPECT_EQ(kNone, At(kDocument, std::string(5000, '[')));
}

}  // namespace
}  // namespace lockstep::agent
