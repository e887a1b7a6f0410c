#include "common/timeline/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::NanSensitiveDoubleEq;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr double kNone = kNoValue;

class TimelineTest : public ::testing::Test {
 protected:
  const absl::Time t0 = absl::FromUnixSeconds(1'000'000);

  // A second's requests, from `second` after T0 on.
  Batch Requests(int second, int count, double millis, const std::string& status = "200",
                 const std::string& name = "/a") {
    Batch batch;
    batch.begin = t0 + absl::Seconds(second);
    batch.end = batch.begin + absl::Seconds(1);
    batch.metrics = {{"http_reqs", MetricType::kCounter, ValueType::kDefault},
                     {"http_req_failed", MetricType::kRate, ValueType::kDefault},
                     {"http_req_duration", MetricType::kTrend, ValueType::kTime}};
    batch.tag_sets = {{{"method", "GET"},
                       {"name", name},
                       {"status", status},
                       {"status_class", status == "0" ? "error" : status.substr(0, 1) + "xx"}}};
    for (uint32_t i = 0; i < 3; ++i) {
      SeriesDelta delta{i, 0, {}, Aggregate(batch.metrics[i].type)};
      for (int n = 0; n < count; ++n) {
        delta.aggregate.Add(i == 0 ? 1 : i == 1 ? (status == "200" ? 0 : 1) : millis, batch.begin);
      }
      batch.series.push_back(std::move(delta));
    }
    return batch;
  }
  Batch One(int second, const Metric& metric, const std::vector<double>& values) {
    Batch batch;
    batch.begin = t0 + absl::Seconds(second);
    batch.end = batch.begin + absl::Seconds(1);
    batch.metrics = {metric};
    batch.tag_sets = {{}};
    SeriesDelta delta{0, 0, {}, Aggregate(metric.type)};
    for (const double value : values) {
      delta.aggregate.Add(value, batch.begin);
    }
    batch.series.push_back(std::move(delta));
    return batch;
  }
  static TimelineTick At(double seconds, int64_t vus = 0) {
    return {.elapsed = absl::Seconds(seconds), .vus = vus, .vus_max = 9};
  }
  static std::vector<double> Column(const std::vector<HistoryColumn>& columns,
                                    const std::string& name) {
    for (const HistoryColumn& column : columns) {
      if (column.name == name) {
        return column.values;
      }
    }
    ADD_FAILURE() << "no column " << name;
    return {};
  }
  // Requests a second of the first points, once the run has lasted for so long that points are of
  // two seconds.
  std::vector<double> InPairs(size_t points) {
    timeline.Tick(At(Timeline::kMostPoints + 1));
    std::vector<double> requests = Column(Whole(Timeline::kMostPoints + 1).columns, "requests");
    requests.resize(points);
    return requests;
  }
  History Whole(double seconds) const {
    return timeline.Freeze(0, /*last=*/true, absl::Seconds(seconds));
  }

  Timeline timeline;
};

TEST_F(TimelineTest, AgentsOfOneSecondAddUp) {
  timeline.Start(t0);
  timeline.Add("a", Requests(0, 3, 10));
  timeline.Add("b", Requests(0, 2, 20, "500"));
  timeline.Add("a", Requests(1, 4, 10, "0"));
  timeline.Tick(At(2));
  const History history = Whole(2);
  EXPECT_EQ(history.points, 2U);  // though the tick's own second has begun
  EXPECT_THAT(Column(history.columns, "requests"), ElementsAre(5, 4));
  EXPECT_THAT(Column(history.columns, "failed"), ElementsAre(2, 4));
  EXPECT_THAT(Column(history.columns, "2xx"), ElementsAre(3, 0));
  EXPECT_THAT(Column(history.columns, "5xx"), ElementsAre(2, 0));
  EXPECT_THAT(Column(history.columns, "error"), ElementsAre(0, 4));
  EXPECT_THAT(Column(history.columns, "avg"), ElementsAre(14, 10));
  ASSERT_THAT(history.agents, SizeIs(2));
  EXPECT_THAT(Column(history.agents[1].columns, "requests"), ElementsAre(2, 0));
  EXPECT_THAT(Column(history.agents[1].columns, "failed"), ElementsAre(2, 0));
}

