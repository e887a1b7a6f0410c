#include "common/metrics/batch.h"

#include <functional>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lockstep/v1/metrics.pb.h"

#include "common/metrics/aggregate_store.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;

Batch Sample(size_t trend_values) {
  Batch batch;
  batch.number = 7;
  batch.begin = absl::FromUnixSeconds(100);
  batch.end = absl::FromUnixSeconds(101);
  batch.metrics = {{.name = "cnt", .type = MetricType::kCounter, .contains = ValueType::kData},
                   {.name = "gau", .type = MetricType::kGauge},
                   {.name = "rat", .type = MetricType::kRate},
                   {.name = "tre", .type = MetricType::kTrend, .contains = ValueType::kTime}};
  batch.tag_sets = {{}, {{"a", "1"}, {"b", "1"}}};
  for (uint32_t i = 0; i < 4; ++i) {
    Aggregate aggregate(batch.metrics[i].type);
    for (size_t n = 0; n < (i == 3 ? trend_values : 3); ++n) {
      aggregate.Add(static_cast<double>(n) - 0.7,
                    absl::FromUnixSeconds(100 + static_cast<int64_t>(n)));
    }
    batch.series.push_back({.metric = i,
                            .tag_set = i % 2,
                            .first_seen = {.unix_nanos = 5, .ordinal = i},
                            .aggregate = std::move(aggregate)});
  }
  batch.points = {{.unix_nanos = 50, .metric = 0, .tag_set = 1, .value = 0.25},
                  {.unix_nanos = 40, .metric = 3, .tag_set = 0, .value = -1}};
  batch.refused_points = 3;
  batch.refused_samples = 2;
  batch.overflowed_series = 1;
  batch.errors = {{"500", "GET", "/a", 3, 60}, {"dial: refused", "GET", "/b", 2, 40}};
  batch.folded_errors = 9;
  batch.ended = {{"s", 4, 1, 0}, {"t", 0, 0, 12}};
  return batch;
}

class BatchOnTheWire : public ::testing::TestWithParam<size_t> {};

TEST_P(BatchOnTheWire, LosesNothing) {
  const Batch batch = Sample(GetParam());
  absl::StatusOr<Batch> decoded = DecodeBatch(EncodeBatch(batch));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->number, 7u);
  EXPECT_EQ(decoded->begin, batch.begin);
  EXPECT_EQ(decoded->end, batch.end);
  EXPECT_EQ(decoded->tag_sets, batch.tag_sets);
  ASSERT_EQ(decoded->series.size(), batch.series.size());
  for (size_t i = 0; i < batch.series.size(); ++i) {
    EXPECT_EQ(decoded->metrics[i].name, batch.metrics[i].name);
    EXPECT_EQ(decoded->metrics[i].contains, batch.metrics[i].contains);
    EXPECT_EQ(decoded->series[i].aggregate, batch.series[i].aggregate);
    EXPECT_EQ(decoded->series[i].first_seen, batch.series[i].first_seen);
  }
  ASSERT_EQ(decoded->points.size(), 2u);
  EXPECT_EQ(decoded->points[1].unix_nanos, 40);
  EXPECT_EQ(decoded->points[1].value, -1);
  EXPECT_EQ(decoded->refused_points, 3u);
  EXPECT_EQ(decoded->refused_samples, 2u);
  EXPECT_EQ(decoded->overflowed_series, 1u);
  ASSERT_EQ(decoded->errors.size(), 2u);
  EXPECT_EQ(decoded->errors[1].cause, "dial: refused");
  EXPECT_EQ(decoded->errors[1].method, "GET");
  EXPECT_EQ(decoded->errors[1].name, "/b");
  EXPECT_EQ(decoded->errors[1].count, 2u);
  EXPECT_EQ(decoded->errors[1].first_unix_nanos, 40);
  EXPECT_EQ(decoded->folded_errors, 9u);
  ASSERT_EQ(decoded->ended.size(), 2u);
  EXPECT_EQ(decoded->ended[0].scenario, "s");
  EXPECT_EQ(decoded->ended[0].full, 4);
  EXPECT_EQ(decoded->ended[0].interrupted, 1);
  EXPECT_EQ(decoded->ended[1].dropped, 12);
}

INSTANTIATE_TEST_SUITE_P(ExactAndFolded, BatchOnTheWire, ::testing::Values(3, 6000));

// What a broken or hostile agent may send.
struct Damage {
  const char* name;
  std::function<void(v1::MetricBatch*)> make;
  const char* complaint;
};

