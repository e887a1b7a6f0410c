#include "agent/report/accumulator.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/metrics/aggregate_store.h"

namespace lockstep::agent {
namespace {

constexpr MetricId kReqs = BuiltinMetric(builtin::kHttpReqs);
constexpr MetricId kDuration = BuiltinMetric(builtin::kHttpReqDuration);
constexpr MetricId kVus = BuiltinMetric(builtin::kVus);

absl::Time At(int64_t nanos) {
  return absl::FromUnixNanos(nanos);
}

const SeriesDelta* Find(const Batch& batch, const std::string& metric, const TagList& tags) {
  for (const SeriesDelta& delta : batch.series) {
    if (batch.metrics[delta.metric].name == metric && batch.tag_sets[delta.tag_set] == tags) {
      return &delta;
    }
  }
  return nullptr;
}

TEST(Accumulator, SealsWhatWasAddedSinceTheLastSeal) {
  Accumulator accumulator;
  const TagSet tags = accumulator.tags().With(kEmptyTagSet, "status", "200");
  accumulator.Add(kReqs, tags, 1, At(5));
  accumulator.Add(kReqs, tags, 1, At(6));
  accumulator.Add(kReqs, kEmptyTagSet, 1, At(7));
  const Batch first = accumulator.Seal();
  EXPECT_EQ(first.series.size(), 2u);
  EXPECT_EQ(Find(first, "http_reqs", {{"status", "200"}})->aggregate.counter().sum(), 2);
  EXPECT_EQ(Find(first, "http_reqs", {{"status", "200"}})->first_seen.unix_nanos, 5);
  accumulator.Add(kReqs, tags, 1, At(8));
  const Batch second = accumulator.Seal();
  EXPECT_EQ(second.series.size(), 1u);
  EXPECT_EQ(Find(second, "http_reqs", {{"status", "200"}})->aggregate.counter().sum(), 1);
  EXPECT_EQ(Find(second, "http_reqs", {{"status", "200"}})->first_seen.unix_nanos, 5);
  EXPECT_TRUE(accumulator.Seal().empty());
}

TEST(Accumulator, AddsSeveralMetricsOfOneTagSetLikeOneByOne) {
  Accumulator one;
  Accumulator many;
  const MetricValue values[] = {{kReqs, 1}, {kDuration, 12.5}, {kVus, 3}};
  for (const MetricValue& value : values) {
    one.Add(value.metric, kEmptyTagSet, value.value, At(1));
  }
  many.AddMany(kEmptyTagSet, At(1), values);
  EXPECT_EQ(EncodeBatch(one.Seal()), EncodeBatch(many.Seal()));
}

TEST(Accumulator, TakesMetricsThatAreRegisteredLater) {
  Accumulator accumulator;
  accumulator.Add(kReqs, kEmptyTagSet, 1, At(1));
  const MetricId late =
      *accumulator.metrics().Register("late", MetricType::kTrend, ValueType::kTime);
  accumulator.Add(late, kEmptyTagSet, 4, At(2));
  EXPECT_EQ(Find(accumulator.Seal(), "late", {})->aggregate.trend().sum(), 4);
}

TEST(Accumulator, CountsAndDropsWhatIsNoFiniteNumber) {
  Accumulator accumulator;
  accumulator.Add(kDuration, kEmptyTagSet, std::numeric_limits<double>::quiet_NaN(), At(1));
  accumulator.Add(kDuration, kEmptyTagSet, std::numeric_limits<double>::infinity(), At(1));
  const Batch batch = accumulator.Seal();
  EXPECT_TRUE(batch.series.empty());
  EXPECT_EQ(batch.refused_samples, 2u);
  EXPECT_EQ(accumulator.Seal().refused_samples, 0u);
}

TEST(Accumulator, KeepsPointsOnlyIfAnOutputWantsThemAndUpToTheLimit) {
  Accumulator without;
  without.Add(kReqs, kEmptyTagSet, 1, At(1));
  EXPECT_TRUE(without.Seal().points.empty());
  Accumulator with({.keep_points = true, .max_points = 2});
  for (int i = 1; i <= 5; ++i) {
    with.Add(kDuration, kEmptyTagSet, i, At(i));
  }
  const Batch batch = with.Seal();
  ASSERT_EQ(batch.points.size(), 2u);
  EXPECT_EQ(batch.points[1].value, 2);
  EXPECT_EQ(batch.points[1].unix_nanos, 2);
  EXPECT_EQ(batch.metrics[batch.points[1].metric].name, "http_req_duration");
  EXPECT_EQ(batch.refused_points, 3u);
  EXPECT_EQ(batch.series[0].aggregate.count(), 5u);  // the aggregate lacks nothing
}

TEST(Accumulator, MakesNoSeriesOfMetadata) {
  Accumulator accumulator({.keep_points = true, .max_series = 2});
  TagSetTable& tags = accumulator.tags();
  const TagSet plain = tags.With(kEmptyTagSet, "status", "200");
  for (int i = 0; i < 5; ++i) {
    const TagSet marked = tags.With(plain, MetadataKey("iter"), std::to_string(i));
    accumulator.Add(kReqs, marked, 1, At(i));
    const MetricValue values[] = {{kDuration, 2.5}};
    accumulator.AddMany(marked, At(i), values);
  }
  const Batch batch = accumulator.Seal();
  EXPECT_EQ(batch.series.size(), 2u);
  EXPECT_EQ(batch.overflowed_series, 0u);
  EXPECT_EQ(Find(batch, "http_reqs", {{"status", "200"}})->aggregate.counter().sum(), 5);
  ASSERT_EQ(batch.points.size(), 10u);
  EXPECT_EQ(batch.tag_sets[batch.points[9].tag_set],
            (TagList{{MetadataKey("iter"), "4"}, {"status", "200"}}));
}

TEST(Accumulator, CountsIterationsBesideTheSamplesOfTheSameSeal) {
  Accumulator accumulator;
  accumulator.CountEnded("a", &EndedIterations::full, 1);
  accumulator.CountEnded("b", &EndedIterations::dropped, 5);
  accumulator.CountEnded("a", &EndedIterations::full, 1);
  const Batch batch = accumulator.Seal();
  EXPECT_FALSE(batch.empty());
  ASSERT_EQ(batch.ended.size(), 2u);
  EXPECT_EQ(batch.ended[0].scenario, "a");
  EXPECT_EQ(batch.ended[0].full, 2);
  EXPECT_EQ(batch.ended[1].dropped, 5);
  EXPECT_TRUE(accumulator.Seal().empty());
}

TEST(Accumulator, TellsOfTagsThatAreTooLarge) {
  Accumulator accumulator;
  accumulator.tags().With(kEmptyTagSet, "n", std::string(10'000, 'x'));
  EXPECT_GT(accumulator.Seal().overflowed_series, 0u);
  EXPECT_EQ(accumulator.Seal().overflowed_series, 0u);
}

TEST(Accumulator, KeepsOfSeriesPastItsLimitTheTagsWithFewValues) {
  Accumulator accumulator({.max_series = 2});
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 5; ++i) {
      accumulator.Add(kReqs,
                      accumulator.tags().With(kEmptyTagSet, {{"n", std::to_string(i)},
                                                             {"status", i == 4 ? "500" : "200"}}),
                      1, At(i));
    }
  }
  const Batch batch = accumulator.Seal();
  EXPECT_EQ(batch.series.size(), 4u);
  EXPECT_EQ(Find(batch, "http_reqs", {{"n", "1"}, {"status", "200"}})->aggregate.counter().sum(),
            2);
  EXPECT_EQ(Find(batch, "http_reqs", {{"overflow", "true"}, {"status", "200"}})
                ->aggregate.counter()
                .sum(),
            4);
  EXPECT_EQ(Find(batch, "http_reqs", {{"overflow", "true"}, {"status", "500"}})
                ->aggregate.counter()
                .sum(),
            2);
  EXPECT_GT(batch.overflowed_series, 0u);
}

// A hundred thousand tag sets, of which the store still finds each that a threshold selects, and
// the accumulator keeps few.
TEST(Accumulator, LosesNothingThatThresholdsSelect) {
  const absl::StatusOr<MetricKey> late = ParseMetricKey("http_reqs{user:99998}");
  const absl::StatusOr<MetricKey> group = ParseMetricKey("http_reqs{group:::99999}");
  ASSERT_TRUE(late.ok() && group.ok());
  TagList asked = late->tags;
  asked.insert(asked.end(), group->tags.begin(), group->tags.end());
  Accumulator accumulator({.max_series = 1000, .asked = asked});
  AggregateStore store;
  ASSERT_TRUE(store.AddSubmetric(*late).ok() && store.AddSubmetric(*group).ok());
  for (int i = 0; i < 100'000; ++i) {
    const std::string id = std::to_string(i);
    accumulator.Add(kReqs,
                    accumulator.tags().With(kEmptyTagSet, {{"group", "::" + id}, {"user", id}}), 1,
                    At(i));
    if (i % 10'000 == 9'999) {
      ASSERT_TRUE(store.Merge(accumulator.Seal()).ok());
    }
  }
  EXPECT_EQ(store.Find("http_reqs")->counter().sum(), 100'000);
  EXPECT_EQ(store.Find("http_reqs{user:99998}")->counter().sum(), 1);
  EXPECT_EQ(store.Find("http_reqs{group:::99999}")->counter().sum(), 1);
  EXPECT_LT(accumulator.tags().size(), 3000u);
}

TEST(Accumulator, BoundsTheTextOfItsSeries) {
  Accumulator accumulator({.max_text_bytes = 50'000});
  for (int i = 0; i < 100; ++i) {
    const std::string text = std::string(1000, 'x') + std::to_string(i);
    accumulator.Add(kReqs, accumulator.tags().With(kEmptyTagSet, {{"n", text}}), 1, At(i));
  }
  const Batch batch = accumulator.Seal();
  EXPECT_EQ(batch.series.size(), 51u);
  EXPECT_EQ(Find(batch, "http_reqs", {{"overflow", "true"}})->aggregate.counter().sum(), 50);
}

TEST(Accumulator, SamplesKeepTheirOwnTagsWhateverTheLimit) {
  Accumulator accumulator({.keep_points = true, .max_series = 2});
  for (int i = 0; i < 9; ++i) {
    accumulator.Add(kReqs, accumulator.tags().With(kEmptyTagSet, {{"n", std::to_string(i)}}), 1,
                    At(i));
  }
  const Batch batch = accumulator.Seal();
  ASSERT_EQ(batch.points.size(), 9u);
  EXPECT_EQ(batch.tag_sets[batch.points[8].tag_set], (TagList{{"n", "8"}}));
}

// The law that a run cut over ten agents measures what one would, all the way over the wire into
// the store.
TEST(Accumulator, TenAgentsFillTheStoreExactlyAsOneDoes) {
  const auto run = [](size_t agents) {
    std::vector<Accumulator> accumulators(agents);
    AggregateStore store;
    EXPECT_TRUE(store.AddSubmetric(*ParseMetricKey("http_req_duration{n:3}")).ok());
    for (uint64_t second = 0; second < 4; ++second) {
      for (size_t i = 0; i < 4000; ++i) {
        Accumulator& mine = accumulators[i % agents];
        const TagSet tags = mine.tags().With(kEmptyTagSet, "n", std::to_string(i % 7));
        mine.Add(kDuration, tags, 0.1 * static_cast<double>((i * 7919) % 10007),
                 At(static_cast<int64_t>(i)));
        mine.Add(kVus, tags, static_cast<double>(i % 13),
                 At(static_cast<int64_t>(4000 * second + i)));
      }
      for (Accumulator& accumulator : accumulators) {
        BatchBuilder builder;
        builder.Add(accumulator.Seal());
        const std::string encoded = EncodeBatch(builder.Build(second + 1, At(0), At(1)));
        EXPECT_TRUE(store.Merge(*DecodeBatch(encoded)).ok());
      }
    }
    return std::vector<Aggregate>{*store.Find("http_req_duration"),
                                  *store.Find("http_req_duration{n:3}"), *store.Find("vus")};
  };
  const std::vector<Aggregate> one = run(1);
  const std::vector<Aggregate> ten = run(10);
  EXPECT_FALSE(one[0].trend().exact());
  EXPECT_TRUE(one[1].trend().exact());
  EXPECT_EQ(one, ten);
  EXPECT_EQ(one[0].trend().sum(), ten[0].trend().sum());
}

TEST(Accumulator, SealsTheErrorsSinceTheLastSealAndWorkersAddUp) {
  Accumulator one, other;
  one.AddError("500", "GET", "/a", At(5));
  other.AddError("500", "GET", "/a", At(4));
  other.AddError("404", "GET", "/b", At(6));
  BatchBuilder builder;
  builder.Add(one.Seal());
  builder.Add(other.Seal());
  const Batch batch = builder.Build(1, At(0), At(10));
  EXPECT_FALSE(batch.empty());
  ASSERT_EQ(batch.errors.size(), 2u);
  EXPECT_EQ(batch.errors[0].cause, "500");
  EXPECT_EQ(batch.errors[0].count, 2u);
  EXPECT_EQ(batch.errors[0].first_unix_nanos, 4);
  EXPECT_EQ(batch.errors[1].name, "/b");
  builder.Add(one.Seal());
  EXPECT_TRUE(builder.Build(2, At(10), At(20)).empty());
}

}  // namespace
}  // namespace lockstep::agent
