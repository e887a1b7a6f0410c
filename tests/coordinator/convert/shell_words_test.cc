#include "coordinator/convert/shell_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;

TEST(ParseShellCommand, TakesABackslashAtTheEnd) {
  EXPECT_THAT(ParseShellCommand("curl h \\").value().words, ElementsAre("curl", "h", ""));
  EXPECT_THAT(ParseShellCommand("curl h\\").value().words, ElementsAre("curl", "h"));
}

TEST(ShellFile, IsOneWordAndNoFlag) {
  const struct {
    const char* path;
    const char* typed;
  } kCases[] = {
      {"a/b-1.js", "a/b-1.js"},     {"sp ace/n.js", "'sp ace/n.js'"},
      {"-x.js", "./-x.js"},         {"- x.js", "'./- x.js'"},
      {"it's.js", "'it'\\''s.js'"}, {"a$b", "'a$b'"},
      {"~/a.js", "'~/a.js'"},       {"", "''"},
      {"a\nb", "'a\nb'"},           {"\xC3\xA4.js", "'\xC3\xA4.js'"},
  };
  for (const auto& [path, typed] : kCases) {
    EXPECT_EQ(ShellFile(path), typed);
    EXPECT_EQ(ParseShellCommand(typed).value().words.size(), 1u) << typed;
  }
}

}  // namespace
}  // namespace lockstep::coordinator