// A server's status line or address may hold any bytes.
TEST(EncodeBatch, PutsAMarkForBytesThatAreNotUtf8) {
  Batch batch = Sample(3);
  batch.tag_sets[1] = {{"proto", "HTTP/1.\xFF"}};
  batch.errors[0].name = "/m\xFCnchen";
  const absl::StatusOr<Batch> decoded = DecodeBatch(EncodeBatch(batch));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->tag_sets[1], (TagList{{"proto", "HTTP/1.\uFFFD"}}));
  EXPECT_EQ(decoded->errors[0].name, "/m\uFFFDnchen");
}

TEST(DecodeBatch, SaysWhatIsWrongWithWhatComesOffTheWire) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Damage damages[] = {
      {"series of no metric", [](auto* m) { m->mutable_series(0)->set_metric(4); },
       "of metric 4 of 4"},
      {"series of no tag set", [](auto* m) { m->mutable_series(0)->set_tag_set(9); },
       "of tag set 9 of 2"},
      {"bad metric name", [](auto* m) { m->mutable_metrics(0)->set_name("a b"); },
       "metric name 'a b'"},
      {"metric twice", [](auto* m) { m->mutable_metrics(1)->set_name("cnt"); }, "there twice"},
      {"unknown type",
       [](auto* m) { m->mutable_metrics(0)->set_kind(static_cast<v1::MetricKind>(8)); },
       "unknown type 8"},
      {"wrong aggregate", [](auto* m) { m->mutable_series(0)->mutable_rate()->set_total(1); },
       "'cnt' is a counter but has the aggregate of a rate"},
      {"no aggregate", [](auto* m) { m->mutable_series(0)->clear_aggregate(); }, "no aggregate"},
      {"rate over one", [](auto* m) { m->mutable_series(2)->mutable_rate()->set_trues(99); },
       "99 of 3"},
      {"gauge out of its range",
       [](auto* m) { m->mutable_series(1)->mutable_gauge()->set_last(99); }, "a gauge"},
      {"NaN in a trend",
       [nan](auto* m) { m->mutable_series(3)->mutable_trend()->set_values(0, nan); },
       "not a finite number"},
      {"values and histogram",
       [](auto* m) { m->mutable_series(3)->mutable_trend()->mutable_histogram(); }, "both"},
      {"string index", [](auto* m) { m->mutable_tag_sets(1)->set_strings(0, 77); }, "string 77 of"},
      {"odd tags", [](auto* m) { m->mutable_tag_sets(1)->add_strings(0); }, "5 strings"},
      {"unsorted tags",
       [](auto* m) { m->mutable_tag_sets(1)->mutable_strings()->SwapElements(0, 2); },
       "not sorted"},
      {"NaN point", [nan](auto* m) { m->mutable_points()->set_value(0, nan); },
       "not a finite number"},
      {"ragged points", [](auto* m) { m->mutable_points()->add_metric(0); }, "differ in length"},
      {"point of no metric", [](auto* m) { m->mutable_points()->set_metric(0, 5); }, "of metric 5"},
      {"error without a text", [](auto* m) { m->mutable_errors(0)->set_name(99); },
       "an error's text is string 99 of"},
      {"error with a long text",
       [](auto* m) {
         m->mutable_errors(0)->set_name(static_cast<uint32_t>(m->strings_size()));
         m->add_strings(std::string(513, 'x'));
       },
       "an error's text has 513 bytes; 512 are allowed"},
      {"no error", [](auto* m) { m->mutable_errors(0)->set_count(0); }, "has the count 0"},
      {"backward interval", [](auto* m) { m->set_end_unix_ns(0); }, "ends before it begins"},
  };
  for (const Damage& damage : damages) {
    v1::MetricBatch message;
    ASSERT_TRUE(message.ParseFromString(EncodeBatch(Sample(3))));
    damage.make(&message);
    const absl::Status status = DecodeBatch(message.SerializeAsString()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << damage.name;
    EXPECT_THAT(std::string(status.message()), HasSubstr(damage.complaint)) << damage.name;
  }
}

