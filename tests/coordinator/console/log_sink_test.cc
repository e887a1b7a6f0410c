#include "coordinator/console/log_sink.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

const absl::Time kTime = absl::FromUnixSeconds(1767323045);  // 2026-01-02T03:04:05Z

std::string ReadAndRemove(const std::string& path) {
  std::ifstream file(path);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::remove(path.c_str());
  return text;
}

TEST(LogSink, WritesTerminalLines) {
  const LogRecord record{kTime, LogLevel::kInfo, "hello", {{"source", "console"}}};
  EXPECT_EQ(FormatTerminalLine(record, kTime - absl::Seconds(1), false),
            "INFO[0001] hello                                        source=console");
  EXPECT_EQ(FormatTerminalLine({kTime, LogLevel::kError, "x", {}}, kTime, true),
            "\x1b[31mERRO\x1b[0m[0000] x");
}

TEST(LogSink, FoldsAtATerminalFromTheSecondLineAndWithVerboseNever) {
  const LogRecord line{kTime, LogLevel::kWarn, "no answer", {}};
  EXPECT_EQ(
      FormatTerminalLine({kTime, LogLevel::kWarn, "no answer", {{"times", "216"}}}, kTime, false),
      "WARN[0000] no answer (x 216)");
  for (const bool verbose : {false, true}) {
    const std::string path = ::testing::TempDir() + "folded.txt";
    LogSettings settings;
    settings.output = LogSettings::Output::kFile;
    settings.file = path;
    settings.format = LogSettings::Format::kRaw;
    settings.verbose = verbose;
    auto logger = MakeLogger(settings, /*terminal=*/true, kTime);
    for (int i = 0; i < 30; ++i) {
      (*logger)->Write(line);
    }
    (*logger)->TellFolded();
    const std::string text = ReadAndRemove(path);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), verbose ? 30 : 11)
        << "a file is not a terminal";
  }
}

TEST(LogSink, WritesJson) {
  EXPECT_EQ(FormatJsonLine({kTime, LogLevel::kInfo, "a", {{"source", "console"}}}),
            R"({"level":"info","msg":"a","source":"console","time":"2026-01-02T03:04:05Z"})");
}

