#include "agent/run/script_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sim_loop.h"

namespace lockstep::agent {
namespace {

class ScriptLogTest : public ::testing::Test {
 protected:
  v1::LogLines TakeAll() {
    v1::LogLines all;
    v1::LogLines some;
    while (log.Take(1000, &some)) {
      all.set_suppressed(all.suppressed() + some.suppressed());
      for (v1::LogLine& line : *some.mutable_lines()) {
        *all.add_lines() = std::move(line);
      }
      some.Clear();
    }
    return all;
  }

  lockstep::testing::SimLoop loop;
  ScriptLog log{loop};
};

TEST_F(ScriptLogTest, FewEqualLinesAreEachTheirOwn) {
  log.Info("a");
  log.Info("a");
  const v1::LogLines lines = TakeAll();
  ASSERT_EQ(lines.lines_size(), 2);
  EXPECT_EQ(lines.lines(1).times(), 0);
}

TEST_F(ScriptLogTest, SecretsAreTakenOutOfMessagesAndFields) {
  log.redactor().Add("s3cret");
  log.Log(LogLevel::kInfo, "a s3cret", {{"source", "console"}, {"url", "http://h/?t=s3cret"}});
  const v1::LogLines lines = TakeAll();
  ASSERT_EQ(lines.lines_size(), 1);
  EXPECT_EQ(lines.lines(0).message(), "a ***SECRET_REDACTED***");
  EXPECT_EQ(lines.lines(0).fields(1).value(), "http://h/?t=***SECRET_REDACTED***");
}

TEST_F(ScriptLogTest, EqualLinesInARowAreFoldedOnceMuchIsWaiting) {
  const std::string line(100'000, 'x');
  for (int i = 0; i < 1000; ++i) {
    log.Info(line);
  }
  log.Warn(line);  // of another level
  const v1::LogLines lines = TakeAll();
  // Eleven lines are more than a MiB; the eleventh stands for all that follow.
  ASSERT_EQ(lines.lines_size(), 12);
  EXPECT_EQ(lines.lines(10).times(), 990);
  EXPECT_EQ(lines.lines(11).level(), v1::LogLine::WARN);
  EXPECT_EQ(lines.suppressed(), 0);
}

TEST_F(ScriptLogTest, WhatWaitsIsBoundedAndTheRestIsCounted) {
  for (int i = 0; i < 100; ++i) {
    log.Info(std::to_string(i) + std::string(1'000'000, 'x'));
  }
  const v1::LogLines lines = TakeAll();
  EXPECT_EQ(lines.lines_size(), 16);  // 16 MiB have room for 16 lines of a million bytes
  EXPECT_EQ(lines.suppressed(), 84);
}

TEST_F(ScriptLogTest, ALineIsCutBetweenTwoCharacters) {
  std::string line(ScriptLog::kMaxLineBytes - 1, 'x');
  log.Info(line + "\u00e9\u00e9");
  const v1::LogLines lines = TakeAll();
  EXPECT_EQ(lines.lines(0).message(), line + "... (4 more bytes)");
}

TEST_F(ScriptLogTest, OneTakeIsAboutAMegabyte) {
  for (int i = 0; i < 10; ++i) {
    log.Info(std::to_string(i) + std::string(400'000, 'x'));
  }
  v1::LogLines lines;
  EXPECT_TRUE(log.Take(1000, &lines));
  EXPECT_EQ(lines.lines_size(), 3);
}

}  // namespace
}  // namespace lockstep::agent