TEST(DecodeBatch, RefusesBrokenHistograms) {
  const auto histogram = [](v1::MetricBatch* m) {
    return m->mutable_series(3)->mutable_trend()->mutable_histogram();
  };
  const Damage damages[] = {
      {"bucket out of range", [&](auto* m) { histogram(m)->set_positive_index(0, 300000); },
       "outside"},
      {"not ascending", [&](auto* m) { histogram(m)->set_positive_index(1, 0); }, "ascending"},
      {"empty bucket", [&](auto* m) { histogram(m)->set_positive_count(0, 0); }, "the count 0"},
      {"lengths", [&](auto* m) { histogram(m)->add_positive_count(1); }, "counts"},
      {"range", [&](auto* m) { histogram(m)->set_min(1e9); }, "reaches from"},
      {"sum", [&](auto* m) { histogram(m)->mutable_sum()->set_base(-4); }, "limbs"},
  };
  for (const Damage& damage : damages) {
    v1::MetricBatch message;
    ASSERT_TRUE(message.ParseFromString(EncodeBatch(Sample(6000))));
    damage.make(&message);
    const absl::Status status = DecodeBatch(message.SerializeAsString()).status();
    EXPECT_THAT(std::string(status.message()), HasSubstr(damage.complaint)) << damage.name;
  }
}

TEST(DecodeBatch, RefusesBytesThatAreNoMessage) {
  EXPECT_FALSE(DecodeBatch("\xff\xff\xff").ok());
}

TEST(BatchBuilder, JoinsWorkersSeriesBySeries) {
  BatchBuilder builder;
  builder.Add(Sample(3));
  Batch other = Sample(2);
  std::swap(other.metrics[0], other.metrics[3]);  // other indices, same names
  for (SeriesDelta& delta : other.series) {
    delta.metric = delta.metric == 0 ? 3 : delta.metric == 3 ? 0 : delta.metric;
  }
  builder.Add(std::move(other));
  const Batch built = builder.Build(9, absl::FromUnixSeconds(1), absl::FromUnixSeconds(2));
  EXPECT_EQ(built.number, 9u);
  EXPECT_EQ(built.metrics.size(), 4u);
  EXPECT_EQ(built.tag_sets.size(), 2u);
  ASSERT_EQ(built.series.size(), 4u);
  EXPECT_EQ(built.series[0].aggregate.count(), 6u);
  EXPECT_EQ(built.series[3].aggregate.count(), 5u);
  EXPECT_EQ(built.points.size(), 4u);
  EXPECT_EQ(built.refused_points, 6u);
  EXPECT_TRUE(builder.Build(10, absl::FromUnixSeconds(2), absl::FromUnixSeconds(3)).empty());
}

TEST(SplitPoints, KeepsAllOfThemInOrder) {
  Batch whole = VusBatch(absl::FromUnixSeconds(1), 3, 4, {{"a", "b"}});
  whole.number = 7;
  whole.tag_sets.push_back({{"c", "d"}});
  whole.refused_points = 1;
  whole.points.clear();
  for (uint32_t i = 0; i < 5; ++i) {
    whole.points.push_back({.unix_nanos = i, .metric = 1, .tag_set = i / 4, .value = 1.0 * i});
  }
  const std::vector<Batch> parts = SplitPoints(whole, 2);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].series.size(), 2u);
  EXPECT_EQ(parts[0].refused_points, 1u);
  EXPECT_EQ(parts[0].tag_sets.size(), 1u) << "not those of the other parts' points";
  int64_t next = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Batch part = *DecodeBatch(EncodeBatch(parts[i]));
    EXPECT_EQ(part.number, 7 + i);
    EXPECT_EQ(part.series.empty(), i > 0);
    for (const Point& point : part.points) {
      EXPECT_EQ(point.unix_nanos, next++);
      EXPECT_EQ(part.metrics[point.metric].name, "vus_max");
      EXPECT_EQ(part.tag_sets[point.tag_set], whole.tag_sets[point.unix_nanos < 4 ? 0 : 1]);
    }
  }
  EXPECT_EQ(next, 5);
  EXPECT_EQ(SplitPoints(whole, 5).size(), 1u);
}

TEST(BatchBuilder, RefusesAMetricThatTwoWorkersDefineDifferently) {
  BatchBuilder builder;
  builder.Add(Sample(3));
  Batch other = Sample(3);
  other.metrics[0].type = MetricType::kRate;
  other.series[0].aggregate = Aggregate(Rate{.trues = 1, .total = 4});
  builder.Add(std::move(other));
  const Batch built = builder.Build(1, absl::UnixEpoch(), absl::UnixEpoch());
  EXPECT_EQ(built.series[0].aggregate.count(), 3u);
  EXPECT_EQ(built.refused_samples, 2u + 2u + 4u);
}

}  // namespace
}  // namespace lockstep
