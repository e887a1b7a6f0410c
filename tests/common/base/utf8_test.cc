#include "common/base/utf8.h"

#include "gtest/gtest.h"

namespace lockstep {
namespace {

TEST(Utf8SequenceLength, OfTheFirstAndTheLastOfEachLength) {
  const struct {
    const char* text;
    size_t length;
  } kCases[] = {
      {"a", 1},
      {"\x7F", 1},
      {"\xC2\x80", 2},
      {"\xDF\xBF!", 2},
      {"\xE0\xA0\x80", 3},
      {"\xED\x9F\xBF", 3},
      {"\xEE\x80\x80", 3},
      {"\xEF\xBF\xBF", 3},
      {"\xF0\x90\x80\x80", 4},
      {"\xF4\x8F\xBF\xBF", 4},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(Utf8SequenceLength(test.text), test.length) << test.text;
  }
  EXPECT_EQ(Utf8SequenceLength(absl::string_view("\0", 1)), 1u);
}

TEST(IsUtf8, HoldsForWholeTexts) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("a\u00fc\u20ac\U0001F600z"));
  EXPECT_FALSE(IsUtf8("a\xC3"));
  EXPECT_FALSE(IsUtf8("\xC3(b"));
}

TEST(ValidUtf8, HasAMarkForEachByteThatIsNone) {
  EXPECT_EQ(ValidUtf8(""), "");
  EXPECT_EQ(ValidUtf8("a\u00fc\u20ac\U0001F600z"), "a\u00fc\u20ac\U0001F600z");
  EXPECT_EQ(ValidUtf8("m\xFCn"), "m\uFFFDn");
  EXPECT_EQ(ValidUtf8("\xE2\x82"), "\uFFFD\uFFFD");
}

TEST(Utf8SequenceLength, IsNothingForWhatIsNone) {
  for (const char* text : {
           "\x80",              // nothing that it follows
           "\xC1\xBF",          // overlong
           "\xE0\x9F\xBF",      // overlong
           "\xF0\x8F\xBF\xBF",  // overlong
           "\xED\xA0\x80",      // a surrogate
           "\xF4\x90\x80\x80",  // beyond U+10FFFF
           "\xF5\x80\x80\x80",
           "\xFF",
           "\xC3",  // cut off
           "\xE2\x82",
           "\xC3z",
       }) {
    EXPECT_EQ(Utf8SequenceLength(text), 0u) << text;
  }
}

}  // namespace
}  // namespace lockstep
