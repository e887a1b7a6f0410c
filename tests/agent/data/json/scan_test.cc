#include "agent/data/json/scan.h"

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

TEST(JsonScan, UnquotesEscapesAndSurrogates) {
  EXPECT_EQ("a\"\\/\b\f\n\r\t", UnquoteJson("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\""));
  EXPECT_EQ("\xc3\xa9", UnquoteJson("\"\\u00e9\""));
  EXPECT_EQ("\xf0\x9f\x98\x80", UnquoteJson("\"\\ud83d\\ude00\""));
  EXPECT_EQ("\xef\xbf\xbd!", UnquoteJson("\"\\ud83d!\""));
}

TEST(JsonScan, QuotingComesBackTheSame) {
  const std::string text = "tab\t \"quoted\" \\ line\n\x01 \xc5\xbc";
  EXPECT_EQ(text, UnquoteJson(QuoteJson(text)));
}

}  // namespace
}  // namespace lockstep::agent