// A coordinator that goes on with a run knows no more of the time before than that it was.
TEST_F(TimelineTest, OfWhatWasRecordedElsewhereThereAreNoValues) {
  timeline.Start(t0);
  timeline.BeginAt(absl::Seconds(7.2));
  timeline.Add("a", Requests(7, 3, 10));  // sent again, and a part of its second
  timeline.Add("a", Requests(8, 4, 10));  // before the first tick
  timeline.Tick(At(9, 5));
  const History history = timeline.Freeze(6, /*last=*/true, absl::Seconds(9));
  EXPECT_EQ(history.points, 3U);
  EXPECT_THAT(Column(history.columns, "requests"),
              ElementsAre(NanSensitiveDoubleEq(kNone), NanSensitiveDoubleEq(kNone), 4));
  ASSERT_THAT(history.agents, SizeIs(1));
  EXPECT_THAT(Column(history.agents[0].columns, "requests"),
              ElementsAre(NanSensitiveDoubleEq(kNone), NanSensitiveDoubleEq(kNone), 4));
  const History later = timeline.Freeze(8, /*last=*/true, absl::Seconds(9));
  EXPECT_THAT(Column(later.columns, "requests"), ElementsAre(4));
  EXPECT_THAT(InPairs(5), ElementsAre(NanSensitiveDoubleEq(kNone), NanSensitiveDoubleEq(kNone),
                                      NanSensitiveDoubleEq(kNone), NanSensitiveDoubleEq(kNone), 2));
}

// What another coordinator had recorded is a part of what this one records, but for what it could
// not keep.
TEST_F(TimelineTest, ItGoesOnWhereAnotherHadCome) {
  Timeline other;
  other.Start(t0);
  const Metric custom{"custom", MetricType::kCounter, ValueType::kDefault};
  for (int second = 0; second < 5; ++second) {
    other.Add("a", Requests(second, 10 + second, 10));
    other.Add("a", One(second, custom, {3}));
    other.Tick(At(second + 1, 5));
  }
  timeline.Start(t0);
  timeline.GoOn(other.Freeze(0, /*last=*/false, absl::Seconds(5)),
                absl::Seconds(7.3));            // four points
  for (int second = 5; second < 9; ++second) {  // the first ones are sent again
    timeline.Add("a", Requests(second, 10 + second, 20));
    timeline.Add("b", Requests(second, 1, 20, "500"));
  }
  timeline.Tick(At(9, 6));
  const History history = Whole(9);
  EXPECT_EQ(history.points, 9U);
  const auto none = NanSensitiveDoubleEq(kNone);
  EXPECT_THAT(Column(history.columns, "requests"),
              ElementsAre(10, 11, 12, 13, none, none, 17, 18, 19));
  EXPECT_THAT(Column(history.columns, "max"), ElementsAre(10, 10, 10, 10, none, none, 20, 20, 20));
  ASSERT_THAT(history.metrics, SizeIs(1));
  EXPECT_THAT(Column(history.metrics[0].columns, "rate"),
              ElementsAre(3, 3, 3, 3, none, none, 0, 0, 0));
  ASSERT_THAT(history.agents, SizeIs(2));
  EXPECT_THAT(Column(history.agents[1].columns, "requests"),
              ElementsAre(none, none, none, none, none, none, 1, 1, 1));
  ASSERT_THAT(history.requests, SizeIs(1));
  EXPECT_EQ(history.requests[0].count, 60U + 66 + 4);
  EXPECT_EQ(history.requests[0].failed, 4U);
  EXPECT_EQ(history.requests[0].max, 20);
  const History later = timeline.Freeze(3, /*last=*/true, absl::Seconds(9));
  EXPECT_THAT(Column(later.columns, "requests"), ElementsAre(13, none, none, 17, 18, 19));
  EXPECT_THAT(InPairs(5), ElementsAre(10.5, 12.5, none, 17.5, 9.5));
  EXPECT_THAT(Whole(Timeline::kMostPoints + 1).heat[0], ElementsAre(Pair(::testing::_, 21U)));
}

