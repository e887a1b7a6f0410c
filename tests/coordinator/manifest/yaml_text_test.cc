#include "coordinator/manifest/yaml_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

namespace lockstep::coordinator {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(YamlText, StringsStayStringsAndKeysStayInOrder) {
  const Json value = {{"b", "3"},           {"a", 3},
                      {"yes", "no"},        {"t", true},
                      {"s", "true"},        {"e", ""},
                      {"n", nullptr},       {"o", Json::object()},
                      {"l", Json::array()}, {"x", {{"list", {"1", 2, "two: three"}}}}};
  EXPECT_EQ(YamlText(value), R"(b: "3"
a: 3
"yes": "no"
t: true
s: "true"
e: ""
"n": ~
o: {}
l: []
x:
  list:
    - "1"
    - 2
    - "two: three"
)");
}

TEST(YamlText, WhatIsPrintedIsReadBack) {
  for (const char* text : {"plain", "1e3", "0x10", "on", "a\nb\n", "# no comment", "- x", "'", "\"",
                           "$(X)", "null", "~", " lead", "1:2"}) {
    const YAML::Node node = YAML::Load(YamlText({{"k", text}}));
    EXPECT_EQ(node["k"].as<std::string>(), text);
  }
}

Json After(const char* assignment, Json value) {
  const absl::Status set = SetByPath(assignment, &value);
  EXPECT_TRUE(set.ok()) << set;
  return value;
}

TEST(SetByPath, MakesReplacesAndAppends) {
  EXPECT_EQ(After("a.b=1", Json::object()), (Json{{"a", {{"b", 1}}}}));
  EXPECT_EQ(After("a.b=\"1\"", {{"a", {{"c", 2}}}}), (Json{{"a", {{"c", 2}, {"b", "1"}}}}));
  EXPECT_EQ(After("l.1.x=yes", {{"l", {{{"x", "no"}}}}}),
            (Json{{"l", {{{"x", "no"}}, {{"x", "yes"}}}}}));
  EXPECT_EQ(After("m.example\\.com/zone={k: [1, true, s]}", Json::object()),
            (Json{{"m", {{"example.com/zone", {{"k", {1, true, "s"}}}}}}}));
}

TEST(SetByPath, SaysWhatIsWrong) {
  const auto error = [](const char* assignment) {
    Json value = {{"a", 1}, {"l", {1}}};
    return std::string(SetByPath(assignment, &value).message());
  };
  EXPECT_EQ(error("a"), "expected PATH=VALUE");
  EXPECT_EQ(error("=1"), "expected PATH=VALUE");
  EXPECT_EQ(error("a.b=1"), "\"b\" would be in a plain value");
  EXPECT_EQ(error("l.x=1"), "\"x\" is not a place in a list of 1: expected 0 to 1");
  EXPECT_EQ(error("a..b=1"), "a key is empty");
  EXPECT_THAT(error("a=["), StartsWith("the value is not YAML: character "));
  EXPECT_THAT(error("a=["), Not(HasSubstr("yaml-cpp")));
}

}  // namespace
}  // namespace lockstep::coordinator
