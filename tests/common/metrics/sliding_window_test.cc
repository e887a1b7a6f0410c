#include "common/metrics/sliding_window.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace lockstep {
namespace {

Aggregate AggregateOf(const std::vector<double>& values) {
  Aggregate aggregate(MetricType::kTrend);
  for (double value : values) {
    aggregate.Add(value, absl::UnixEpoch());
  }
  return aggregate;
}

TEST(SlidingWindow, HoldsTheLastSlicesAndNoMore) {
  SlidingWindow window(MetricType::kCounter, absl::Seconds(3));
  for (int second = 1; second <= 10; ++second) {
    Aggregate slice(MetricType::kCounter);
    slice.Add(second, absl::UnixEpoch());
    window.Push(absl::Seconds(second), std::move(slice));
    EXPECT_EQ(window.full(), second >= 3);
  }
  EXPECT_EQ(window.Value().counter().sum(), 8 + 9 + 10);
  EXPECT_EQ(window.covered(), absl::Seconds(3));
  EXPECT_EQ(window.slices(), 3u);
}

// The value is that of the samples themselves, not an approximation of the window.
TEST(SlidingWindow, IsExactForTrends) {
  SlidingWindow window(MetricType::kTrend, absl::Seconds(2));
  window.Push(absl::Seconds(1), AggregateOf({1000, 2000}));
  window.Push(absl::Seconds(2), AggregateOf({1, 2}));
  window.Push(absl::Seconds(3), AggregateOf({3, 4, 5}));
  EXPECT_EQ(window.Value(), AggregateOf({1, 2, 3, 4, 5}));
  EXPECT_EQ(window.Value().trend().Percentile(0.5), 3);
}

TEST(SlidingWindow, EqualsTheHistogramOfItsSamplesWhenTheyAreMany) {
  SlidingWindow window(MetricType::kTrend, absl::Seconds(5));
  std::vector<double> last;
  for (int second = 1; second <= 12; ++second) {
    std::vector<double> values;
    for (int i = 0; i < 3000; ++i) {
      values.push_back(1 + std::fmod(i * 37.5 + second * 11.25, 997));
    }
    if (second > 7) {
      last.insert(last.end(), values.begin(), values.end());
    }
    window.Push(absl::Seconds(second), AggregateOf(values));
  }
  EXPECT_EQ(window.Value(), AggregateOf(last));
}

TEST(SlidingWindow, BoundsItsSlicesHoweverLongItIsAndHoweverOftenItIsCut) {
  SlidingWindow window(MetricType::kCounter, absl::Hours(1));
  for (int second = 1; second <= 3 * 3600; ++second) {
    Aggregate slice(MetricType::kCounter);
    slice.Add(1, absl::UnixEpoch());
    window.Push(absl::Seconds(second), std::move(slice));
    ASSERT_LE(window.slices(), SlidingWindow::kSlices + 2u);
  }
  EXPECT_GE(window.Value().counter().sum(), 3600);
  EXPECT_LE(window.Value().counter().sum(), 3600 + 12);
  EXPECT_EQ(absl::ToDoubleSeconds(window.covered()), window.Value().counter().sum());
}

// Cuts that come a little early or late neither double a short window nor empty it.
TEST(SlidingWindow, CoversItsLengthThoughCutsWaver) {
  SlidingWindow window(MetricType::kCounter, absl::Seconds(1));
  for (const int milliseconds : {990, 2010, 2995, 4003, 4998, 6100, 6900}) {
    Aggregate slice(MetricType::kCounter);
    slice.Add(10, absl::UnixEpoch());
    window.Push(absl::Milliseconds(milliseconds), std::move(slice));
    EXPECT_EQ(window.Value().counter().sum(), 10) << milliseconds;
  }
}

// The rest of a run after its last whole second is not a window.
TEST(SlidingWindow, TakesAShortLastSliceTogetherWithTheOneBefore) {
  SlidingWindow window(MetricType::kCounter, absl::Seconds(1));
  for (const int milliseconds : {1000, 2000, 2300}) {
    Aggregate slice(MetricType::kCounter);
    slice.Add(milliseconds, absl::UnixEpoch());
    window.Push(absl::Milliseconds(milliseconds), std::move(slice));
  }
  EXPECT_EQ(window.Value().counter().sum(), 4300);
  EXPECT_EQ(window.covered(), absl::Milliseconds(1300));
}

TEST(SlidingWindow, IsEmptyAfterALengthOfSilence) {
  SlidingWindow window(MetricType::kRate, absl::Seconds(2));
  Aggregate slice(MetricType::kRate);
  slice.Add(1, absl::UnixEpoch());
  window.Push(absl::Seconds(1), std::move(slice));
  window.Push(absl::Seconds(9), Aggregate(MetricType::kRate));
  EXPECT_TRUE(window.Value().empty());
}

}  // namespace
}  // namespace lockstep
