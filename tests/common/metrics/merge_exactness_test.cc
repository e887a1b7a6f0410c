// What the numbers of a distributed run are worth: ten agents' values, sealed into batches, sent
// through the wire format and merged, against the sorted values themselves, and against one agent
// that has measured all. With LOCKSTEP_TEST_ALL in the environment at full scale: a million values
// an agent, and 1e8 for the memory.
#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include <malloc.h>

#include "gtest/gtest.h"

#include "common/metrics/aggregate_store.h"
#include "tests/support/environment.h"

namespace lockstep {
namespace {

bool FullScale() {
  return lockstep::testing::FromEnvironment("LOCKSTEP_TEST_ALL").has_value();
}

using Draw = std::function<double(std::mt19937_64&)>;
struct Distribution {
  const char* name;
  Draw draw;
};

std::vector<Distribution> Distributions() {
  return {
      {"uniform", [](auto& r) { return std::uniform_real_distribution<double>(1, 1000)(r); }},
      {"exponential", [](auto& r) { return std::exponential_distribution<double>(0.01)(r); }},
      {"lognormal", [](auto& r) { return std::lognormal_distribution<double>(4, 1)(r); }},
      {"pareto",
       [](auto& r) {
         return 5 / std::pow(1 - std::uniform_real_distribution<double>(0, 1)(r), 1 / 1.5);
       }},
      {"two humps",
       [](auto& r) { return std::normal_distribution<double>(r() % 10 == 0 ? 2000 : 20, 2)(r); }},
      {"microseconds to hours",
       [](auto& r) { return std::pow(10, std::uniform_real_distribution<double>(-3, 6.5)(r)); }},
  };
}

Batch BatchOf(const std::vector<double>& values) {
  Batch batch;
  batch.metrics = {
      {.name = "some_trend", .type = MetricType::kTrend, .contains = ValueType::kTime}};
  batch.tag_sets = {{}};
  Aggregate aggregate(MetricType::kTrend);
  for (double value : values) {
    aggregate.Add(value, absl::UnixEpoch());
  }
  batch.series.push_back({.first_seen = {}, .aggregate = std::move(aggregate)});
  return batch;
}

TEST(MergeExactness, TenAgentsAreOneAgentAndNearTheTruth) {
  const size_t per_agent = FullScale() ? 1'000'000 : 20'000;
  const size_t per_batch = per_agent / 7;  // does not divide it
  for (const Distribution& distribution : Distributions()) {
    SCOPED_TRACE(distribution.name);
    AggregateStore merged;
    std::vector<double> all;
    all.reserve(10 * per_agent);
    for (unsigned agent = 0; agent < 10; ++agent) {
      std::mt19937_64 random(agent + 1);
      std::vector<double> batch;
      for (size_t i = 0; i < per_agent; ++i) {
        batch.push_back(distribution.draw(random));
        all.push_back(batch.back());
        if (batch.size() == per_batch || i + 1 == per_agent) {
          const absl::StatusOr<Batch> received = DecodeBatch(EncodeBatch(BatchOf(batch)));
          ASSERT_TRUE(received.ok()) << received.status();
          ASSERT_TRUE(merged.Merge(*received).ok());
          batch.clear();
        }
      }
    }
    AggregateStore unsplit;
    ASSERT_TRUE(unsplit.Merge(BatchOf(all)).ok());
    const Trend& trend = merged.Find("some_trend")->trend();
    EXPECT_EQ(*merged.Find("some_trend"), *unsplit.Find("some_trend"));
    EXPECT_EQ(trend.sum(), unsplit.Find("some_trend")->trend().sum());
    std::sort(all.begin(), all.end());
    EXPECT_EQ(trend.count(), all.size());
    EXPECT_EQ(trend.min(), all.front());
    EXPECT_EQ(trend.max(), all.back());
    for (double percentile : {50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99}) {
      const double place = percentile / 100 * static_cast<double>(all.size() - 1);
      const auto low = static_cast<size_t>(place);
      const double truth =
          all[low] + (all[low + 1] - all[low]) * (place - static_cast<double>(low));
      EXPECT_NEAR(trend.Percentile(percentile / 100) / truth, 1, 0.0015) << percentile;
    }
  }
}

// Bytes that the process has allocated and not freed.
size_t HeapBytes() {
  return mallinfo2().uordblks + mallinfo2().hblkhd;
}

TEST(MergeExactness, MemoryDoesNotGrowWithTheSamples) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer's own allocator cannot be asked";
#endif
  const size_t most = FullScale() ? 100'000'000 : 1'000'000;
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> draw(4, 1);
  Aggregate aggregate(MetricType::kTrend);
  size_t at_first = 0;
  for (size_t i = 1; i <= most; ++i) {
    aggregate.Add(draw(random), absl::UnixEpoch());
    if (i == 100'000) {
      at_first = HeapBytes();
    }
  }
  const size_t at_last = HeapBytes();
  RecordProperty("grown_bytes", static_cast<int>(at_last - std::min(at_last, at_first)));
  EXPECT_LE(at_last, at_first + 5'000'000);
  EXPECT_EQ(aggregate.count(), most);
}

}  // namespace
}  // namespace lockstep
