#include "common/summary/trend_statistic.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep {
namespace {

using ::testing::ElementsAre;

TEST(TrendStatistic, HasItsName) {
  for (const char* name :
       {"avg", "min", "max", "med", "count", "sum", "p(0)", "p(95)", "p(99.9)", "p(100)"}) {
    EXPECT_TRUE(IsTrendStatistic(name)) << name;
  }
  for (const char* name : {"", "mean", "p95", "p(", "p()", "p(x)", "p(-1)", "p(101)", "p(nan)",
                           "p(95", "p(95) ", "Avg"}) {
    EXPECT_FALSE(IsTrendStatistic(name)) << name;
  }
}

TEST(TrendStatistic, ComesInTheOrderInWhichItIsAskedFor) {
  const Trend trend = Trend::FromValues({4, 1, 2, 3});
  EXPECT_THAT(TrendStatistics(
                  trend, {"p(100)", "avg", "med", "nothing", "count", "sum", "p(0)", "max", "min"}),
              ElementsAre(4, 2.5, 2.5, 0, 4, 10, 1, 4, 1));
  EXPECT_THAT(TrendStatistics(Trend(), {"p(90)", "avg", "sum"}), ElementsAre(0, 0, 0));
}

}  // namespace
}  // namespace lockstep
