#include "common/timeline/spread.h"

#include <numeric>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pair;

std::vector<double> OneTo(int most) {
  std::vector<double> values(static_cast<size_t>(most));
  std::iota(values.begin(), values.end(), 1);
  return values;
}

TEST(Spread, BucketsAreASixteenthOfAnOctave) {
  Spread spread;
  // 2^0 is the upper bound of bucket 0, 2^(1/16) = 1.0443 that of bucket 1; 0.5 = 2^(-16/16).
  spread.Add(Trend::FromValues({1, 1.04, 1.05, 0.5, 0}));
  EXPECT_THAT(spread.buckets(), ElementsAre(Pair(Spread::kZero, 1), Pair(-16, 1), Pair(0, 1),
                                            Pair(1, 1), Pair(2, 1)));
  EXPECT_EQ(spread.count(), 5U);
  EXPECT_EQ(spread.max(), 1.05);
}

TEST(Spread, PercentilesAreOffByABucketAtMost) {
  Spread spread;
  spread.Add(Trend::FromValues(OneTo(1000)));
  for (const double fraction : {0.1, 0.5, 0.9, 0.95, 0.99}) {
    const double exact = 1 + fraction * 999;
    EXPECT_THAT(spread.Percentile(fraction), DoubleNear(exact, exact * 0.044)) << fraction;
  }
  EXPECT_EQ(spread.Percentile(1), 1000);
  EXPECT_EQ(spread.avg(), 500.5);
}

TEST(Spread, MergingIsAddingAllValues) {
  // More than a trend keeps as they are: the second one comes as a histogram.
  const std::vector<double> many = OneTo(static_cast<int>(Trend::kExactLimit) + 1);
  Spread parts;
  parts.Add(Trend::FromValues({0.25, 7}));
  Spread other;
  other.Add(Trend::FromValues(many));
  parts.Merge(other);
  Spread folded;
  folded.Add(Trend::FromValues(OneTo(10)));
  std::vector<double> all = many;
  all.insert(all.end(), {0.25, 7});
  Spread whole;
  whole.Add(Trend::FromValues(all));
  EXPECT_EQ(parts.buckets(), whole.buckets());
  EXPECT_EQ(parts.count(), whole.count());
  EXPECT_DOUBLE_EQ(parts.sum(), whole.sum());
}

TEST(Spread, NothingIsZero) {
  Spread spread;
  spread.Add(Trend());
  EXPECT_EQ(spread.Percentile(0.5), 0);
  EXPECT_EQ(spread.avg(), 0);
  EXPECT_EQ(spread.max(), 0);
}

}  // namespace
}  // namespace lockstep
