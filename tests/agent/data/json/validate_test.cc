#include "agent/data/json/validate.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

TEST(ValidateJson, AcceptsWhatTheGrammarAllows) {
  for (const char* text : {"1", " -0.5e+10 ", "\"\\u00e9\\n\"", "[]", "{}",
                           "[1, {\"a\": [true, false, null]}]", "\"\xc5\xbc\""}) {
    EXPECT_TRUE(ValidateJson(text).ok()) << text << ": " << ValidateJson(text);
  }
}

TEST(ValidateJson, ErrorsNameLineAndCharacter) {
  const std::pair<const char*, const char*> rows[] = {
      {"oops", "line 1, character 1: invalid character 'o' looking for the beginning of a value"},
      {"",
       "line 1, character 1: unexpected end of JSON input looking for the beginning of a value"},
      {"{\n \"a\" 1}", "line 2, character 6: invalid character '1' after an object's key"},
      {"[1 2]", "line 1, character 4: invalid character '2' after an array's element"},
      {"1 1", "line 1, character 3: invalid character '1' after the end of the document"},
      {"[1,]", "line 1, character 4: invalid character ']' looking for the beginning of a value"},
      {"01", "line 1, character 2: invalid character '1' after the end of the document"},
      {"{a:1}",
       "line 1, character 2: invalid character 'a' looking for the beginning of an object's key"},
      {"\"\\x\"", "line 1, character 3: invalid character 'x' in a string's escape"},
      {"\"abc", "line 1, character 5: unexpected end of JSON input in a string"}};
  for (const auto& [text, message] : rows) {
    EXPECT_EQ(message, ValidateJson(text).message()) << text;
  }
}

TEST(ValidateJson, NestingHasALimit) {
  EXPECT_FALSE(ValidateJson(std::string(20000, '[')).ok());
  EXPECT_TRUE(ValidateJson(std::string(5000, '[') + std::string(5000, ']')).ok());
  std::string mixed;
  for (int i = 0; i < 5000; ++i) {
    mixed += "{\"a\":[";
  }
  EXPECT_FALSE(ValidateJson(mixed).ok());
}

}  // namespace
}  // namespace lockstep::agent
