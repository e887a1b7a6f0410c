#include "coordinator/cli/log_sink.h"

#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

const absl::Time kTime = absl::FromUnixSeconds(1767323045);  // 2026-01-02T03:04:05Z

TEST(LogSink, WritesLogfmt) {
  EXPECT_EQ(FormatLogfmt({kTime, LogLevel::kInfo, "a \"b\"\n", {{"source", "console"}}}),
            "time=\"2026-01-02T03:04:05Z\" level=info msg=\"a \\\"b\\\"\\n\" source=console");
  EXPECT_EQ(FormatLogfmt({kTime, LogLevel::kWarn, "single", {}}),
            "time=\"2026-01-02T03:04:05Z\" level=warning msg=single");
  EXPECT_EQ(FormatLogfmt({kTime, LogLevel::kError, "", {}}),
            "time=\"2026-01-02T03:04:05Z\" level=error msg=\"\"");
}

TEST(LogSink, WritesTerminalLines) {
  const LogRecord record{kTime, LogLevel::kInfo, "hello", {{"source", "console"}}};
  EXPECT_EQ(FormatTerminalLine(record, kTime - absl::Seconds(1), false),
            "INFO[0001] hello                                        source=console");
  EXPECT_EQ(FormatTerminalLine({kTime, LogLevel::kError, "x", {}}, kTime, true),
            "\x1b[31mERRO\x1b[0m[0000] x");
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

}  // namespace
}  // namespace lockstep::coordinator
