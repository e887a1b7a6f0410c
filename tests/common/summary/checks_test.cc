// The list of checks does not depend on how many values the tags of a script have.
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

}  // namespace
}  // namespace lockstep
