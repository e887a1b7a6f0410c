#include "coordinator/console/log_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

LogRecord Failed(int number) {
  return {absl::FromUnixSeconds(number),
          LogLevel::kWarn,
          "Request Failed",
          {{"error", absl::StrCat("Get \"http://h/", number, "\": dial tcp 10.0.0.", number,
                                  ":80: connect: connection refused")},
           {"agent", absl::StrCat("agent-", number)}}};
}

// "message x times".
std::vector<std::string> Told(LogFolder& folder) {
  std::vector<std::string> told;
  for (const LogRecord& record : folder.Take()) {
    EXPECT_EQ(record.fields.back().first, "times");
    told.push_back(absl::StrCat(record.message, " x ", record.fields.back().second));
  }
  return told;
}

TEST(LogFolder, CountsLinesOfOneCauseAfterTheFirst) {
  LogFolder folder(2);
  EXPECT_TRUE(folder.Admit(Failed(1)));
  EXPECT_TRUE(folder.Admit(Failed(2)));
  EXPECT_THAT(Told(folder), ::testing::IsEmpty());
  for (int i = 3; i <= 216; ++i) {
    EXPECT_FALSE(folder.Admit(Failed(i)));
  }
  EXPECT_THAT(Told(folder), ::testing::ElementsAre("Request Failed x 214"));
  EXPECT_THAT(Told(folder), ::testing::IsEmpty());
  EXPECT_FALSE(folder.Admit(Failed(7)));
  const std::vector<LogRecord> last = folder.Take();
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(last[0].time, absl::FromUnixSeconds(7)) << "the last line speaks for them";
  EXPECT_EQ(last[0].fields[0], Failed(7).fields[0]);
}

TEST(LogFolder, KeepsOtherCausesApartInTheOrderOfTheirComing) {
  LogFolder folder(1);
  LogRecord timeout = Failed(1);
  timeout.fields[0].second = "Get \"http://h/1\": request timeout";
  for (int i = 0; i < 3; ++i) {
    folder.Admit(timeout);
    folder.Admit(Failed(i));
    folder.Admit({{}, LogLevel::kError, absl::StrCat("Error: ", i), {{"source", "stacktrace"}}});
  }
  EXPECT_THAT(Told(folder), ::testing::ElementsAre("Request Failed x 2", "Request Failed x 2",
                                                   ::testing::StartsWith("Error: ")));
}

TEST(LogFolder, LeavesAloneWhatScriptsPrintAndWhatIsNoWarning) {
  LogFolder folder(1);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(folder.Admit({{}, LogLevel::kError, "mine", {{"source", "console"}}}));
    EXPECT_TRUE(folder.Admit({{}, LogLevel::kInfo, "GET / HTTP/1.1", {}}));
  }
  EXPECT_THAT(Told(folder), ::testing::IsEmpty());
}

TEST(LogFolder, CountsWhatAnAgentHasFoldedItself) {
  LogFolder folder(1);
  EXPECT_TRUE(folder.Admit(Failed(1)));
  LogRecord many = Failed(1);
  many.fields.emplace_back("times", "40");
  EXPECT_FALSE(folder.Admit(many));
  EXPECT_FALSE(folder.Admit(Failed(1)));
  EXPECT_THAT(Told(folder), ::testing::ElementsAre("Request Failed x 41"));
}

TEST(LogFolder, KnowsNoMoreCausesThanItsLimit) {
  LogFolder folder(1);
  const auto cause = [](size_t number) {
    std::string message = "x";
    for (; number > 0; number /= 26) {
      message += static_cast<char>('a' + number % 26);
    }
    return LogRecord{{}, LogLevel::kWarn, message, {}};
  };
  for (size_t i = 0; i < LogFolder::kMostCauses + 5; ++i) {
    EXPECT_TRUE(folder.Admit(cause(i)));
  }
  EXPECT_FALSE(folder.Admit(cause(0)));
  EXPECT_TRUE(folder.Admit(cause(LogFolder::kMostCauses)));
}

}  // namespace
}  // namespace lockstep::coordinator
