#include "agent/grpc/nearest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;

TEST(NearestNames, AreOrderedByWhatDiffers) {
  EXPECT_THAT(NearestNames("gret", {"Count", "Greet", "Greets", "Sum"}),
              ElementsAre("Greet", "Greets"));
  EXPECT_THAT(NearestNames("x", {"Count"}), ElementsAre());
  EXPECT_THAT(NearestNames("/a.Long/Gret", {"/a.Long/Chat", "/a.Long/Greet"}),
              ElementsAre("/a.Long/Greet"));
  EXPECT_THAT(NearestNames("/a.Long/Nope", {"/a.Long/Chat"}), ElementsAre());
}

TEST(Suggestion, ShowsTheNearestOrAllOfAFew) {
  EXPECT_EQ("; did you mean \"name\"?", Suggestion("nmae", {"name", "times"}));
  EXPECT_EQ("; there are name, times", Suggestion("colour", {"name", "times"}));
  EXPECT_EQ("", Suggestion("colour", {}));
  EXPECT_EQ("", Suggestion("z", std::vector<std::string>(13, "field")));
}

}  // namespace
}  // namespace lockstep::agent
