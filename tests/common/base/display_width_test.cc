#include "common/base/display_width.h"

#include "gtest/gtest.h"

namespace lockstep {
namespace {

TEST(DisplayWidth, CountsWhatATerminalShows) {
  const struct {
    const char* name;
    const char* text;
    size_t columns;
  } kCases[] = {
      {"nothing", "", 0},
      {"ASCII", "http_reqs", 9},
      {"more bytes than characters", "5µs ✓", 5},
      {"colours", "\x1b[32m✓\x1b[0m ok", 4},
      {"a colour that does not end", "ab\x1b[32", 2},
      {"Chinese: two columns each", "登录", 4},
      {"Hangul syllables", "로그인", 6},
      {"full-width letters", "ＡＢ", 4},
      {"half-width katakana", "ｶﾅ", 2},
      {"e and a combining acute accent", "e\u0301", 1},
      {"o and two marks", "o\u0308\u0304", 1},
      {"an emoji", "🚀", 2},
      {"a family of four, joined", "👨\u200d👩\u200d👧\u200d👦", 2},
      {"a hand and its skin colour", "👍🏽", 2},
      {"two flags", "🇩🇪🇫🇷", 4},
      {"a byte that is not UTF-8, and a half of a character", "a\xff\xe7\x99", 4},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(DisplayWidth(test.text), test.columns) << test.name;
  }
}

TEST(CutToWidth, EndsColoursAndKeepsCharactersWhole) {
  EXPECT_EQ(CutToWidth("abc", 3), "abc");
  EXPECT_EQ(CutToWidth("abcd", 3), "abc");
  EXPECT_EQ(CutToWidth("✓✓✓", 2), "✓✓");
  EXPECT_EQ(CutToWidth("\x1b[32m✓\x1b[0m ok", 4), "\x1b[32m✓\x1b[0m ok");
  EXPECT_EQ(CutToWidth("\x1b[32mabc\x1b[0m", 2), "\x1b[32mab\x1b[0m");
  EXPECT_EQ(CutToWidth("登录页", 5), "登录");
  EXPECT_EQ(CutToWidth("e\u0301e\u0301", 1), "e\u0301");
}

TEST(PadToWidth, CountsColumns) {
  EXPECT_EQ(PadToWidth("登录", 6), "登录  ");
  EXPECT_EQ(PadToWidth("e\u0301", 2), "e\u0301 ");
  EXPECT_EQ(PadToWidth("abc", 2), "abc");
}

TEST(WrapToWidth, BreaksBetweenWordsAndKeepsTheSpacesWithinALine) {
  EXPECT_EQ(WrapToWidth("a.js  Running  5/10 VUs", 13),
            (std::vector<std::string>{"a.js  Running", "5/10 VUs"}));
  EXPECT_EQ(WrapToWidth("a.js  Running  5/10 VUs", 23),
            (std::vector<std::string>{"a.js  Running  5/10 VUs"}));
  EXPECT_EQ(WrapToWidth(" 登录 a-long-word ", 5),
            (std::vector<std::string>{"登录", "a-long-word"}));
  EXPECT_TRUE(WrapToWidth(" ", 5).empty());
}

TEST(AlignColumns, PadsAllButTheLastCellOfARow) {
  EXPECT_EQ(AlignColumns({{"a", "登录", "x"}, {"bcd", "e", "yz"}, {"f"}}),
            (std::vector<std::string>{"a    登录  x", "bcd  e     yz", "f"}));
  EXPECT_TRUE(AlignColumns({}).empty());
}

TEST(AlignColumns, LeavesOutWhatThereIsNoRoomForAndCutsNothing) {
  const std::vector<std::vector<std::string>> rows = {{"agent", "5 VUs", "lag 369ms"}, {"b"}};
  EXPECT_EQ(AlignColumns(rows, 23), (std::vector<std::string>{"agent  5 VUs  lag 369ms", "b"}));
  EXPECT_EQ(AlignColumns(rows, 22), (std::vector<std::string>{"agent  5 VUs", "b"}));
  EXPECT_EQ(AlignColumns(rows, 3), (std::vector<std::string>{"agent", "b"}));
}

}  // namespace
}  // namespace lockstep
