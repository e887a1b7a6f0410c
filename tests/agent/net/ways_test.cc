#include "agent/net/ways.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace lockstep::agent {
namespace {

Target To(int server) {
  Target target;
  target.scheme = "https";
  target.host = absl::StrCat("h", server);
  target.port = 443;
  return target;
}

TEST(Ways, AreForgottenOnceNobodyOpensThemOrWaits) {
  Ways ways;
  for (int i = 0; i < 1000; ++i) {
    ways.Begin(To(i));
    EXPECT_TRUE(ways.ShouldAwait(To(i)));
    ways.Finish(To(i), i % 2 == 0 ? Ways::End::kShared : Ways::End::kFailed);
  }
  EXPECT_EQ(ways.size(), 0u);
}

TEST(Ways, OnlySoManyAreRemembered) {
  Ways ways;
  ways.Begin(To(-1));
  for (int i = 0; i < 1000; ++i) {
    ways.Begin(To(i));
    ways.Finish(To(i), Ways::End::kSingle);
  }
  EXPECT_EQ(ways.size(), Ways::kMostIdle);
  EXPECT_TRUE(ways.ShouldAwait(To(-1)));  // is being opened still
  ways.Begin(To(999));
  EXPECT_FALSE(ways.ShouldAwait(To(999)));  // is known to take one at a time
}

}  // namespace
}  // namespace lockstep::agent