TEST_F(TimelineTest, WhileItRunsOnlySecondsThatAreOverAreShown) {
  timeline.Start(t0);
  timeline.Add("a", Requests(0, 3, 10));
  timeline.Tick(At(1.4, 5));
  EXPECT_EQ(timeline.Freeze(0, /*last=*/false, absl::Seconds(1.4)).points, 0U);
  timeline.Add("a", Requests(1, 3, 10));
  timeline.Tick(At(2.6, 6));
  const History history = timeline.Freeze(1, /*last=*/false, absl::Seconds(2.6));
  EXPECT_EQ(history.first, 1U);
  EXPECT_EQ(history.points, 1U);
  EXPECT_THAT(Column(history.columns, "requests"), ElementsAre(3));
  EXPECT_THAT(Column(history.columns, "vus"), ElementsAre(5));
}

TEST_F(TimelineTest, ALateBatchChangesThePointThatItBelongsTo) {
  timeline.Start(t0);
  for (int second = 0; second < 5; ++second) {
    timeline.Add("a", Requests(second, 1, 10));
    timeline.Tick(At(second + 1.2));
  }
  EXPECT_EQ(timeline.TakeChanged(Timeline::kPage), 0U);
  timeline.Add("b", Requests(2, 7, 10));
  EXPECT_EQ(timeline.TakeChanged(Timeline::kPage), 2U);
  EXPECT_THAT(Column(Whole(5).columns, "requests"), ElementsAre(1, 1, 8, 1, 1));
}

TEST_F(TimelineTest, EachFollowerHearsOfWhatHasChangedForIt) {
  timeline.Start(t0);
  for (int second = 0; second < 5; ++second) {
    timeline.Add("a", Requests(second, 1, 10));
    timeline.Tick(At(second + 1.2));
  }
  timeline.TakeChanged(Timeline::kPage);
  timeline.Add("b", Requests(3, 7, 10));
  EXPECT_EQ(timeline.TakeChanged(Timeline::kPage), 3U);
  EXPECT_EQ(timeline.TakeChanged(Timeline::kJournal), 0U);
}

TEST_F(TimelineTest, TheLastPointIsByItsOwnLength) {
  timeline.Start(t0);
  timeline.Add("a", Requests(0, 10, 10));
  Batch rest = Requests(1, 4, 10);
  rest.end = rest.begin + absl::Milliseconds(500);
  timeline.Add("a", rest);
  EXPECT_THAT(Column(Whole(1.5).columns, "requests"), ElementsAre(10, 8));
}

TEST_F(TimelineTest, RequestsBeforeTheStartAreOnlyInTheTable) {
  timeline.Add("a", Requests(-3, 2, 10));  // setup(): T0 is not known yet
  timeline.Start(t0);
  timeline.Add("a", Requests(-1, 1, 10));
  timeline.Add("a", Requests(0, 4, 10));
  const History history = Whole(1);
  EXPECT_THAT(Column(history.columns, "requests"), ElementsAre(4));
  ASSERT_THAT(history.requests, SizeIs(1));
  EXPECT_EQ(history.requests[0].count, 7U);
}

TEST_F(TimelineTest, AStampFromTheFutureMakesNoPoints) {
  timeline.Start(t0);
  timeline.Tick(At(3));
  timeline.Add("a", Requests(1'000'000, 2, 10));
  EXPECT_THAT(Column(Whole(6).columns, "requests"), ElementsAre(0, 0, 0, 0, 0, 2));
}

TEST_F(TimelineTest, TooManyPointsArePutTogetherInPairs) {
  timeline.Start(t0);
  const int seconds = static_cast<int>(Timeline::kMostPoints) + 1;
  for (int second = 0; second < seconds; ++second) {
    timeline.Tick(At(second, second));
    timeline.Add("a", Requests(second, second % 2 == 0 ? 3 : 1, second % 2 == 0 ? 10 : 30));
  }
  const History history = Whole(seconds);
  EXPECT_EQ(history.step_s, 2);
  EXPECT_EQ(history.points, Timeline::kMostPoints / 2 + 1);
  EXPECT_EQ(Column(history.columns, "requests")[0], 2);  // 3 and 1 in two seconds
  EXPECT_EQ(Column(history.columns, "avg")[0], 15);
  EXPECT_EQ(Column(history.columns, "vus")[7], 15);          // the later one's
  EXPECT_EQ(Column(history.columns, "requests").back(), 3);  // one second so far
}

