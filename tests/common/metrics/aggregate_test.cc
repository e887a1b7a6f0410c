#include "common/metrics/aggregate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;

double SumOf(const std::vector<double>& values) {
  ExactSum sum;
  for (double value : values) {
    sum.Add(value);
  }
  return sum.Value();
}

TEST(ExactSum, SumsWhatPlainAdditionLoses) {
  EXPECT_EQ(SumOf({1e100, 1, -1e100}), 1);
  EXPECT_EQ(SumOf(std::vector<double>(10, 0.1)),
            1.0);  // ten roundings make 0.9999999999999999 of it
}

TEST(ExactSum, RoundsToNearestAndTiesToEven) {
  const double big = 9007199254740992;  // 2^53: the doubles are 2 apart from here on
  EXPECT_EQ(SumOf({big, 1}), big);
  EXPECT_EQ(SumOf({big, 1, 1e-300}), big + 2);
  EXPECT_EQ(SumOf({big, 2, 1}), big + 4);
  EXPECT_EQ(SumOf({-big, -2, -1}), -big - 4);
}

TEST(ExactSum, CarriesEveryDoubleOnItsOwn) {
  for (double value :
       {0.0, 1.0, -1.0, 0.1, 123.456, 5e-324, -5e-324, 2.2250738585072014e-308,
        std::numeric_limits<double>::max(), -std::numeric_limits<double>::max(), 4294967296.0}) {
    EXPECT_EQ(SumOf({value}), value) << value;
  }
  EXPECT_EQ(SumOf({1e308, 1e308}), std::numeric_limits<double>::infinity());
}

TEST(ExactSum, DoesNotDependOnTheOrderOrTheGrouping) {
  std::mt19937_64 random(7);
  std::vector<double> values;
  for (int i = 0; i < 3000; ++i) {
    values.push_back(
        std::ldexp(static_cast<double>(random()) - 9e18, static_cast<int>(random() % 400) - 200));
  }
  const double expected = SumOf(values);
  for (int round = 0; round < 5; ++round) {
    std::shuffle(values.begin(), values.end(), random);
    ExactSum parts[10];
    for (size_t i = 0; i < values.size(); ++i) {
      parts[i % 10].Add(values[i]);
    }
    ExactSum merged;
    for (const ExactSum& part : parts) {
      merged.Merge(part);
    }
    EXPECT_EQ(merged.Value(), expected);
  }
}

TEST(ExactSum, ReturnsToNothingWhenAllIsTakenBack) {
  ExactSum sum;
  sum.Add(1e300);
  sum.Add(-3.25);
  sum.Add(3.25);
  sum.Add(-1e300);
  EXPECT_EQ(sum, ExactSum());
  EXPECT_EQ(sum.Value(), 0);
}

TEST(ExactSum, RefusesLimbsThatNoSumHas) {
  EXPECT_FALSE(ExactSum::FromCanonical(-1, {1}).ok());
  EXPECT_FALSE(ExactSum::FromCanonical(68, {1}).ok());
  EXPECT_FALSE(ExactSum::FromCanonical(0, {int64_t{1} << 32}).ok());
  EXPECT_FALSE(ExactSum::FromCanonical(0, std::vector<int64_t>(69, 1)).ok());
}

TEST(Histogram, PutsPowersOfTwoAtTheUpperEndOfTheirBuckets) {
  EXPECT_EQ(Histogram::IndexOf(1), 0);
  EXPECT_EQ(Histogram::IndexOf(2), 256);
  EXPECT_EQ(Histogram::IndexOf(std::nextafter(1.0, 2.0)), 1);
  EXPECT_EQ(Histogram::IndexOf(0.5), -256);
  EXPECT_EQ(Histogram::IndexOf(std::numeric_limits<double>::max()), Histogram::kHighestIndex);
  EXPECT_EQ(Histogram::IndexOf(5e-324), Histogram::kLowestIndex);
}

