#include "common/metrics/aggregate_store.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// One sample each.
struct Value {
  const char* metric;
  MetricType type;
  TagList tags;
  double value;
  int64_t nanos = 1;
};

Batch BatchOf(const std::vector<Value>& values) {
  BatchBuilder builder;
  for (const Value& value : values) {
    Batch one;
    one.metrics = {{.name = value.metric, .type = value.type}};
    one.tag_sets = {value.tags};
    Aggregate aggregate(value.type);
    aggregate.Add(value.value, absl::FromUnixNanos(value.nanos));
    one.series.push_back({.metric = 0,
                          .tag_set = 0,
                          .first_seen = {.unix_nanos = value.nanos, .ordinal = 0},
                          .aggregate = std::move(aggregate)});
    builder.Add(std::move(one));
  }
  return builder.Build(1, absl::UnixEpoch(), absl::UnixEpoch());
}

MetricKey Key(absl::string_view text) {
  return *ParseMetricKey(text);
}

constexpr MetricType kCounter = MetricType::kCounter;

TEST(AggregateStore, SubmetricIsTheUnionOfSeriesThatHaveAllItsTags) {
  AggregateStore store;
  ASSERT_TRUE(store.Define("cc", kCounter, ValueType::kDefault).ok());
  for (const char* key : {"cc{k:a}", "cc{k:a,z:1}", "cc{k:none}"}) {
    ASSERT_TRUE(store.AddSubmetric(Key(key)).ok());
  }
  // Conformance case metrics/tags-and-submetrics.
  ASSERT_TRUE(store
                  .Merge(BatchOf({{"cc", kCounter, {{"k", "a"}, {"z", "1"}}, 1},
                                  {"cc", kCounter, {{"k", "a"}}, 2},
                                  {"cc", kCounter, {{"k", "b"}}, 100}}))
                  .ok());
  EXPECT_EQ(store.Find("cc{k:a}")->counter().sum(), 3);
  EXPECT_EQ(store.Find("cc{k:a,z:1}")->counter().sum(), 1);
  EXPECT_EQ(store.Find("cc{k:none}")->counter().sum(), 0);
  EXPECT_EQ(store.Find("cc")->counter().sum(), 103);
  EXPECT_EQ(store.Find("cc{k:b}"), nullptr);
  EXPECT_EQ(store.Find("nothing"), nullptr);
}

TEST(AggregateStore, RefusesASubmetricOfNothing) {
  AggregateStore store;
  EXPECT_EQ(store.AddSubmetric(Key("no_such{a:b}")).code(), absl::StatusCode::kNotFound);
}

TEST(AggregateStore, MergesNothingOfABatchThatContradictsItsMetrics) {
  AggregateStore store;
  const absl::Status status =
      store.Merge(BatchOf({{"mine", kCounter, {}, 1}, {"http_reqs", MetricType::kTrend, {}, 1}}));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("'http_reqs' already exists but with type counter"));
  EXPECT_EQ(store.Find("mine"), nullptr);
  EXPECT_EQ(store.samples(), 0u);
}

TEST(AggregateStore, PutsTagSetsPastTheLimitIntoOneSeries) {
  AggregateStore store({.max_series_per_metric = 2, .breakdown_tags = {}});
  std::vector<Value> values;
  for (const char* url : {"a", "b", "c", "d", "e"}) {
    values.push_back({"http_reqs", kCounter, {{"url", url}}, 1});
  }
  ASSERT_TRUE(store.Merge(BatchOf(values)).ok());
  EXPECT_EQ(store.Find("http_reqs")->counter().sum(), 5);
  const auto series = store.SeriesOf("http_reqs");
  ASSERT_EQ(series.size(), 3u);
  double overflow = 0;
  for (const auto& each : series) {
    if (*each.tags == TagList{{"overflow", "true"}}) {
      overflow = each.aggregate->counter().sum();
    }
  }
  EXPECT_EQ(overflow, 3);
  EXPECT_THAT(store.TakeWarnings(),
              ElementsAre(HasSubstr("http_reqs has more than 2 combinations of tags")));
  ASSERT_TRUE(store.Merge(BatchOf(values)).ok());
  EXPECT_THAT(store.TakeWarnings(), IsEmpty());
}

TEST(AggregateStore, KeepsTheTagsWithFewValuesPastTheLimit) {
  AggregateStore store({.max_series_per_metric = 2, .breakdown_tags = {}});
  std::vector<Value> values;
  for (int i = 0; i < 10; ++i) {
    values.push_back({"checks",
                      MetricType::kRate,
                      {{"check", i == 9 ? "late" : "early"}, {"user", std::to_string(i)}},
                      i == 9 ? 0.0 : 1.0});
  }
  values.push_back({"checks", MetricType::kRate, {{"check", "third"}}, 1});
  ASSERT_TRUE(store.Merge(BatchOf(values)).ok());
  std::map<std::string, Rate> checks;
  for (const auto& series : store.SeriesOf("checks")) {
    const std::string* check = FindTag(*series.tags, "check");
    checks[check == nullptr ? "" : *check].Merge(series.aggregate->rate());
  }
  EXPECT_EQ(checks["early"], (Rate{.trues = 9, .total = 9}));
  EXPECT_EQ(checks["late"], (Rate{.trues = 0, .total = 1}));
  EXPECT_EQ(checks[""], (Rate{.trues = 1, .total = 1})) << "beyond as many again";
}

