#include "common/base/nearest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
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

TEST(SlipsOf, AreFewDifferencesInLongNames) {
  EXPECT_THAT(SlipsOf("duratoin", {"duration"}), ElementsAre("duration"));
  EXPECT_THAT(SlipsOf("iteratons", {"iterations"}), ElementsAre("iterations"));
  EXPECT_THAT(SlipsOf("setup_tiemut", {"setup_timeout"}), ElementsAre("setup_timeout"));
  EXPECT_THAT(SlipsOf("browser_timeout", {"setup_timeout"}), ElementsAre());
  EXPECT_THAT(SlipsOf("vsu", {"vus"}), ElementsAre("vus"));
  EXPECT_THAT(SlipsOf("host", {"hosts"}), ElementsAre()) << "a word of its own";
  EXPECT_THAT(SlipsOf("tps", {"rps"}), ElementsAre());
}

TEST(Suggestion, ShowsTheNearestOrAllOfAFew) {
  EXPECT_EQ("; did you mean \"name\"?", Suggestion("nmae", {"name", "times"}));
  EXPECT_EQ("; there are name, times", Suggestion("colour", {"name", "times"}));
  EXPECT_EQ("", Suggestion("colour", {}));
  EXPECT_EQ("", Suggestion("z", std::vector<std::string>(13, "field")));
}

TEST(DidYouMean, TakesExchangedNeighboursForOneSlip) {
  EXPECT_EQ("; did you mean \"exec\"?", DidYouMean("exce", {"exec", "env"}));
  EXPECT_EQ("; did you mean \"thresholds\"?", DidYouMean("treshold", {"tags", "thresholds"}));
  EXPECT_EQ("", DidYouMean("exec", {"vus"}));
  EXPECT_EQ("; did you mean \"--vus\" or \"--vum\"?", DidYouMean("--vu", {"vus", "vum"}, "--"));
  EXPECT_EQ("", DidYouMean(std::string(201, 'a'), {std::string(200, 'a')}));
}

TEST(MeantOrAllowed, AlwaysTellsWhatIsAllowed) {
  EXPECT_EQ("; did you mean \"target\"? Allowed: duration, target",
            MeantOrAllowed("targt", {"duration", "target"}));
  EXPECT_EQ("; allowed: duration, target", MeantOrAllowed("x", {"duration", "target"}));
}

}  // namespace
}  // namespace lockstep
