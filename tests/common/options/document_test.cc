#include "common/options/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(ParseJsonDocument, KeepsTheOrderOfKeys) {
  EXPECT_EQ(ParseJsonDocument(R"({"b": 1, "a": [true, null]})")->dump(),
            R"({"b":1,"a":[true,null]})");
}

TEST(ParseJsonDocument, NamesThePlaceOfAMistake) {
  const struct {
    const char* text;
    const char* error;
  } kCases[] = {
      {"", "line 1, column 1: it is empty"},
      {" \n", "line 1, column 1: it is empty"},
      {"[", "line 1, column 2: unexpected end of input; expected "},
      {"{\n  \"a\": 1,\n}", "line 3, column 1: unexpected '}'; expected string literal"},
      {"{\"a\": tru}", "line 1, column 10: "},
      {"[1] x", "line 1, column 5: "},
      {"{\"a\": 1, \"a\": 2}", "`a` is given twice"},
      {"[1e999]", "it is not valid JSON: a number in it is too large"},
  };
  for (const auto& [text, error] : kCases) {
    const std::string message(ParseJsonDocument(text).status().message());
    EXPECT_THAT(message, HasSubstr(error)) << text;
    EXPECT_THAT(message, Not(HasSubstr("json."))) << text;
  }
}

TEST(ParseYamlDocument, ReadsScalarsAsPeopleMeanThem) {
  EXPECT_EQ(ParseYamlDocument("b: 1\na: ['1', yes, ~, 1.5, true]\nc: &x {d: e}\nf: *x")->dump(),
            R"({"b":1,"a":["1","yes",null,1.5,true],"c":{"d":"e"},"f":{"d":"e"}})");
}

TEST(ParseYamlDocument, RefusesSeveralDocuments) {
  EXPECT_EQ(ParseYamlDocument("a: 1\n---\nb: 2\n").status().message(),
            "it has more than one document (`---`); one is read");
  EXPECT_EQ(ParseYamlDocument("---\na: 1\n---\n")->dump(), R"({"a":1})");
  EXPECT_TRUE(ParseYamlDocument("")->is_null());
}

TEST(ParseYamlDocument, NamesThePlaceOfAMistake) {
  const std::string message(ParseYamlDocument("a: 1\nb: [1, 2\nc: 3\n").status().message());
  EXPECT_THAT(message, HasSubstr("line 3, column "));
  EXPECT_THAT(message, Not(HasSubstr("yaml-cpp")));
  EXPECT_EQ(ParseYamlDocument("a: 1\na: 2").status().message(),
            "line 2, column 1: `a` is given twice");
  EXPECT_THAT(std::string(ParseYamlDocument(std::string(100, '[')).status().message()),
              HasSubstr("line 1, column "));
}

// The library would make empty documents of it, without end.
TEST(ParseYamlDocument, RefusesCommasOutsideOfBrackets) {
  for (const char* text : {"[1],", ", a", "\"vus\", 5", "---\n,"}) {
    EXPECT_THAT(std::string(ParseYamlDocument(text).status().message()),
                HasSubstr("no document can begin with a comma"))
        << text;
  }
  EXPECT_THAT(std::string(ParseYamlDocument("[1],").status().message()),
              StartsWith("line 1, column 4: "));
  EXPECT_EQ(ParseYamlDocument("a: 1, 2\n")->dump(), R"({"a":"1, 2"})");
  EXPECT_EQ(ParseYamlDocument("---\n---\n---\na: 1\n...\n")->dump(), R"({"a":1})");
}

// "A billion laughs".
TEST(ParseYamlDocument, DoesNotUnfoldAliasesWithoutEnd) {
  std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    absl::StrAppend(&text, "a", i, ": &a", i, " [");
    for (int j = 0; j < 10; ++j) {
      absl::StrAppend(&text, j == 0 ? "" : ",", "*a", i - 1);
    }
    absl::StrAppend(&text, "]\n");
  }
  EXPECT_THAT(std::string(ParseYamlDocument(text).status().message()),
              HasSubstr("too large with all that its aliases name"));
}

}  // namespace
}  // namespace lockstep
