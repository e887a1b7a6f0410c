#include "common/result/significance.h"

#include <algorithm>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

Histogram HistogramOf(const std::vector<double>& values) {
  Histogram histogram;
  for (double value : values) {
    histogram.Add(value);
  }
  return histogram;
}

// 1, 2, 2, 4, 4, 8 can be dealt out in 20 ways, three to each. {1,2,4} and {2,4,8} have 6 wins and
// 2 ties of 9 pairs: U = 7. As much or more have {1,2,4} in 4 ways (either 2, either 4), and
// {1,2,2} against {4,4,8} in one: 5 of 20, and twice that.
TEST(MannWhitneyTest, CountsTheWaysInWhichFewValuesCanBeDealtOut) {
  const MannWhitney test = MannWhitneyTest(HistogramOf({1, 2, 4}), HistogramOf({2, 4, 8}));
  EXPECT_NEAR(test.superior, 7.0 / 9, 1e-12);
  EXPECT_NEAR(test.p_value, 0.5, 1e-12);
}

// Of 20 ways one is as far to this side: 0.1. The normal approximation would say 0.0495.
TEST(MannWhitneyTest, FindsNothingInThreeValuesHoweverFarApart) {
  const MannWhitney test = MannWhitneyTest(HistogramOf({1, 2, 3}), HistogramOf({40, 50, 60}));
  EXPECT_EQ(test.superior, 1);
  EXPECT_NEAR(test.p_value, 0.1, 1e-12);
}

// 20 ones and 10 twos against 10 ones and 20 twos: 400 pairs are won, and 400 are ties, so U = 600
// of 900. Var U is 900/12 * (61 - 2 (30^3 - 30) / (60 * 59)) = 3432.20, z = 150 / 58.585 = 2.5604,
// and p = erfc(z / sqrt 2).
TEST(MannWhitneyTest, CorrectsTheApproximationForTies) {
  std::vector<double> base(30, 1);
  std::fill(base.begin() + 20, base.end(), 2);
  std::vector<double> fresh(30, 2);
  std::fill(fresh.begin() + 20, fresh.end(), 1);
  const MannWhitney test = MannWhitneyTest(HistogramOf(base), HistogramOf(fresh));
  EXPECT_NEAR(test.superior, 2.0 / 3, 1e-12);
  EXPECT_NEAR(test.p_value, 0.010456, 1e-5);
}

TEST(MannWhitneyTest, OrdersNegativeValuesAndZerosToo) {
  EXPECT_EQ(MannWhitneyTest(HistogramOf({-8, -2}), HistogramOf({-1, 0, 5})).superior, 1);
  EXPECT_EQ(MannWhitneyTest(HistogramOf({0, 5}), HistogramOf({-1})).superior, 0);
}

TEST(MannWhitneyTest, FindsNothingWhereThereIsNothing) {
  EXPECT_EQ(MannWhitneyTest(HistogramOf({}), HistogramOf({1})).p_value, 1);
  EXPECT_EQ(MannWhitneyTest(HistogramOf({3, 3}), HistogramOf({3, 3, 3})).p_value, 1);
  EXPECT_EQ(MannWhitneyTest(HistogramOf({1}), HistogramOf({1})).superior, 0.5);
  EXPECT_EQ(MannWhitneyTest(HistogramOf(std::vector<double>(100, 3)),
                            HistogramOf(std::vector<double>(100, 3)))
                .p_value,
            1);
}

// The lady who tastes tea tells 3 of 4 cups: (16 + 1) / 70. All of 5 against none: 1 / 252.
TEST(TwoProportionsTest, IsFishers) {
  EXPECT_NEAR(TwoProportionsTest(3, 4, 1, 4), 2 * 17.0 / 70, 1e-12);
  EXPECT_NEAR(TwoProportionsTest(1, 4, 3, 4), 2 * 17.0 / 70, 1e-12);
  EXPECT_NEAR(TwoProportionsTest(0, 5, 5, 5), 2 / 252.0, 1e-12);
}

// 45 of 300 against 75 of 300: by the approximation, z = (0.1 - 1/300) / sqrt(0.16 / 150) = 2.9598,
// p = 0.00308.
TEST(TwoProportionsTest, AgreesWithTheApproximationForManyAndWithItselfForMore) {
  EXPECT_NEAR(TwoProportionsTest(45, 300, 75, 300), 0.00308, 2e-4);
  EXPECT_LT(TwoProportionsTest(100'000'000, 1'000'000'000, 101'000'000, 1'000'000'000), 1e-9);
  EXPECT_EQ(TwoProportionsTest(100'000'000, 1'000'000'000, 100'000'000, 1'000'000'000), 1);
}

TEST(TwoProportionsTest, FindsNothingWhereThereIsNothing) {
  EXPECT_EQ(TwoProportionsTest(0, 100, 0, 50), 1);
  EXPECT_EQ(TwoProportionsTest(100, 100, 50, 50), 1);
  EXPECT_EQ(TwoProportionsTest(0, 0, 1, 1), 1);
  EXPECT_EQ(TwoProportionsTest(1, 1, 0, 0), 1);
}

// In equal times, 8 of 10 events or more are on one side in (45 + 10 + 1) / 1024; all 3 of 3 in a
// tenth of the time, once in a thousand times.
TEST(TwoPoissonRatesTest, CountsFewEvents) {
  EXPECT_NEAR(TwoPoissonRatesTest(8, 10, 2, 10), 2 * 56.0 / 1024, 1e-12);
  EXPECT_NEAR(TwoPoissonRatesTest(2, 10, 8, 10), 2 * 56.0 / 1024, 1e-12);
  EXPECT_NEAR(TwoPoissonRatesTest(3, 1, 0, 9), 0.002, 1e-12);
  EXPECT_NEAR(TwoPoissonRatesTest(0, 9, 3, 1), 0.002, 1e-12);
}

// 100 and 140 events in equal times: by the approximation, (140 - 120 - 0.5) / sqrt(60) = 2.5174, p
// = 0.01182.
TEST(TwoPoissonRatesTest, AgreesWithTheApproximationForMany) {
  EXPECT_NEAR(TwoPoissonRatesTest(100, 10, 140, 10), 0.01182, 2e-4);
  EXPECT_EQ(TwoPoissonRatesTest(100, 10, 200, 20), 1);
  EXPECT_EQ(TwoPoissonRatesTest(0, 10, 0, 20), 1);
}

// The example of the usual tables: 0.01, 0.04, 0.03, 0.005 become 0.03, 0.06, 0.06, 0.02.
TEST(HolmCorrected, MultipliesByWhatIsLeftAndStaysAscending) {
  EXPECT_THAT(HolmCorrected({0.01, 0.04, 0.03, 0.005}),
              ElementsAre(DoubleNear(0.03, 1e-12), DoubleNear(0.06, 1e-12), DoubleNear(0.06, 1e-12),
                          DoubleNear(0.02, 1e-12)));
  EXPECT_THAT(HolmCorrected({0.9, 0.8}), ElementsAre(1, 1));
}

}  // namespace
}  // namespace lockstep
