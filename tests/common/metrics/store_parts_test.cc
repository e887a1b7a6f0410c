
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/metrics/aggregate_store.h"

namespace lockstep {
namespace {

Batch OneSample(const char* metric, MetricType type, const TagList& tags, double value,
                int64_t nanos) {
  Batch batch;
  batch.metrics = {
      {.name = metric,
       .type = type,
       .contains = type == MetricType::kTrend ? ValueType::kTime : ValueType::kDefault}};
  batch.tag_sets = {tags};
  Aggregate aggregate(type);
  aggregate.Add(value, absl::FromUnixNanos(nanos));
  batch.series.push_back(
      {.first_seen = {.unix_nanos = nanos, .ordinal = 0}, .aggregate = std::move(aggregate)});
  return batch;
}

AggregateStore Configured() {
  AggregateStore store({.breakdown_tags = {{"scenario"}, {"scenario", "group"}}});
  EXPECT_TRUE(store.AddSubmetric(*ParseMetricKey("http_reqs{status:500}")).ok());
  return store;
}

void Fill(AggregateStore& store, int from, int to) {
  for (int i = from; i < to; ++i) {
    const TagList tags = {{"group", i % 2 == 0 ? "::a" : ""},
                          {"scenario", "s"},
                          {"status", i % 3 == 0 ? "500" : "200"}};
    ASSERT_TRUE(store.Merge(OneSample("http_reqs", MetricType::kCounter, tags, 1, i + 1)).ok());
    ASSERT_TRUE(
        store.Merge(OneSample("http_req_duration", MetricType::kTrend, tags, i * 1.5, i + 1)).ok());
    ASSERT_TRUE(store.Merge(OneSample("checks", MetricType::kRate, tags, i % 5 == 0, i + 1)).ok());
    ASSERT_TRUE(store.Merge(OneSample("vus", MetricType::kGauge, tags, i, i + 1)).ok());
  }
}

// All parts of a store, put into another one.
void Move(const AggregateStore& from, AggregateStore& to) {
  from.ForEachPart([](const Aggregate&) { return true; },
                   [&to](const AggregateStore::Part& part) {
                     const absl::StatusOr<const Aggregate*> place = to.PutBack(
                         part.kind, *part.metric, part.key == nullptr ? "" : part.key->text,
                         part.tags, part.first_seen, *part.aggregate);
                     ASSERT_TRUE(place.ok()) << place.status();
                     EXPECT_EQ(**place, *part.aggregate);
                   });
  to.PutBackCounts(from.counts());
}

void ExpectSame(const AggregateStore& a, const AggregateStore& b) {
  const auto one = a.Entries();
  const auto other = b.Entries();
  ASSERT_EQ(one.size(), other.size());
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].key->text, other[i].key->text);
    EXPECT_EQ(*one[i].aggregate, *other[i].aggregate) << one[i].key->text;
  }
  for (const char* metric : {"http_reqs", "http_req_duration", "checks", "vus"}) {
    const auto parts = a.Breakdown({"scenario", "group"}, metric);
    const auto other_parts = b.Breakdown({"scenario", "group"}, metric);
    ASSERT_EQ(parts.size(), other_parts.size()) << metric;
    for (const auto& [values, aggregate] : parts) {
      EXPECT_EQ(*aggregate, *other_parts.at(values)) << metric;
    }
  }
  const auto series = a.SeriesOf("checks");
  const auto other_series = b.SeriesOf("checks");
  ASSERT_EQ(series.size(), other_series.size());
  for (size_t i = 0; i < series.size(); ++i) {
    EXPECT_EQ(*series[i].tags, *other_series[i].tags);
    EXPECT_EQ(series[i].first_seen, other_series[i].first_seen);
    EXPECT_EQ(*series[i].aggregate, *other_series[i].aggregate);
  }
  EXPECT_EQ(a.samples(), b.samples());
  EXPECT_EQ(a.batches(), b.batches());
}

TEST(StoreParts, AStorePutTogetherAgainIsTheSameAndGoesOn) {
  AggregateStore whole = Configured();
  Fill(whole, 0, 50);
  AggregateStore again = Configured();
  Move(whole, again);
  ExpectSame(whole, again);
  Fill(whole, 50, 90);
  Fill(again, 50, 90);
  ExpectSame(whole, again);
}

TEST(StoreParts, OnlyThoseThatAreWantedAreVisited) {
  AggregateStore store = Configured();
  Fill(store, 0, 3);
  int visited = 0;
  store.ForEachPart([](const Aggregate& aggregate) { return !aggregate.empty(); },
                    [&](const AggregateStore::Part& part) {
                      EXPECT_FALSE(part.aggregate->empty()) << part.metric->name;
                      ++visited;
                    });
  EXPECT_GT(visited, 10);
}

TEST(StoreParts, WhatAnotherTestHadHasNoPlace) {
  AggregateStore store;
  const Metric reqs{.name = "http_reqs", .type = MetricType::kCounter};
  const Aggregate one(MetricType::kCounter);
  EXPECT_TRUE(
      absl::IsFailedPrecondition(store
                                     .PutBack(AggregateStore::Part::Kind::kSubmetric, reqs,
                                              "http_reqs{status:500}", {{"status", "500"}}, {}, one)
                                     .status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(
      store.PutBack(AggregateStore::Part::Kind::kBreakdown, reqs, "", {{"group", "g"}}, {}, one)
          .status()));
  EXPECT_FALSE(store
                   .PutBack(AggregateStore::Part::Kind::kTotal,
                            {.name = "http_reqs", .type = MetricType::kTrend}, "", {}, {}, one)
                   .ok());
}

}  // namespace
}  // namespace lockstep