// Every bound is the largest value of its bucket.
TEST(Histogram, ABoundIsInItsBucketAndTheNextValueIsNot) {
  for (int32_t index = 0; index <= 2 * Histogram::kBucketsPerOctave; ++index) {
    double low = std::exp2((index - 0.5) / Histogram::kBucketsPerOctave);
    double high = std::exp2((index + 0.5) / Histogram::kBucketsPerOctave);
    while (std::nextafter(low, high) < high) {
      const double middle = low + (high - low) / 2;
      (Histogram::IndexOf(middle) <= index ? low : high) = middle;
    }
    EXPECT_EQ(Histogram::IndexOf(low), index);
    EXPECT_EQ(Histogram::IndexOf(high), index + 1);
    EXPECT_NEAR(std::log2(low) * Histogram::kBucketsPerOctave, index, 1e-9);
  }
}

TEST(Histogram, RepresentsEveryValueWithin0136Percent) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> exponent(-300, 300);
  for (int i = 0; i < 20000; ++i) {
    const double value = std::pow(10, exponent(random));
    const double shown = Histogram::Representative(Histogram::IndexOf(value));
    EXPECT_LE(std::abs(shown - value) / value, 0.00136) << value;
  }
  EXPECT_TRUE(std::isfinite(Histogram::Representative(Histogram::kHighestIndex)));
}

TEST(Trend, InterpolatesPercentilesOfFewValuesAsK6Does) {
  Trend trend;
  for (int i = 10; i >= 1; --i) {
    trend.Add(i);
  }
  EXPECT_TRUE(trend.exact());
  EXPECT_EQ(trend.avg(), 5.5);
  // Conformance case metrics/custom-known-values.
  EXPECT_THAT(trend.Percentiles(std::vector<double>{0.5, 0.9, 0.95, 0.99, 0.999, 0.01, 0, 1}),
              ElementsAre(DoubleEq(5.5), DoubleEq(9.1), DoubleEq(9.55), DoubleEq(9.91),
                          DoubleEq(9.991), DoubleEq(1.09), 1, 10));
}

TEST(Trend, AnswersZeroWithoutValues) {
  EXPECT_EQ(Trend().Percentile(0.5), 0);
  EXPECT_EQ(Trend().avg(), 0);
  EXPECT_EQ(Trend().min(), 0);
  EXPECT_EQ(Trend().max(), 0);
}

std::vector<double> Latencies(size_t count) {
  std::mt19937_64 random(11);
  std::lognormal_distribution<double> distribution(3, 1.2);
  std::vector<double> values(count);
  std::generate(values.begin(), values.end(), [&] { return distribution(random); });
  return values;
}

Trend TrendOf(absl::Span<const double> values) {
  Trend trend;
  for (double value : values) {
    trend.Add(value);
  }
  return trend;
}

TEST(Trend, StaysWithin014PercentOfTheSortedTruth) {
  std::vector<double> values = Latencies(200000);
  const Trend trend = TrendOf(values);
  EXPECT_FALSE(trend.exact());
  std::sort(values.begin(), values.end());
  for (double fraction : {0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999}) {
    const double place = fraction * static_cast<double>(values.size() - 1);
    const size_t low = static_cast<size_t>(place);
    const double truth =
        values[low] + (values[low + 1] - values[low]) * (place - std::floor(place));
    EXPECT_NEAR(trend.Percentile(fraction) / truth, 1, 0.0014) << fraction;
  }
  EXPECT_EQ(trend.min(), values.front());
  EXPECT_EQ(trend.max(), values.back());
  EXPECT_EQ(trend.count(), values.size());
}

TEST(Trend, KeepsSignsAndZerosApart) {
  std::vector<double> values;
  for (int i = 0; i < 3000; ++i) {
    values.insert(values.end(), {-5.0, 0.0, 7.0});
  }
  const Trend trend = TrendOf(values);
  EXPECT_FALSE(trend.exact());
  EXPECT_NEAR(trend.Percentile(0.2), -5, 5 * 0.0014);
  EXPECT_EQ(trend.Percentile(0.5), 0);
  EXPECT_NEAR(trend.Percentile(0.8), 7, 7 * 0.0014);
  EXPECT_EQ(trend.sum(), 6000);
}

// The laws, on both sides of the limit of exact values and just around it.
class TrendLaws : public ::testing::TestWithParam<size_t> {};