TEST(AggregateStore, KeepsSubmetricsExactPastTheLimitOfSeries) {
  AggregateStore store({.max_series_per_metric = 2, .breakdown_tags = {{"group"}}});
  const absl::StatusOr<MetricKey> key = ParseMetricKey("http_reqs{status:200}");
  ASSERT_TRUE(store.AddSubmetric(*key).ok() && store.Watch(*key).ok());
  std::vector<Value> values;
  for (const char* url : {"a", "b", "c", "d", "e"}) {
    values.push_back({"http_reqs",
                      kCounter,
                      {{"group", "g"}, {"status", url[0] == 'd' ? "500" : "200"}, {"url", url}},
                      1});
  }
  ASSERT_TRUE(store.Merge(BatchOf(values)).ok());
  EXPECT_EQ(store.Find("http_reqs")->counter().sum(), 5);
  EXPECT_EQ(store.Find("http_reqs{status:200}")->counter().sum(), 4);
  EXPECT_EQ(store.TakeRecent(*key).counter().sum(), 4);
  EXPECT_TRUE(store.TakeRecent(*key).empty());
  EXPECT_EQ(store.Breakdown({"group"}, "http_reqs").at({"g"})->counter().sum(), 5);
}

TEST(AggregateStore, WarnsOnceOfAgentsWhoseTagsOverflow) {
  AggregateStore store;
  Batch batch;
  batch.overflowed_series = 2;
  ASSERT_TRUE(store.Merge(batch).ok());
  EXPECT_THAT(store.TakeWarnings(),
              ElementsAre(HasSubstr("an agent has seen too many combinations of tags")));
  ASSERT_TRUE(store.Merge(batch).ok());
  EXPECT_THAT(store.TakeWarnings(), IsEmpty());
}

TEST(AggregateStore, WatchesOnlyWhatThereIs) {
  AggregateStore store;
  EXPECT_EQ(store.Watch(*ParseMetricKey("nothing")).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store.Watch(*ParseMetricKey("http_reqs{a:b}")).code(), absl::StatusCode::kNotFound);
}

TEST(AggregateStore, OrdersSeriesByWhenTheyWereFirstSeenNotByArrival) {
  AggregateStore store;
  ASSERT_TRUE(
      store.Merge(BatchOf({{"checks", MetricType::kRate, {{"check", "late"}}, 1, 30}})).ok());
  ASSERT_TRUE(
      store.Merge(BatchOf({{"checks", MetricType::kRate, {{"check", "early"}}, 1, 20}})).ok());
  ASSERT_TRUE(
      store.Merge(BatchOf({{"checks", MetricType::kRate, {{"check", "late"}}, 1, 10}})).ok());
  const auto series = store.SeriesOf("checks");
  ASSERT_EQ(series.size(), 2u);
  EXPECT_EQ(series[0].tags->at(0).second, "late");
  EXPECT_EQ(series[0].aggregate->rate().total, 2u);
}

TEST(AggregateStore, AddsTheCoordinatorsVusAsGauges) {
  AggregateStore store;
  ASSERT_TRUE(store.Merge(VusBatch(absl::FromUnixSeconds(1), 3, 10, {})).ok());
  ASSERT_TRUE(store.Merge(VusBatch(absl::FromUnixSeconds(2), 1, 10, {})).ok());
  EXPECT_EQ(store.Find("vus")->gauge().last, 1);
  EXPECT_EQ(store.Find("vus")->gauge().max, 3);
  EXPECT_EQ(store.Find("vus_max")->gauge().min, 10);
}

TEST(AggregateStore, BreaksMetricsDownByTheTagsAskedFor) {
  AggregateStore store({.breakdown_tags = {{"scenario"}, {"u", "scenario"}}});
  ASSERT_TRUE(store
                  .Merge(BatchOf({{"tre", MetricType::kTrend, {{"scenario", "a"}, {"u", "1"}}, 4},
                                  {"tre", MetricType::kTrend, {{"scenario", "a"}}, 6},
                                  {"tre", MetricType::kTrend, {{"scenario", "b"}}, 9},
                                  {"tre", MetricType::kTrend, {}, 1}}))
                  .ok());
  const auto parts = store.Breakdown({"scenario"}, "tre");
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts.at({"a"})->trend().avg(), 5);
  EXPECT_EQ(parts.at({"b"})->trend().avg(), 9);
  const auto pairs = store.Breakdown({"u", "scenario"}, "tre");
  ASSERT_EQ(pairs.size(), 3u);
  EXPECT_EQ((pairs.at({"1", "a"})->trend().avg()), 4);
  EXPECT_EQ((pairs.at({"", "a"})->trend().avg()), 6);
  EXPECT_EQ((pairs.at({"", "b"})->trend().avg()), 9);
}

TEST(AggregateStore, WarnsOnceOfWhatAgentsRefused) {
  AggregateStore store;
  Batch batch;
  batch.refused_points = 5;
  batch.refused_samples = 2;
  ASSERT_TRUE(store.Merge(batch).ok());
  ASSERT_TRUE(store.Merge(batch).ok());
  EXPECT_EQ(store.TakeWarnings().size(), 2u);
  EXPECT_EQ(store.refused_points(), 10u);
  EXPECT_EQ(store.refused_samples(), 4u);
}

}  // namespace
}  // namespace lockstep