TEST(LogSink, NamesAFileThatCannotBeOpened) {
  LogSettings settings;
  settings.output = LogSettings::Output::kFile;
  settings.file = "/proc/no/such";
  EXPECT_EQ(MakeLogger(settings, false, kTime).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(LogSink, TellsErrorsBeforeTheLoadOnStandardErrorToo) {
  LogSettings settings;
  settings.output = LogSettings::Output::kFile;
  settings.file = ::testing::TempDir() + "early.log";
  const auto logger = MakeLogger(settings, /*terminal=*/true, kTime);
  ASSERT_TRUE(logger.ok());
  ::testing::internal::CaptureStderr();
  (*logger)->Write({kTime, LogLevel::kWarn, "a warning", {}});
  (*logger)->Write({kTime, LogLevel::kError, "of the script", {{"source", "console"}}});
  (*logger)->Write({kTime, LogLevel::kError, "what is wrong", {}});
  (*logger)->OnLoad();
  (*logger)->Write({kTime, LogLevel::kError, "in the run", {}});
  const std::string shown = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(shown, ::testing::HasSubstr("[0000] what is wrong"));
  EXPECT_THAT(shown, ::testing::Not(::testing::AnyOf(::testing::HasSubstr("a warning"),
                                                     ::testing::HasSubstr("script"),
                                                     ::testing::HasSubstr("run"))));
  settings.output = LogSettings::Output::kNone;
  const auto silent = MakeLogger(settings, /*terminal=*/true, kTime);
  ::testing::internal::CaptureStderr();
  (*silent)->Error("nobody wants it");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(LogSink, CountsTheLinesThatAFileDoesNotTake) {
  LogSettings settings;
  settings.output = LogSettings::Output::kFile;
  settings.file = "/dev/full";
  settings.output_source = "K6_LOG_OUTPUT";
  settings.console_output = "/dev/full";
  const auto logger = MakeLogger(settings, /*terminal=*/false, kTime);
  ASSERT_TRUE(logger.ok());
  EXPECT_TRUE((*logger)->Lost().empty());
  ::testing::internal::CaptureStderr();
  (*logger)->Info("one");
  (*logger)->Info("two");
  (*logger)->Write({kTime, LogLevel::kInfo, "hello", {{"source", "console"}}});
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "") << "nothing that is not ours to say";
  EXPECT_EQ((*logger)->Lost(),
            std::vector<std::string>(
                {"K6_LOG_OUTPUT: 2 of 2 lines are not in the file \"/dev/full\": No space left on "
                 "device",
                 "--console-output: 1 of 1 lines are not in the file \"/dev/full\": No space left "
                 "on device"}));
  auto of_options = MakeLogger(LogSettings(), /*terminal=*/false, kTime);
  ASSERT_TRUE((*of_options)->RedirectConsole("/dev/full").ok());
  (*of_options)->Write({kTime, LogLevel::kInfo, "hello", {{"source", "console"}}});
  EXPECT_EQ((*of_options)->Lost(),
            std::vector<std::string>({"consoleOutput: 1 of 1 lines are not in the file "
                                      "\"/dev/full\": No space left on device"}));
}

TEST(LogSink, RedirectsTheConsoleToTheFileOfTheOptionsUnlessTheCommandLineNamesOne) {
  const std::string of_options = ::testing::TempDir() + "console_of_options.txt";
  const std::string of_flag = ::testing::TempDir() + "console_of_flag.txt";
  const LogRecord line{kTime, LogLevel::kInfo, "hello", {{"source", "console"}}};
  constexpr char kHello[] = "time=\"2026-01-02T03:04:05Z\" level=info msg=hello\n";
  LogSettings settings;
  settings.output = LogSettings::Output::kNone;
  auto without_flag = MakeLogger(settings, false, kTime);
  ASSERT_TRUE((*without_flag)->RedirectConsole(of_options).ok());
  (*without_flag)->Write(line);
  (*without_flag)->Write({kTime, LogLevel::kInfo, "not from the console", {}});
  EXPECT_EQ(ReadAndRemove(of_options), kHello);
  settings.console_output = of_flag;
  auto with_flag = MakeLogger(settings, false, kTime);
  ASSERT_TRUE((*with_flag)->RedirectConsole(of_options).ok());
  (*with_flag)->Write(line);
  EXPECT_EQ(ReadAndRemove(of_flag), kHello);
  EXPECT_EQ(ReadAndRemove(of_options), "");
  EXPECT_EQ((*without_flag)->RedirectConsole("/proc/no/such").code(), absl::StatusCode::kOk);
  auto fresh = MakeLogger(LogSettings(), false, kTime);
  EXPECT_EQ((*fresh)->RedirectConsole("/proc/no/such").code(), absl::StatusCode::kInvalidArgument);
}

TEST(LogSink, WritesTheConsolesLinesInTheFormatOfTheLog) {
  const std::string path = ::testing::TempDir() + "console_format.txt";
  LogSettings settings;
  settings.console_output = path;
  settings.format = LogSettings::Format::kJson;
  (*MakeLogger(settings, true, kTime))
      ->Write({kTime, LogLevel::kWarn, "a", {{"source", "console"}}});
  EXPECT_EQ(ReadAndRemove(path), R"({"level":"warning","msg":"a","time":"2026-01-02T03:04:05Z"})"
                                 "\n");
  settings.format = LogSettings::Format::kRaw;
  (*MakeLogger(settings, true, kTime))
      ->Write({kTime, LogLevel::kWarn, "a", {{"source", "console"}}});
  EXPECT_EQ(ReadAndRemove(path), "a\n");
}

TEST(LogSink, LeavesOutLesserLevelsOfAFile) {
  LogSettings settings;
  settings.output = LogSettings::Output::kFile;
  settings.file = ::testing::TempDir() + "least.txt";
  settings.format = LogSettings::Format::kRaw;
  settings.least = LogLevel::kWarn;
  auto logger = MakeLogger(settings, false, kTime);
  (*logger)->Info("one");
  (*logger)->Warn("two");
  (*logger)->Error("three");
  EXPECT_EQ(ReadAndRemove(settings.file), "two\nthree\n");
}

TEST(LogSink, MakesNoFolders) {
  LogSettings settings;
  settings.console_output = ::testing::TempDir() + "no_such_folder/x.log";
  const auto logger = MakeLogger(settings, false, kTime);
  EXPECT_EQ(logger.status().message(),
            absl::StrCat("--console-output: cannot write the file \"", settings.console_output,
                         "\": there is no folder ", ::testing::TempDir(), "no_such_folder"));
  EXPECT_FALSE(std::ifstream(settings.console_output).good());
}

TEST(LogSink, WritesAboveWhatIsDrawnWhereBothAreOnATerminal) {
  Terminal drawing([](absl::string_view bytes) { fwrite(bytes.data(), 1, bytes.size(), stderr); },
                   [] { return TerminalSize(); });
  for (const bool terminal : {true, false}) {
    LogSettings settings;
    settings.no_color = true;
    auto logger = MakeLogger(settings, terminal, kTime);
    ASSERT_TRUE(logger.ok());
    ::testing::internal::CaptureStderr();
    drawing.Draw({"drawn"});
    (*logger)->WriteAbove(&drawing);
    (*logger)->Write({kTime, LogLevel::kInfo, "first", {}});
    (*logger)->WriteAbove(nullptr);
    (*logger)->Write({kTime, LogLevel::kInfo, "second", {}});
    drawing.Leave({});
    const std::string drawn = "\x1b[2Kdrawn\n";
    const std::string erased = "\r\x1b[1A\x1b[J";
    EXPECT_EQ(::testing::internal::GetCapturedStderr(),
              terminal ? drawn + "\x1b[J" + erased + "INFO[0000] first\n" + drawn +
                             "INFO[0000] second\n" + erased
                       : drawn + "\x1b[J" +
                             "time=\"2026-01-02T03:04:05Z\" level=info msg=first\n"
                             "time=\"2026-01-02T03:04:05Z\" level=info msg=second\n" +
                             erased);
  }
}

}  // namespace
}  // namespace lockstep::coordinator
