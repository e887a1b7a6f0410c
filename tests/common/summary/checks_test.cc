// The list of checks does not depend on the tags that a script has, nor on the system tags that a
// test keeps.
#include <string>

#include "gtest/gtest.h"

#include "tests/common/summary/recorder.h"

namespace lockstep {
namespace {

TEST(Checks, AFailedOneIsListedWhateverTheUsersTags) {
  Recorder recorder;
  for (int i = 0; i <= 25'000; ++i) {
    const bool late = i == 25'000;
    recorder.Add("checks", {late ? 0.0 : 1.0},
                 {{"check", late ? "late" : "early"},
                  {"group", late ? "::g" : ""},
                  {"scenario", "default"},
                  {"user", std::to_string(i)}});
  }
  const Summary summary = recorder.Build(absl::Seconds(1));
  ASSERT_EQ(summary.root.checks.size(), 1u);
  EXPECT_EQ(summary.root.checks[0].name, "early");
  EXPECT_EQ(summary.root.checks[0].passes, 25'000u);
  ASSERT_EQ(summary.root.groups.size(), 1u);
  ASSERT_EQ(summary.root.groups[0].checks.size(), 1u);
  EXPECT_EQ(summary.root.groups[0].checks[0].fails, 1u);
}

TEST(Checks, ThoseWithoutTheirTagCountAllTheSame) {
  Recorder recorder(SummaryMode::kFull);
  recorder.Add("checks", {1, 0, 0}).Add("checks", {0}, {{"scenario", "buy"}});
  recorder.Add("checks", {1}, {{"check", "named"}}).Add("checks", {1, 0}, {{"group", "::g"}});
  const Summary summary = recorder.Build(absl::Seconds(1));
  uint64_t passes = 0, fails = 0;
  for (const SummaryCheck& check : AllChecks(summary.root)) {
    passes += check.passes;
    fails += check.fails;
  }
  EXPECT_EQ(passes, 3u);
  EXPECT_EQ(fails, 4u);
  ASSERT_EQ(summary.root.checks.size(), 2u);
  EXPECT_EQ(summary.root.checks[0].name, "(checks without the tag check)");
  EXPECT_EQ(summary.root.checks[0].fails, 3u);
  ASSERT_EQ(summary.scenarios.size(), 1u);
  ASSERT_EQ(summary.scenarios[0].checks.size(), 1u);
  EXPECT_EQ(summary.scenarios[0].checks[0].fails, 1u);
  const std::string text = RenderText(summary, {.mode = SummaryMode::kFull});
  EXPECT_NE(text.find("checks_failed......: 57.14% 4 out of 7"), std::string::npos) << text;
}

}  // namespace
}  // namespace lockstep
