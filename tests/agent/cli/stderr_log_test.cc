#include "agent/cli/stderr_log.h"

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

TEST(StderrLog, NoMessageBeginsALineOfItsOwnOrTurnsTheTerminalRed) {
  ::testing::internal::CaptureStderr();
  {
    StderrLog log("agent 1", /*verbose=*/false);
    const absl::Time time = absl::FromUnixSeconds(1767323045);
    log.Write({time, LogLevel::kDebug, "not wanted", {}});
    log.Write({time, LogLevel::kError, "refused: no\ntime=\"now\" level=info \x1b[31m", {}});
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "time=\"2026-01-02T03:04:05Z\" level=error msg=\"refused: no\\ntime=\\\"now\\\" "
            "level=info \\u001b[31m\" agent=\"agent 1\"\n");
}

}  // namespace
}  // namespace lockstep::agent
