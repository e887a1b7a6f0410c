#include "coordinator/convert/openapi_parameter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

struct Case {
  const char* parameter;  // but for its name and schema
  const char* value;
  const char* text;
};

Json Described(const Case& each) {
  Json parameter = Json::parse(each.parameter);
  parameter["name"] = "q";
  return parameter;
}

// The examples of OpenAPI 3.1, "Style Examples".
TEST(QueryText, IsAsStyleAndExplodeSay) {
  constexpr char kList[] = R"(["a","c d"])", kObject[] = R"({"r":1,"g":"x&y"})";
  const Case kCases[] = {
      {R"({"schema":{}})", "\"a b\"", "q=a%20b"},
      {R"({"schema":{}})", kList, "q=a&q=c%20d"},
      {R"({"schema":{},"explode":false})", kList, "q=a,c%20d"},
      {R"({"schema":{},"style":"spaceDelimited"})", kList, "q=a%20c%20d"},
      {R"({"schema":{},"style":"pipeDelimited"})", kList, "q=a%7Cc%20d"},
      {R"({"schema":{},"style":"pipeDelimited","explode":true})", kList, "q=a&q=c%20d"},
      {R"({"schema":{}})", kObject, "r=1&g=x%26y"},
      {R"({"schema":{},"explode":false})", kObject, "q=r,1,g,x%26y"},
      {R"({"schema":{},"style":"deepObject","explode":true})", kObject, "q[r]=1&q[g]=x%26y"},
      {R"({"schema":{},"allowReserved":true})", "\"a/b?c\"", "q=a/b?c"},
      {R"({"schema":{}})", "[]", "q="},
      {R"({"schema":{}})", "{}", ""},
      {R"({"type":"array"})", kList, "q=a,c%20d"},  // Swagger 2 from here on
      {R"({"type":"array","collectionFormat":"multi"})", kList, "q=a&q=c%20d"},
      {R"({"type":"array","collectionFormat":"ssv"})", kList, "q=a%20c%20d"},
      {R"({"type":"array","collectionFormat":"pipes"})", kList, "q=a%7Cc%20d"},
  };
  for (const Case& each : kCases) {
    EXPECT_EQ(QueryText(Described(each), Json::parse(each.value)), each.text)
        << each.parameter << each.value;
  }
}

TEST(PathText, IsAsStyleAndExplodeSay) {
  constexpr char kList[] = R"(["a/b","c"])", kObject[] = R"({"r":1,"g":2})";
  const Case kCases[] = {
      {"{}", "\"a/b\"", "a%2Fb"},
      {"{}", kList, "a%2Fb,c"},
      {"{}", kObject, "r,1,g,2"},
      {R"({"explode":true})", kObject, "r=1,g=2"},
      {R"({"style":"label"})", kList, ".a%2Fb,c"},
      {R"({"style":"label","explode":true})", kList, ".a%2Fb.c"},
      {R"({"style":"matrix"})", "5", ";q=5"},
      {R"({"style":"matrix"})", kList, ";q=a%2Fb,c"},
      {R"({"style":"matrix","explode":true})", kList, ";q=a%2Fb;q=c"},
      {R"({"style":"matrix","explode":true})", kObject, ";r=1;g=2"},
  };
  for (const Case& each : kCases) {
    EXPECT_EQ(PathText(Described(each), Json::parse(each.value)), each.text)
        << each.parameter << each.value;
  }
}

TEST(HeaderText, HasAListOnOneLine) {
  const Json list = {"a b", "c"};
  EXPECT_EQ(HeaderText({{"name", "q"}}, list), "a b,c");
  EXPECT_EQ(CookieText({{"name", "q"}}, list), "q=a%20b,c");
}

TEST(FormFields, AreOneForEachElement) {
  const Json list = {"a&b", "c"};
  EXPECT_THAT(FormFields(Json::object(), "q", list), ElementsAre(Pair("q", "a&b"), Pair("q", "c")));
  EXPECT_THAT(FormFields({{"type", "array"}}, "q", list), ElementsAre(Pair("q", "a&b,c")));
  EXPECT_THAT(FormFields({{"type", "array"}, {"collectionFormat", "ssv"}}, "q", list),
              ElementsAre(Pair("q", "a&b c")));
  EXPECT_THAT(FormFields(Json::object(), "q", {{"a", 1}}), ElementsAre(Pair("q", "{\"a\":1}")));
}

}  // namespace
}  // namespace lockstep::coordinator