TEST_F(TimelineTest, TheHeatMapHasFourBucketsAnOctave) {
  timeline.Start(t0);
  timeline.Add("a", Requests(0, 2, 100));
  timeline.Add("a", Requests(0, 1, 1));
  // 2^(26/4) = 90.5 < 100 <= 2^(27/4) = 107.6
  EXPECT_THAT(Whole(1).heat, ElementsAre(ElementsAre(Pair(0, 1), Pair(27, 2))));
}

TEST_F(TimelineTest, RequestsAreCountedByName) {
  timeline.Start(t0);
  timeline.Add("a", Requests(0, 2, 10, "200", "/a"));
  timeline.Add("b", Requests(0, 1, 40, "500", "/a"));
  timeline.Add("a", Requests(0, 4, 5, "200", "/b"));
  const History history = Whole(1);
  ASSERT_THAT(history.requests, SizeIs(2));
  EXPECT_EQ(history.requests[0].name, "/b");
  const HistoryRequests& a = history.requests[1];
  EXPECT_EQ(a.kind, "HTTP");
  EXPECT_EQ(a.method, "GET");
  EXPECT_EQ(a.count, 3U);
  EXPECT_EQ(a.failed, 1U);
  EXPECT_EQ(a.p50, 10);
  EXPECT_EQ(a.max, 40);
  EXPECT_EQ(a.avg, 20);
}

TEST_F(TimelineTest, RequestsThatLostTheirNameAreOthers) {
  timeline.Start(t0);
  Batch batch = Requests(0, 2, 10, "200", "/a");
  for (TagList& tags : batch.tag_sets) {
    tags = FoldedTags(tags, {});
  }
  timeline.Add("a", batch);
  const History history = Whole(1);
  ASSERT_THAT(history.requests, SizeIs(1));
  EXPECT_EQ(history.requests[0].name, kOtherNames);
  EXPECT_EQ(history.requests[0].count, 2U);
}

TEST_F(TimelineTest, CallsOfGrpcFailByTheirStatus) {
  timeline.Start(t0);
  Batch batch = One(0, {"grpc_req_duration", MetricType::kTrend, ValueType::kTime}, {3, 5});
  batch.tag_sets = {{{"name", "svc/Method"}, {"status", "0"}}};
  timeline.Add("a", batch);
  batch.tag_sets = {{{"name", "svc/Method"}, {"status", "14"}}};
  timeline.Add("a", batch);
  const History history = Whole(1);
  ASSERT_THAT(history.requests, SizeIs(1));
  EXPECT_EQ(history.requests[0].kind, "gRPC");
  EXPECT_EQ(history.requests[0].count, 4U);
  EXPECT_EQ(history.requests[0].failed, 2U);
}

TEST_F(TimelineTest, NamesMetricsAndAgentsBeyondTheirLimitsAreFoldedAndCounted) {
  timeline.Start(t0);
  for (size_t i = 0; i < Timeline::kMostNames + 5; ++i) {
    timeline.Add("a", Requests(0, 1, 10, "200", absl::StrCat("/", i)));
  }
  for (size_t i = 0; i < Timeline::kMostMetrics + 3; ++i) {
    timeline.Add("a", One(0, {absl::StrCat("metric_", i)}, {1}));
  }
  for (size_t i = 1; i < Timeline::kMostAgents + 2; ++i) {
    timeline.Add(absl::StrCat("agent ", i), Requests(0, 1, 10));
  }
  const History history = Whole(1);
  EXPECT_THAT(history.requests, SizeIs(Timeline::kMostNames + 1));
  EXPECT_EQ(history.folded_names, 6U);  // five, and /a
  EXPECT_EQ(history.requests[0].name, kOtherNames);
  EXPECT_EQ(history.requests[0].count, 5 + Timeline::kMostAgents + 1);
  EXPECT_THAT(history.metrics, SizeIs(Timeline::kMostMetrics));
  EXPECT_EQ(history.folded_metrics, 3U);
  EXPECT_THAT(history.agents, SizeIs(Timeline::kMostAgents));
  EXPECT_EQ(history.folded_agents, 2U);
  EXPECT_EQ(Column(history.columns, "requests")[0],
            static_cast<double>(Timeline::kMostNames + 5 + Timeline::kMostAgents + 1));
}

