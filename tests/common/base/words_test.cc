#include "common/base/words.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> WordsOf(absl::string_view text) {
  std::vector<std::string> words;
  ForEachWord(text, [&](absl::string_view word) { words.emplace_back(word); });
  return words;
}

TEST(Words, AreWhatNamesAreMadeOf) {
  EXPECT_THAT(WordsOf("__ENV.A_1['b']é"), ElementsAre("__ENV", "A_1", "b"));
  EXPECT_THAT(WordsOf("one"), ElementsAre("one"));
  EXPECT_THAT(WordsOf(" - "), IsEmpty());
  EXPECT_THAT(WordsOf(""), IsEmpty());
}

TEST(Words, ThatBeginWithNoDigitAreIdentifiers) {
  EXPECT_TRUE(IsIdentifier("_a1"));
  EXPECT_FALSE(IsIdentifier("1a"));
  EXPECT_FALSE(IsIdentifier("a-b"));
  EXPECT_FALSE(IsIdentifier("é"));
  EXPECT_FALSE(IsIdentifier(""));
}

TEST(Words, StandThereAsAWhole) {
  EXPECT_TRUE(HasWord("K6_A2 K6_A", "K6_A"));
  EXPECT_TRUE(HasWord("K6_A", "K6_A"));
  EXPECT_TRUE(HasWord("x[K6_A]", "K6_A"));
  EXPECT_FALSE(HasWord("K6_A2 XK6_A K6_AB", "K6_A"));
  EXPECT_FALSE(HasWord("", "K6_A"));
}

}  // namespace
}  // namespace lockstep
