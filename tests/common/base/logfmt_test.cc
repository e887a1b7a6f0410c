#include "common/base/logfmt.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

const absl::Time kTime = absl::FromUnixSeconds(1767323045);  // 2026-01-02T03:04:05Z

TEST(Logfmt, QuotesWhatIsNotPlain) {
  EXPECT_EQ(FormatLogfmt({kTime, LogLevel::kInfo, "a \"b\"\n", {{"source", "console"}}}),
            "time=\"2026-01-02T03:04:05Z\" level=info msg=\"a \\\"b\\\"\\n\" source=console");
  EXPECT_EQ(FormatLogfmt({kTime, LogLevel::kWarn, "single", {}}),
            "time=\"2026-01-02T03:04:05Z\" level=warning msg=single");
  EXPECT_EQ(FormatLogfmt({kTime, LogLevel::kError, "", {}}),
            "time=\"2026-01-02T03:04:05Z\" level=error msg=\"\"");
}

}  // namespace
}  // namespace lockstep