TEST_P(TrendLaws, TenAgentsMakeTheSameTrendAsOne) {
  const std::vector<double> values = Latencies(GetParam());
  const Trend whole = TrendOf(values);
  std::vector<Trend> parts(10);
  for (size_t i = 0; i < values.size(); ++i) {
    parts[(i * i) % 10].Add(values[i]);
  }
  Trend forward;
  for (const Trend& part : parts) {
    forward.Merge(part);
  }
  Trend backward;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    backward.Merge(*part);
  }
  EXPECT_EQ(forward, whole);
  EXPECT_EQ(backward, whole);
  EXPECT_EQ(forward.sum(), whole.sum());
  EXPECT_EQ(forward.exact(), GetParam() <= Trend::kExactLimit);
  for (double fraction : {0.0, 0.3, 0.5, 0.95, 1.0}) {
    EXPECT_EQ(forward.Percentile(fraction), whole.Percentile(fraction));
  }
}

TEST_P(TrendLaws, MergingAssociatesAndNothingIsNeutral) {
  const std::vector<double> values = Latencies(GetParam());
  const size_t third = values.size() / 3;
  const absl::Span<const double> all = values;
  const Trend a = TrendOf(all.subspan(0, third));
  const Trend b = TrendOf(all.subspan(third, third));
  const Trend c = TrendOf(all.subspan(2 * third));
  Trend left = a;
  left.Merge(b);
  left.Merge(c);
  Trend bc = b;
  bc.Merge(c);
  Trend right = a;
  right.Merge(bc);
  EXPECT_EQ(left, right);
  Trend with_nothing = left;
  with_nothing.Merge(Trend());
  EXPECT_EQ(with_nothing, left);
  Trend from_nothing;
  from_nothing.Merge(left);
  EXPECT_EQ(from_nothing, left);
}

INSTANTIATE_TEST_SUITE_P(Counts, TrendLaws,
                         ::testing::Values(0, 1, 2, 4999, 5000, 5001, 5512, 5513, 12000));

TEST(Gauge, KeepsTheLatestValueWhateverTheOrderOfMerging) {
  Gauge early;
  early.Add(3, absl::FromUnixSeconds(1));
  early.Add(9, absl::FromUnixSeconds(2));
  Gauge late;
  late.Add(5, absl::FromUnixSeconds(3));
  Gauge one = early;
  one.Merge(late);
  Gauge other = late;
  other.Merge(early);
  EXPECT_EQ(one, other);
  EXPECT_EQ(one.last, 5);
  EXPECT_EQ(one.min, 3);
  EXPECT_EQ(one.max, 9);
  one.Merge(Gauge());
  EXPECT_EQ(one, other);
}

TEST(Gauge, TakesTheLaterOfTwoAddsAtTheSameInstant) {
  Gauge gauge;
  gauge.Add(5, absl::FromUnixSeconds(1));
  gauge.Add(2, absl::FromUnixSeconds(1));
  EXPECT_EQ(gauge.last, 2);
}

TEST(Aggregate, EvaluatesOnlyWhatItsTypeHas) {
  Aggregate counter(MetricType::kCounter);
  EXPECT_EQ(Evaluate(counter, {.kind = AggregateMethod::Kind::kCount}, absl::Seconds(1)), 0);
  counter.Add(6, absl::Now());
  EXPECT_EQ(Evaluate(counter, {.kind = AggregateMethod::Kind::kRate}, absl::Seconds(4)), 1.5);
  EXPECT_EQ(Evaluate(counter, {.kind = AggregateMethod::Kind::kRate}, absl::ZeroDuration()), 0);
  EXPECT_EQ(Evaluate(counter, {.kind = AggregateMethod::Kind::kMed}, absl::Seconds(1)),
            std::nullopt);
  EXPECT_EQ(Evaluate(Aggregate(MetricType::kTrend), {.kind = AggregateMethod::Kind::kMed},
                     absl::Seconds(1)),
            std::nullopt);
  Aggregate rate(MetricType::kRate);
  rate.Add(3, absl::Now());
  rate.Add(0, absl::Now());
  EXPECT_EQ(Evaluate(rate, {.kind = AggregateMethod::Kind::kRate}, absl::Seconds(1)), 0.5);
}

}  // namespace
}  // namespace lockstep
