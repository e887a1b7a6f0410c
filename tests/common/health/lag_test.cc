#include "common/health/lag.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

constexpr absl::Duration kMicro = absl::Microseconds(1);

TEST(LagTest, NothingRecordedIsNoDelay) {
  const v1::Lag lag = LagRecorder().Read();
  EXPECT_EQ(lag.counts_size(), 0);
  EXPECT_EQ(LagCount(lag), 0u);
  EXPECT_EQ(LagPercentile(lag, 0.99), absl::ZeroDuration());
  EXPECT_EQ(LagCountAbove(lag, absl::ZeroDuration()), 0u);
}

TEST(LagTest, ABucketIsAQuarterOfAnOctaveWithItsUpperBound) {
  LagRecorder recorder;
  recorder.Add(-kMicro);     // early is not late: bucket 0
  recorder.Add(kMicro);      // 0
  recorder.Add(2 * kMicro);  // 2^(4/4): 4
  recorder.Add(absl::Nanoseconds(2001));
  recorder.Add(1024 * kMicro);  // 2^(40/4)
  const v1::Lag lag = recorder.Read();
  ASSERT_EQ(lag.counts_size(), 41);
  EXPECT_EQ(lag.counts(0), 2u);
  EXPECT_EQ(lag.counts(4), 1u);
  EXPECT_EQ(lag.counts(5), 1u);
  EXPECT_EQ(lag.counts(40), 1u);
  EXPECT_EQ(lag.max_ns(), 1'024'000);
}

TEST(LagTest, WhatIsLongerThanAllBucketsIsInTheLast) {
  LagRecorder recorder;
  recorder.Add(absl::Hours(24 * 365));
  EXPECT_EQ(recorder.Read().counts(static_cast<int>(kLagBuckets) - 1), 1u);
}

TEST(LagTest, APercentileIsABoundThatIsNeverAboveTheLongest) {
  LagRecorder recorder;
  recorder.Add(kMicro, 98);
  recorder.Add(absl::Milliseconds(3), 2);
  const v1::Lag lag = recorder.Read();
  EXPECT_EQ(LagPercentile(lag, 0.98), kMicro);
  EXPECT_EQ(LagPercentile(lag, 0.99), absl::Milliseconds(3));  // the bucket reaches to 3.44 ms
}

TEST(LagTest, OnlyWholeBucketsCountAsAbove) {
  LagRecorder recorder;
  recorder.Add(absl::Milliseconds(20), 3);
  recorder.Add(absl::Milliseconds(30), 2);
  const v1::Lag lag = recorder.Read();
  EXPECT_EQ(LagCountAbove(lag, absl::Milliseconds(20)), 2u);
  EXPECT_EQ(LagCountAbove(lag, absl::Milliseconds(10)), 5u);
}

TEST(LagTest, MergingAddsCountsAndKeepsTheLongest) {
  LagRecorder a;
  LagRecorder b;
  a.Add(kMicro);
  b.Add(kMicro);
  b.Add(8 * kMicro);
  v1::Lag merged = a.Read();
  MergeLag(b.Read(), &merged);
  EXPECT_EQ(LagCount(merged), 3u);
  EXPECT_EQ(merged.counts(0), 2u);
  EXPECT_EQ(merged.max_ns(), 8'000);
}

}  // namespace
}  // namespace lockstep
