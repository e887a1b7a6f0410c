#include "coordinator/console/log_tail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "coordinator/console/log_sink.h"

namespace lockstep::coordinator {
namespace {

using ::testing::SizeIs;

LogRecord Record(LogLevel level, std::string message) {
  LogRecord record;
  record.level = level;
  record.message = std::move(message);
  return record;
}

TEST(LogTail, KeepsTheLastLines) {
  LogTail tail;
  LogRecord first = Record(LogLevel::kWarn, "first");
  first.fields = {{"source", "console"}, {"vu", "3"}};
  tail.Add(first);
  tail.Add(Record(LogLevel::kDebug, "not kept"));
  ASSERT_THAT(tail.Lines(), SizeIs(1));
  EXPECT_EQ(tail.Lines()[0].text, "first source=console vu=3");
  EXPECT_EQ(tail.Lines()[0].level, LogLevel::kWarn);
  for (size_t i = 0; i < LogTail::kMostLines + 4; ++i) {
    tail.Add(Record(LogLevel::kInfo, absl::StrCat("line ", i)));
  }
  EXPECT_THAT(tail.Lines(), SizeIs(LogTail::kMostLines));
  EXPECT_EQ(tail.Lines()[0].text, "line 4");
  EXPECT_EQ(tail.dropped(), 5u);
}

TEST(LogTail, ALongLineIsCut) {
  LogTail tail;
  tail.Add(Record(LogLevel::kInfo, std::string(LogTail::kMostBytesOfLine + 1, 'x')));
  EXPECT_EQ(tail.Lines()[0].text, std::string(LogTail::kMostBytesOfLine, 'x') + "…");
}

TEST(LogTail, ALoggerHasItWithoutSecrets) {
  LogSettings settings;
  settings.output = LogSettings::Output::kNone;
  const auto logger = MakeLogger(settings, /*terminal=*/false, absl::UnixEpoch());
  ASSERT_TRUE(logger.ok());
  (*logger)->redactor().Add("hunter2");
  (*logger)->Log(LogLevel::kError, "it is hunter2", {{"key", "hunter2"}});
  ASSERT_THAT((*logger)->tail().Lines(), SizeIs(1));
  EXPECT_EQ((*logger)->tail().Lines()[0].text,
            absl::StrCat("it is ", Redactor::kInstead, " key=", Redactor::kInstead));
}

}  // namespace
}  // namespace lockstep::coordinator
