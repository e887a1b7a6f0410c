#include "coordinator/convert/command_prompt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/convert/curl_line.h"

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ShellCommand Prompt(absl::string_view line) {
  EXPECT_TRUE(IsForCommandPrompt(line)) << line;
  absl::StatusOr<ShellCommand> command = ParsePromptCommand(line);
  EXPECT_TRUE(command.ok()) << command.status();
  return command.value_or(ShellCommand());
}

// As Chrome and Firefox copy it today.
TEST(ParsePromptCommand, ReadsCaretsBeforeQuotes) {
  EXPECT_THAT(
      Prompt(
          "curl ^\"http://h/?a=1^&b=^%^41^\" ^\r\n  -H ^\"x: it's ^!^\" ^\r\n"
          "  --data-raw ^\"^{^\\^\"a^\\^\":^\\^\"b ^\\^\\^\\^\"c^\\^\\n^\\^\"^}^\n\nend^\\^\\^\"")
          .words,
      ElementsAre("curl", "http://h/?a=1&b=%41", "-H", "x: it's !", "--data-raw",
                  "{\"a\":\"b \\\"c\\n\"}\nend\\"));
}

// As they did before, and as people write.
TEST(ParsePromptCommand, ReadsPlainQuotes) {
  EXPECT_THAT(Prompt("curl.exe \"http://h/?a=1&b=2\" ^\n -H \"q: \"\"x\"\" ^\" ^\n"
                     " --data \"{\\\"a\\\":\\\"C:\\dir\\\\\\\"}\" -o \"\" ^^")
                  .words,
              ElementsAre("curl.exe", "http://h/?a=1&b=2", "-H", R"(q: "x" ^)", "--data",
                          R"({"a":"C:\dir\"})", "-o", "", "^"));
}

TEST(ParsePromptCommand, EndsWhereTheCommandEnds) {
  EXPECT_EQ(Prompt(R"(curl ^"http://h/^" & curl ^"http://i/^")").rest, R"(& curl ^"http://i/^")");
  EXPECT_EQ(Prompt("curl ^\"http://h/^\"\ncurl x").rest, "curl x");
  EXPECT_EQ(Prompt(R"(curl ^"http://h/^" > out)").words.size(), 2u);
  EXPECT_THAT(std::string(ParsePromptCommand("curl ^\"http://h/").status().message()),
              HasSubstr("copy it as cURL (bash)"));
}

TEST(IsForCommandPrompt, LeavesLinesOfShellsAlone) {
  for (const absl::string_view line :
       {"curl 'http://h/' -d 'a^\"b^\n'", "curl http://h/a^b", "curl \"x^\" -d \"^\n\"",
        "curl h \\^\"", "curl $'a^\\'^\"'"}) {
    EXPECT_FALSE(IsForCommandPrompt(line)) << line;
  }
}

TEST(ReadCurl, ReadsLinesOfTheCommandPrompt) {
  const absl::StatusOr<Recording> recording =
      ReadCurl("curl.exe ^\"http://h/a^\" ^\n  --data-raw ^\"^{^\\^\"a^\\^\":1^}^\"");
  ASSERT_TRUE(recording.ok()) << recording.status();
  const RecordedRequest& request = recording->groups[0].requests[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(Joined(request.url), "{BASE_URL}/a");
  EXPECT_EQ(Joined(request.body.text), R"({"a":1})");
  EXPECT_THAT(recording->left_out, ::testing::IsEmpty());
}

}  // namespace
}  // namespace lockstep::coordinator