TEST_F(TimelineTest, EachTypeOfMetricHasItsColumns) {
  timeline.Start(t0);
  timeline.Add("a", One(0, {"orders", MetricType::kCounter}, {2, 3}));
  timeline.Add("b", One(0, {"orders", MetricType::kCounter}, {1}));
  timeline.Add("a", One(0, {"queue", MetricType::kGauge}, {4, 8}));
  timeline.Add("a", One(0, {"won", MetricType::kRate}, {1, 0, 0, 0}));
  timeline.Add("a", One(1, {"waits", MetricType::kTrend, ValueType::kTime}, {8, 8}));
  const History history = Whole(2);
  ASSERT_THAT(history.metrics, SizeIs(4));
  EXPECT_THAT(Column(history.metrics[0].columns, "rate"), ElementsAre(6, 0));
  EXPECT_THAT(Column(history.metrics[1].columns, "value"),
              ElementsAre(8, NanSensitiveDoubleEq(kNone)));
  EXPECT_THAT(Column(history.metrics[2].columns, "rate"),
              ElementsAre(0.25, NanSensitiveDoubleEq(kNone)));
  EXPECT_THAT(Column(history.metrics[3].columns, "max"),
              ElementsAre(NanSensitiveDoubleEq(kNone), 8));
  EXPECT_THAT(Column(history.metrics[3].columns, "count"), ElementsAre(0, 2));
  EXPECT_EQ(history.metrics[3].contains, ValueType::kTime);
}

TEST_F(TimelineTest, AThresholdHasTheTimesInWhichItFailed) {
  const auto judge = [this](double seconds, bool failing) {
    TimelineTick tick = At(seconds);
    tick.thresholds = {{"http_reqs", "rate>5", failing}};
    timeline.Tick(tick);
  };
  timeline.Start(t0);
  judge(1, false);
  EXPECT_THAT(Whole(1).thresholds, ElementsAre(Field(&HistoryThreshold::failing, IsEmpty())));
  judge(2, true);
  judge(3, true);
  judge(4, false);
  judge(6, true);
  EXPECT_THAT(
      Whole(6).thresholds,
      ElementsAre(AllOf(Field(&HistoryThreshold::expression, "rate>5"),
                        Field(&HistoryThreshold::failing, ElementsAre(Pair(2, 4), Pair(6, 6))))));
}

TEST_F(TimelineTest, AnAgentsProcessorAndLagAreThoseOfTheSecond) {
  timeline.Start(t0);
  TimelineTick tick = At(1);
  TimelineTick::Agent agent{.name = "a", .vus = 7, .health = {}};
  agent.health.set_measured_s(1);
  agent.health.set_cpu_s(0.5);
  agent.health.set_cores(2);
  for (int bucket = 0; bucket < 41; ++bucket) {  // bucket 40: up to 2^(40/4) µs = 1024 µs
    agent.health.mutable_loop_lag()->add_counts(bucket == 40 ? 100 : 0);
  }
  agent.health.mutable_loop_lag()->set_max_ns(1'000'000);
  tick.agents = {agent};
  timeline.Tick(tick);
  agent.health.set_measured_s(2);
  agent.health.set_cpu_s(2.5);
  agent.health.mutable_loop_lag()->set_counts(20, 100);  // all delays since: up to 2^5 µs
  tick = At(2);
  tick.agents = {agent};
  timeline.Tick(tick);
  const History history = Whole(3);
  ASSERT_THAT(history.agents, SizeIs(1));
  EXPECT_THAT(Column(history.agents[0].columns, "cpu"),
              ElementsAre(NanSensitiveDoubleEq(kNone), 0.25, 1));
  EXPECT_THAT(Column(history.agents[0].columns, "lag"),
              ElementsAre(NanSensitiveDoubleEq(kNone), 1, 0.032));
  EXPECT_THAT(Column(history.agents[0].columns, "vus"),
              ElementsAre(NanSensitiveDoubleEq(kNone), 7, 7));
}

}  // namespace
}  // namespace lockstep
