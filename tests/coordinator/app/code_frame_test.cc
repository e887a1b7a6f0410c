#include "coordinator/app/code_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

TEST(PlaceIn, FindsThePlacesOfStacksAndOfSyntaxErrors) {
  const struct {
    const char* message;
    const char* url;
    int line, column;
  } kCases[] = {
      {"SyntaxError: file:///d/s.js: Line 1:36 Unexpected token '='", "file:///d/s.js", 1, 36},
      {"Error: boom\n\tat run (file:///d/s.js:3:9)\n\tat file:///d/t.js:1:1", "file:///d/s.js", 3,
       9},
      {"Error: boom\n\tat file:///d/a:b.js:12:7", "file:///d/a:b.js", 12, 7},
      {"The moduleSpecifier \"file:///d/x.js\" couldn't be found\n\tat file:///d/s.js:2:1",
       "file:///d/s.js", 2, 1},
  };
  for (const auto& [message, url, line, column] : kCases) {
    const std::optional<CodePlace> place = PlaceIn(message);
    ASSERT_TRUE(place.has_value()) << message;
    EXPECT_EQ(place->url, url);
    EXPECT_EQ(place->line, line);
    EXPECT_EQ(place->column, column);
  }
  for (const char* message : {"", "boom", "file:///d/s.js", "file:///d/s.js:x:1",
                              "file:///d/s.js:0:1", "file:///d/s.js:99999999999:1"}) {
    EXPECT_FALSE(PlaceIn(message).has_value()) << message;
  }
}

TEST(CodeFrame, MarksThePlaceBelowItsLine) {
  EXPECT_EQ(CodeFrame("one\n\tlet = = 3;\r\nthree", {"", 2, 8}),
            "\n   2 | \tlet = = 3;\n     | \t      ^");
  EXPECT_EQ(CodeFrame("x", {"", 1, 1}), "\n   1 | x\n     | ^");
  EXPECT_EQ(CodeFrame("x", {"", 1, 2}), "\n   1 | x\n     |  ^");
  EXPECT_EQ(CodeFrame("x", {"", 2, 1}), "");
  EXPECT_EQ(CodeFrame("", {"", 1, 1}), "") << "a file that only a source map names";
}

// V8 counts UTF-16 units, terminals columns: a wide character is one of the former and two of the
// latter, an emoji two and two.
TEST(CodeFrame, CountsCharactersAsTerminalsDo) {
  EXPECT_EQ(CodeFrame("'\xE6\x97\xA5' =", {"", 1, 5}), "\n   1 | '\xE6\x97\xA5' =\n     |      ^");
  EXPECT_EQ(CodeFrame("'\xF0\x9F\x98\x80' =", {"", 1, 6}),
            "\n   1 | '\xF0\x9F\x98\x80' =\n     |      ^");
}

TEST(CodeFrame, ShowsOfALongLineWhatIsAroundThePlace) {
  const std::string line = std::string(500, 'a') + "=" + std::string(500, 'b');
  const std::string cut = "\xE2\x80\xA6";
  EXPECT_EQ(CodeFrame(line, {"", 1, 501}), "\n   1 | " + cut + std::string(60, 'a') + "=" +
                                               std::string(59, 'b') + cut + "\n     | " +
                                               std::string(61, ' ') + "^");
  EXPECT_EQ(CodeFrame(line, {"", 1, 1}), "\n   1 | " + std::string(60, 'a') + cut + "\n     | ^");
  EXPECT_EQ(CodeFrame(line, {"", 1, 100000}),
            "\n   1 | " + cut + std::string(60, 'b') + "\n     | " + std::string(61, ' ') + "^");
}

}  // namespace
}  // namespace lockstep::coordinator
