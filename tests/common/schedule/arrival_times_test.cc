#include "common/schedule/arrival_times.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "common/base/random.h"

namespace lockstep {
namespace {

constexpr absl::Duration kNano = absl::Nanoseconds(1);
constexpr absl::Duration kSecond = absl::Seconds(1);

std::vector<absl::Duration> AllStarts(const ArrivalTimes& times) {
  std::vector<absl::Duration> starts;
  for (int64_t i = 0; i < times.total(); ++i) {
    starts.push_back(times.StartOf(i));
  }
  return starts;
}

void ExpectNear(absl::Duration actual, double seconds) {
  EXPECT_LE(absl::AbsDuration(actual - absl::Seconds(seconds)), kNano) << actual << " " << seconds;
}

TEST(ArrivalTimes, ConstantRateStartsAtZeroAndEndsBeforeTheDuration) {
  const auto times = ArrivalTimes::Constant(50, kSecond, absl::Seconds(2));
  ASSERT_TRUE(times.ok()) << times.status();
  ASSERT_EQ(times->total(), 100);
  for (int64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(times->StartOf(i), absl::Milliseconds(20 * i));
  }
}

TEST(ArrivalTimes, ConstantCountIsTheDurationInPeriodsRoundedUp) {
  const auto count = [](int64_t rate, absl::Duration unit, absl::Duration duration) {
    return ArrivalTimes::Constant(rate, unit, duration)->total();
  };
  EXPECT_EQ(count(10, kSecond, absl::Milliseconds(1950)), 20);  // 0, 100, .., 1900 ms
  EXPECT_EQ(count(10, kSecond, absl::Milliseconds(1900)), 19);
  EXPECT_EQ(count(10, kSecond, absl::Milliseconds(1900) + kNano), 20);
  EXPECT_EQ(count(3, kSecond, absl::Seconds(1)), 3);
  EXPECT_EQ(count(1, absl::Hours(1), absl::Seconds(1)), 1);
  EXPECT_EQ(count(1, absl::Hours(1), absl::Hours(24)), 24);
  EXPECT_EQ(count(100'000, kSecond, absl::Hours(24)), 8'640'000'000);
  EXPECT_EQ(count(0, kSecond, absl::Hours(24)), 0);
}

TEST(ArrivalTimes, ConstantRateDoesNotDriftOverADay) {
  const auto fast = ArrivalTimes::Constant(100'000, kSecond, absl::Hours(24));
  EXPECT_EQ(fast->StartOf(8'640'000'000 - 1), absl::Hours(24) - absl::Microseconds(10));
  const auto thirds = ArrivalTimes::Constant(3, kSecond, absl::Hours(24));
  EXPECT_EQ(thirds->StartOf(3 * 86'399), absl::Seconds(86'399));
  EXPECT_EQ(thirds->StartOf(1), absl::Nanoseconds(333'333'333));
  EXPECT_EQ(thirds->StartOf(2), absl::Nanoseconds(666'666'667));
}

// Half of t^2 is the area under a rate that grows by 1/s each second.
TEST(ArrivalTimes, RampFromZeroStartsAtSqrtOfArea) {
  const auto times = ArrivalTimes::Ramping(0, kSecond, {{absl::Seconds(10), 10}});
  ASSERT_TRUE(times.ok()) << times.status();
  ASSERT_EQ(times->total(), 50);
  for (int64_t i = 1; i <= 50; ++i) {  // t*t/2 = i
    ExpectNear(times->StartOf(i - 1), std::sqrt(2.0 * static_cast<double>(i)));
  }
  EXPECT_EQ(times->StartOf(49), absl::Seconds(10));
}

TEST(ArrivalTimes, FlatRampStartsOnePeriodLate) {
  const auto times = ArrivalTimes::Ramping(10, kSecond, {{absl::Seconds(5), 10}});
  ASSERT_EQ(times->total(), 50);
  EXPECT_EQ(times->StartOf(0), absl::Milliseconds(100));
  EXPECT_EQ(times->StartOf(2), absl::Milliseconds(300));
  EXPECT_EQ(times->StartOf(49), absl::Seconds(5));
}

TEST(ArrivalTimes, FlatThenDownToZero) {
  const auto times =
      ArrivalTimes::Ramping(5, kSecond, {{absl::Seconds(2), 5}, {absl::Seconds(2), 0}});
  ASSERT_EQ(times->total(), 15);
  EXPECT_EQ(times->StartOf(0), absl::Milliseconds(200));
  EXPECT_EQ(times->StartOf(9), absl::Seconds(2));
  // 5t - 5t*t/4 = k from second 2 on: t = 2 - sqrt(4 - 4k/5).
  ExpectNear(times->StartOf(12), 4 - std::sqrt(4 - 12.0 / 5));
  ExpectNear(times->StartOf(13), 4 - std::sqrt(4 - 16.0 / 5));
  EXPECT_EQ(times->StartOf(14), absl::Seconds(4));
}

TEST(ArrivalTimes, UpFlatDownBeginsInTheMiddleOfAPeriod) {
  const auto times = ArrivalTimes::Ramping(
      1, kSecond, {{absl::Seconds(1), 5}, {absl::Seconds(2), 5}, {absl::Seconds(1), 1}});
  ASSERT_EQ(times->total(), 16);
  ExpectNear(times->StartOf(0), 0.5);  // t + 2t*t = 1
  ExpectNear(times->StartOf(1), (std::sqrt(17.0) - 1) / 4);
  EXPECT_EQ(times->StartOf(2), absl::Seconds(1));
  EXPECT_EQ(times->StartOf(3), absl::Milliseconds(1200));
  ExpectNear(times->StartOf(13), 3 + (5 - std::sqrt(17.0)) / 4);  // 5t - 2t*t = 1
  ExpectNear(times->StartOf(14), 3.5);
  EXPECT_EQ(times->StartOf(15), absl::Seconds(4));
}

TEST(ArrivalTimes, FractionsCarryFromStageToStage) {
  // Areas 0.3 a stage: no stage alone holds a start; ten hold three.
  const std::vector<LinearStage> stages(10, LinearStage{absl::Milliseconds(300), 1});
  const auto times = ArrivalTimes::Ramping(1, kSecond, stages);
  ASSERT_EQ(times->total(), 3);
  EXPECT_EQ(AllStarts(*times),
            (std::vector<absl::Duration>{absl::Seconds(1), absl::Seconds(2), absl::Seconds(3)}));
}

TEST(ArrivalTimes, LastStartSurvivesAtTheVeryEnd) {
  // 1/3 per second for 3 s is exactly one, which floating point could round away.
  const auto times = ArrivalTimes::Ramping(1, absl::Seconds(3), {{absl::Seconds(3), 1}});
  ASSERT_EQ(times->total(), 1);
  EXPECT_EQ(times->StartOf(0), absl::Seconds(3));
  const std::vector<LinearStage> tenths(10, LinearStage{absl::Milliseconds(100), 7});
  EXPECT_EQ(ArrivalTimes::Ramping(7, kSecond, tenths)->total(), 7);
}

// k6 issue 2951: the schedule ends before its last stage does.
TEST(ArrivalTimes, TwoStartsInTwoAndAHalfSeconds) {
  const auto times = ArrivalTimes::Ramping(1, kSecond, {{absl::Milliseconds(2500), 1}});
  EXPECT_EQ(times->total(), 2);
  EXPECT_EQ(times->duration(), absl::Milliseconds(2500));
}

TEST(ArrivalTimes, ZeroRateStageOnlyShiftsLaterStarts) {
  const auto times = ArrivalTimes::Ramping(
      0, kSecond, {{absl::Seconds(10), 0}, {absl::ZeroDuration(), 2}, {absl::Seconds(1), 2}});
  ASSERT_EQ(times->total(), 2);
  EXPECT_EQ(times->StartOf(0), absl::Milliseconds(10'500));
  EXPECT_EQ(times->StartOf(1), absl::Seconds(11));
}

TEST(ArrivalTimes, SlowRampOverADayIsExact) {
  // 0 -> 1 per hour in 24 h: 12 starts, the k-th after sqrt(48 k) hours.
  const auto times = ArrivalTimes::Ramping(0, absl::Hours(1), {{absl::Hours(24), 1}});
  ASSERT_EQ(times->total(), 12);
  for (int64_t k = 1; k <= 12; ++k) {
    ExpectNear(times->StartOf(k - 1), 3600 * std::sqrt(48.0 * static_cast<double>(k)));
  }
}

// The area of a triangle of 10 s by 2000/s.
TEST(ArrivalTimes, RampToTwoThousandPerSecondInTenSecondsIsTenThousandStarts) {
  const auto times = ArrivalTimes::Ramping(0, kSecond, {{absl::Seconds(10), 2000}});
  ASSERT_EQ(times->total(), 10'000);
  EXPECT_EQ(times->StartOf(9'999), absl::Seconds(10));
  ExpectNear(times->StartOf(0), 0.1);      // 100 t^2 = 1
  ExpectNear(times->StartOf(2'499), 5.0);  // 100 t^2 = 2500
  const auto tuples = *SegmentTuple::MakeAll(*SegmentSequence::FromWeights({3, 2, 2}));
  int64_t starts = 0;
  for (const SegmentTuple& tuple : tuples) {
    starts += SegmentArrivals(*times, tuple.Retuple(100)).total();
  }
  EXPECT_EQ(starts, 10'000);
}

TEST(ArrivalTimes, FromOnePerHourToAHundredThousandPerSecond) {
  const auto hourly = ArrivalTimes::Constant(1, absl::Hours(1), absl::Hours(24 * 365));
  ASSERT_EQ(hourly->total(), 8760);
  EXPECT_EQ(hourly->StartOf(8759), absl::Hours(8759));
  const auto fast = ArrivalTimes::Constant(100'000, kSecond, absl::Hours(1));
  ASSERT_EQ(fast->total(), 360'000'000);
  EXPECT_EQ(fast->StartOf(1), absl::Microseconds(10));
  EXPECT_EQ(fast->StartOf(359'999'999), absl::Hours(1) - absl::Microseconds(10));
  // 3 per 7 s: no interval is a whole number of nanoseconds, and none adds up its error.
  const auto thirds = ArrivalTimes::Constant(3, absl::Seconds(7), absl::Seconds(7'000'000));
  ASSERT_EQ(thirds->total(), 3'000'000);
  EXPECT_EQ(thirds->StartOf(2'999'997), absl::Seconds(6'999'993));
  // From one to the other within 10 s: (1/3600 + 100000) / 2 * 10 = 500000.0013...
  const auto ramp = ArrivalTimes::Ramping(1, absl::Hours(1), {{absl::Seconds(10), 360'000'000}});
  EXPECT_EQ(ramp->total(), 500'000);
}

TEST(ArrivalTimes, HugeRatesDoNotOverflow) {
  const auto times = ArrivalTimes::Ramping(0, kSecond, {{absl::Seconds(1), 5'000'000'000'000}});
  ASSERT_TRUE(times.ok());
  EXPECT_EQ(times->total(), 2'500'000'000'000);
  EXPECT_EQ(times->StartOf(times->total() - 1), absl::Seconds(1));
}

TEST(ArrivalTimes, BadInputIsNamed) {
  const auto message = [](const absl::StatusOr<ArrivalTimes>& times) {
    EXPECT_EQ(times.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(times.status().message());
  };
  EXPECT_EQ(message(ArrivalTimes::Constant(-1, kSecond, kSecond)),
            "rate: must be between 0 and 2^62, got -1");
  EXPECT_EQ(message(ArrivalTimes::Constant(1, absl::ZeroDuration(), kSecond)),
            "timeUnit: must be at least 1ns, got 0");
  EXPECT_EQ(message(ArrivalTimes::Constant(1, kSecond, -kSecond)),
            "duration: must be between 0 and 146 years, got -1s");
  EXPECT_EQ(message(ArrivalTimes::Constant(1, kSecond, absl::InfiniteDuration())),
            "duration: must be between 0 and 146 years, got inf");
  EXPECT_EQ(message(ArrivalTimes::Ramping(1, kSecond, {})),
            "stages: at least one stage has to be specified");
  EXPECT_EQ(message(ArrivalTimes::Ramping(1, kSecond, {{kSecond, 1}, {kSecond, -1}})),
            "stages[1].target: must be between 0 and 2^62, got -1");
  EXPECT_EQ(message(ArrivalTimes::Ramping(1, kSecond, {{-kSecond, 1}})),
            "stages[0].duration: must be between 0 and 146 years, got -1s");
  EXPECT_EQ(message(ArrivalTimes::Constant(int64_t{1} << 62, kNano, kSecond)),
            "stages: more than 2^62 iterations or nanoseconds");
}

TEST(ArrivalTimes, RateAtIsTheLine) {
  const auto times = ArrivalTimes::Ramping(
      0, absl::Minutes(1), {{absl::Seconds(10), 600}, {absl::ZeroDuration(), 60}, {kSecond, 60}});
  EXPECT_DOUBLE_EQ(times->RatePerSecondAt(absl::Seconds(5)), 5);
  EXPECT_DOUBLE_EQ(times->RatePerSecondAt(absl::Milliseconds(10'500)), 1);
  EXPECT_DOUBLE_EQ(times->RatePerSecondAt(absl::Seconds(99)), 1);
  EXPECT_DOUBLE_EQ(times->RatePerSecondAt(-kSecond), 0);
}

std::vector<int64_t> StartsInMillis(const ArrivalTimes& times, const SegmentTuple& segment,
                                    size_t most) {
  SegmentArrivals arrivals(times, segment);
  std::vector<int64_t> starts;
  while (starts.size() < most) {
    const auto start = arrivals.Next();
    if (!start.has_value()) {
      break;
    }
    EXPECT_EQ(start->in_instance, static_cast<int64_t>(starts.size()));
    starts.push_back(absl::ToInt64Milliseconds(start->at));
  }
  return starts;
}

// 50/s is a start every 20 ms, dealt out in turn.
TEST(SegmentArrivals, ConstantRateInThirds) {
  const auto times = *ArrivalTimes::Constant(50, kSecond, absl::Seconds(10));
  const auto tuples = *SegmentTuple::MakeAll(*SegmentSequence::Parse("0,1/3,2/3,1"));
  EXPECT_EQ(StartsInMillis(times, tuples[0], 3), (std::vector<int64_t>{0, 60, 120}));
  EXPECT_EQ(StartsInMillis(times, tuples[1], 3), (std::vector<int64_t>{20, 80, 140}));
  EXPECT_EQ(StartsInMillis(times, tuples[2], 3), (std::vector<int64_t>{40, 100, 160}));
}

TEST(SegmentArrivals, SegmentWithoutSequenceAlternates) {
  const auto times = *ArrivalTimes::Constant(50, kSecond, absl::Seconds(10));
  const auto sequence = SegmentSequence::Around(*ExecutionSegment::Parse("1/6:3/6"));
  const auto tuple = *SegmentTuple::Make(sequence, 1);
  EXPECT_EQ(StartsInMillis(times, tuple, 5), (std::vector<int64_t>{20, 60, 140, 180, 260}));
}

TEST(SegmentArrivals, WorkFollowsVus) {
  const auto times = *ArrivalTimes::Constant(10, kSecond, absl::Milliseconds(1350));
  const auto tuples = *SegmentTuple::MakeAll(*SegmentSequence::Parse("0,1/3,2/3,1"));
  EXPECT_EQ(StartsInMillis(times, tuples[0].Retuple(7), 9),
            (std::vector<int64_t>{0, 300, 500, 700, 1000, 1200}));
  EXPECT_EQ(StartsInMillis(times, tuples[1].Retuple(7), 9),
            (std::vector<int64_t>{100, 400, 800, 1100}));
  EXPECT_EQ(StartsInMillis(times, tuples[2].Retuple(7), 9),
            (std::vector<int64_t>{200, 600, 900, 1300}));
  EXPECT_EQ(SegmentArrivals(times, tuples[2].Retuple(2)).total(), 0);
  EXPECT_FALSE(SegmentArrivals(times, tuples[2].Retuple(2)).Next().has_value());
}

TEST(ArrivalTimes, CountsTheStartsBeforeAnInstant) {
  const auto times = ArrivalTimes::Constant(10, kSecond, absl::Seconds(2));  // at 0, 0.1, ...
  EXPECT_EQ(times->CountBefore(absl::Seconds(-1)), 0);
  EXPECT_EQ(times->CountBefore(absl::ZeroDuration()), 0);
  EXPECT_EQ(times->CountBefore(absl::Nanoseconds(1)), 1);
  EXPECT_EQ(times->CountBefore(absl::Seconds(1)), 10);
  EXPECT_EQ(times->CountBefore(absl::Milliseconds(1001)), 11);
  EXPECT_EQ(times->CountBefore(absl::InfiniteDuration()), 20);
}

class RandomSchedules : public ::testing::TestWithParam<uint64_t> {};

// Cut at any instant, the starts before it are the first part's, and those at it or after it the
// second's, whoever does them.
TEST_P(RandomSchedules, PartsOfTwoDivisionsAreTheWhole) {
  Random random(GetParam());
  const auto number = [&](uint64_t below) { return static_cast<int64_t>(random.Below(below)); };
  std::vector<LinearStage> stages(1 + random.Below(4));
  for (LinearStage& stage : stages) {
    stage = {absl::Milliseconds(number(2000)), number(100)};
  }
  const auto times = ArrivalTimes::Ramping(number(100), kSecond, stages);
  const absl::Duration cut = absl::Milliseconds(number(5000));
  const int64_t first = times->CountBefore(cut);
  EXPECT_TRUE(first == 0 || times->StartOf(first - 1) < cut);
  EXPECT_TRUE(first == times->total() || times->StartOf(first) >= cut);
  std::vector<int64_t> numbers;
  const auto before = SegmentTuple::MakeAll(*SegmentSequence::FromWeights({1, 2, 1}));
  for (const SegmentTuple& tuple : *before) {
    SegmentArrivals arrivals(*times, tuple);
    for (auto start = arrivals.Next(); start.has_value() && start->at < cut;
         start = arrivals.Next()) {
      numbers.push_back(start->in_test);
    }
  }
  const auto after = SegmentTuple::MakeAll(*SegmentSequence::FromWeights({1, 2}));
  for (const SegmentTuple& tuple : *after) {
    SegmentArrivals arrivals(*times, tuple, first);
    EXPECT_EQ(arrivals.total(), tuple.Scale(times->total() - first));
    for (auto start = arrivals.Next(); start.has_value(); start = arrivals.Next()) {
      EXPECT_EQ(start->at, times->StartOf(start->in_test));
      numbers.push_back(start->in_test);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  ASSERT_EQ(numbers.size(), static_cast<size_t>(times->total()));
  for (size_t i = 0; i < numbers.size(); ++i) {
    ASSERT_EQ(numbers[i], static_cast<int64_t>(i));
  }
}

// Cut into pieces and merged again, the starts are the same instants, bit for bit.
TEST_P(RandomSchedules, MergedPartsAreTheWhole) {
  Random random(GetParam());
  const auto number = [&](uint64_t below) { return static_cast<int64_t>(random.Below(below)); };
  std::vector<LinearStage> stages(1 + random.Below(5));
  for (LinearStage& stage : stages) {
    stage = {absl::Milliseconds(number(3000)), number(200)};
  }
  const absl::Duration unit = absl::Milliseconds(1 + number(3000));
  const auto times =
      number(3) == 0 ? ArrivalTimes::Constant(number(200), unit, absl::Milliseconds(number(9000)))
                     : ArrivalTimes::Ramping(number(200), unit, stages);
  ASSERT_TRUE(times.ok()) << times.status();
  std::vector<int64_t> weights(1 + random.Below(7));
  for (int64_t& weight : weights) {
    weight = 1 + number(9);
  }
  const int64_t vus = 1 + number(30);
  using Merged = std::pair<absl::Duration, int64_t>;
  std::vector<Merged> merged;
  const auto tuples = SegmentTuple::MakeAll(*SegmentSequence::FromWeights(weights));
  for (const SegmentTuple& tuple : *tuples) {
    SegmentArrivals arrivals(*times, tuple.Retuple(vus));
    for (auto start = arrivals.Next(); start.has_value(); start = arrivals.Next()) {
      merged.emplace_back(start->at, start->in_test);
    }
  }
  std::sort(merged.begin(), merged.end());
  const std::vector<absl::Duration> whole = AllStarts(*times);
  ASSERT_EQ(merged.size(), whole.size());
  for (size_t i = 0; i < whole.size(); ++i) {
    ASSERT_EQ(merged[i].first, whole[i]);
    ASSERT_EQ(merged[i].second, static_cast<int64_t>(i));
    ASSERT_LE(whole[i], times->duration());
    ASSERT_TRUE(i == 0 || whole[i - 1] <= whole[i]);
  }
}

// At each start the area under the rate line, worked out independently piece by piece, is the
// start's number.
TEST_P(RandomSchedules, AreaAtEachStartIsItsNumber) {
  Random random(GetParam());
  const auto number = [&](uint64_t below) { return static_cast<int64_t>(random.Below(below)); };
  std::vector<LinearStage> stages(1 + random.Below(5));
  for (LinearStage& stage : stages) {
    stage = {absl::Milliseconds(number(3000)), number(200)};
  }
  const int64_t start_rate = number(200);
  const auto times = ArrivalTimes::Ramping(start_rate, kSecond, stages);
  for (int64_t i = 0; i < times->total(); ++i) {
    double left = absl::ToDoubleSeconds(times->StartOf(i));
    double area = 0;
    auto from = static_cast<double>(start_rate);
    for (const LinearStage& stage : stages) {
      const double d = absl::ToDoubleSeconds(stage.duration);
      const double t = std::min(left, d);
      const auto to = static_cast<double>(stage.target);
      area += d == 0 ? 0 : from * t + (to - from) * t * t / (2 * d);
      left -= t;
      from = to;
    }
    ASSERT_NEAR(area, static_cast<double>(i + 1), 1e-6) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomSchedules, ::testing::Range<uint64_t>(1, 41));

}  // namespace
}  // namespace lockstep
