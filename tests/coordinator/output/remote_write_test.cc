// What Prometheus gets, decoded again, and the series that are kept for it.
#include "coordinator/output/remote_write.h"

#include <map>
#include <string>
#include <thread>
#include <vector>

#include <snappy.h>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sinks/remote_write.pb.h"

#include "tests/coordinator/output/sinks_fixture.h"

namespace lockstep::coordinator {
namespace {

using lockstep::testing::SinkServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::vector<const SeriesBook::Series*> SeriesOf(SeriesBook& book) {
  book.Add(OneOfEach());
  return book.TakeChanged();
}

std::map<std::string, double> Samples(const std::string& encoded) {
  sinks::prometheus::WriteRequest request;
  EXPECT_TRUE(request.ParseFromString(encoded));
  std::map<std::string, double> values;
  for (const auto& series : request.timeseries()) {
    EXPECT_EQ(series.labels(0).name(), "__name__");
    if (series.samples_size() > 0) {
      EXPECT_EQ(series.samples(0).timestamp(), 1'700'000'000'000);
      values[series.labels(0).value()] = series.samples(0).value();
    }
  }
  return values;
}

TEST(RemoteWrite, NamesAndScalesAsK6Does) {
  SeriesBook book;
  const RemoteWriteConfig config{.trend_stats = {"p(50)", "p(99.9)", "avg", "count", "min", "sum"}};
  EXPECT_THAT(
      Samples(EncodeRemoteWrite(config, SeriesOf(book), kNow)),
      ElementsAre(Pair("k6_checks_rate", 0.5), Pair("k6_http_req_duration_avg", 2),
                  Pair("k6_http_req_duration_count", 2), Pair("k6_http_req_duration_min", 1),
                  Pair("k6_http_req_duration_p50", 2), Pair("k6_http_req_duration_p99_9", 2.998),
                  Pair("k6_http_req_duration_sum", 4), Pair("k6_http_reqs_total", 3),
                  Pair("k6_vus", 7)));
}

TEST(RemoteWrite, SortsLabelsAndLeavesOutEmptyOnesAndNumbers) {
  SeriesBook book;
  sinks::prometheus::WriteRequest request;
  ASSERT_TRUE(request.ParseFromString(EncodeRemoteWrite({}, SeriesOf(book), kNow)));
  std::vector<std::pair<std::string, std::string>> labels;
  for (const auto& label : request.timeseries(0).labels()) {
    labels.emplace_back(label.name(), label.value());
  }
  EXPECT_THAT(labels, ElementsAre(Pair("__name__", "k6_http_reqs_total"), Pair("check", "body ok"),
                                  Pair("url", "http://x/?a=1,2 b")));
}

// "a.b" and "a-b" are both called a_b there; without the other, two series would have the same
// labels.
TEST(RemoteWrite, TagsThatBecomeOneLabelShareIt) {
  Batch batch = OneOfEach();
  batch.tag_sets = {{{"__name__", "mine"}, {"a-b", "1"}, {"a.b", "2"}}};
  SeriesBook book;
  book.Add(batch);
  sinks::prometheus::WriteRequest request;
  ASSERT_TRUE(request.ParseFromString(EncodeRemoteWrite({}, book.TakeChanged(), kNow)));
  std::vector<std::pair<std::string, std::string>> labels;
  for (const auto& label : request.timeseries(0).labels()) {
    labels.emplace_back(label.name(), label.value());
  }
  EXPECT_THAT(labels, ElementsAre(Pair("___name__", "mine"), Pair("__name__", "k6_http_reqs_total"),
                                  Pair("a_b", "1;2")));
}

TEST(RemoteWrite, AddsUpOverBatches) {
  SeriesBook book;
  book.Add(OneOfEach());
  EXPECT_EQ(book.TakeChanged().size(), 4u);
  EXPECT_TRUE(book.TakeChanged().empty());
  EXPECT_EQ(Samples(EncodeRemoteWrite({}, SeriesOf(book), kNow))["k6_http_reqs_total"], 6);
}

// 1 s is 2^0: the bucket 0, that is (2^(-1/256), 1]; 3 s is in bucket ceil(256 * log2 3) = 406.
TEST(RemoteWrite, WritesNativeHistogramsInSeconds) {
  SeriesBook book;
  sinks::prometheus::WriteRequest request;
  ASSERT_TRUE(request.ParseFromString(
      EncodeRemoteWrite({.native_histograms = true}, SeriesOf(book), kNow)));
  const auto& series = request.timeseries(3);
  EXPECT_EQ(series.labels(0).value(), "k6_http_req_duration_seconds");
  ASSERT_EQ(series.histograms_size(), 1);
  const auto& histogram = series.histograms(0);
  EXPECT_EQ(histogram.count_int(), 2u);
  EXPECT_EQ(histogram.sum(), 4);
  EXPECT_EQ(histogram.schema(), 8);
  EXPECT_EQ(histogram.timestamp(), 1'700'000'000'000);
  ASSERT_EQ(histogram.positive_spans_size(), 2);
  EXPECT_NEAR(histogram.positive_spans(0).offset(), 0, 1);
  EXPECT_NEAR(histogram.positive_spans(0).offset() + 1 + histogram.positive_spans(1).offset(), 406,
              1);
  EXPECT_THAT(histogram.positive_deltas(), ElementsAre(1, 0));
}

TEST(RemoteWrite, EndsSeriesWithStaleMarkers) {
  SeriesBook book;
  sinks::prometheus::WriteRequest request;
  ASSERT_TRUE(request.ParseFromString(EncodeStaleMarkers({}, SeriesOf(book), kNow)));
  const double value = request.timeseries(0).samples(0).value();
  uint64_t bits = 0;
  static_assert(sizeof bits == sizeof value);
  memcpy(&bits, &value, sizeof bits);
  EXPECT_EQ(bits, 0x7ff0000000000002u);
}

TEST_F(SinksTest, PushesSnappyToPrometheus) {
  SinkServer server;
  context_.environment = {{"K6_PROMETHEUS_RW_SERVER_URL", server.Url("/api/v1/write")},
                          {"K6_PROMETHEUS_RW_TREND_STATS", "p(95),max"},
                          {"K6_PROMETHEUS_RW_HTTP_HEADERS", "X-Scope:me"},
                          {"K6_PROMETHEUS_RW_HEADERS_X-Team", "one"},
                          {"LOCKSTEP_PROMETHEUS_RW_HEADERS_X-Team", "two"},
                          {"K6_PROMETHEUS_RW_STALE_MARKERS", "true"},
                          {"K6_PROMETHEUS_RW_USERNAME", "u"},
                          {"K6_PROMETHEUS_RW_PASSWORD", "p"}};
  const auto requests = Send("experimental-prometheus-rw", server);
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[0].head, HasSubstr("POST /api/v1/write "));
  EXPECT_THAT(requests[0].head, HasSubstr("Content-Encoding: snappy"));
  EXPECT_THAT(requests[0].head, HasSubstr("X-Scope: me"));
  EXPECT_THAT(requests[0].head, HasSubstr("X-Team: two"));
  EXPECT_THAT(requests[0].head, HasSubstr("Authorization: Basic dTpw"));
  std::string body;
  ASSERT_TRUE(snappy::Uncompress(requests[0].body.data(), requests[0].body.size(), &body));
  sinks::prometheus::WriteRequest request;
  ASSERT_TRUE(request.ParseFromString(body));
  EXPECT_EQ(request.timeseries_size(), 5);
  EXPECT_FALSE(lost_.has_value());
}

TEST_F(SinksTest, NamesAllThatIsWrongWithPrometheusSettings) {
  context_.environment = {{"K6_PROMETHEUS_RW_TREND_STATS", "p(95),p(101)"},
                          {"K6_PROMETHEUS_RW_PUSH_INTERVAL", "soon"},
                          {"K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM", "maybe"},
                          {"K6_PROMETHEUS_RW_SERVER_URL", "ftp://me:secret@nope"},
                          {"K6_PROMETHEUS_RW_HTTP_HEADERS", "oops"}};
  const std::string error = MakeError("experimental-prometheus-rw");
  EXPECT_THAT(error, HasSubstr("K6_PROMETHEUS_RW_TREND_STATS: invalid value \"p(101)\": expected "
                               "count, sum, min, max, avg, med or p(N) with N from 0 to 100\n"));
  EXPECT_THAT(error, HasSubstr("K6_PROMETHEUS_RW_SERVER_URL: invalid value \"nope\": expected "
                               "http://host:port or https://host:port"));
  EXPECT_THAT(error, HasSubstr("K6_PROMETHEUS_RW_PUSH_INTERVAL: invalid value \"soon\""));
  EXPECT_THAT(error, HasSubstr("K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM: invalid value "
                               "\"maybe\": expected true or false"));
  EXPECT_THAT(error, HasSubstr("K6_PROMETHEUS_RW_HTTP_HEADERS: invalid value \"oops\""));
}

TEST_F(SinksTest, NamesASettingThatIsOfNoUseHere) {
  context_.environment = {{"K6_OTEL_GRPC_EXPORTER_ENDPOINT", "localhost:4317"}};
  EXPECT_THAT(
      MakeError("opentelemetry"),
      HasSubstr("K6_OTEL_GRPC_EXPORTER_ENDPOINT: invalid value \"localhost:4317\": expected "
                "nothing: OTLP goes over HTTP here"));
  EXPECT_THAT(MakeError("influxdb=foo"),
              HasSubstr("invalid value \"foo\": expected http://host:port"));
}

TEST_F(SinksTest, RefusesAUrlThatIsNoneBeforeTheStart) {
  for (const char* output : {"experimental-prometheus-rw", "influxdb"}) {
    EXPECT_EQ(MakeError(absl::StrCat(output, "=me:secret@localhost:9090")),
              "invalid value \"localhost:9090\": expected http://host:port or https://host:port, "
              "with a path or without");
  }
}

TEST_F(SinksTest, TellsWhatWasLostAndHidesCredentials) {
  SinkServer server({400});
  const std::string url = absl::StrCat("http://me:secret@127.0.0.1:", server.port(), "/w?key=1");
  Send("experimental-prometheus-rw=" + url, server);
  ASSERT_TRUE(lost_.has_value());
  EXPECT_EQ(*lost_, absl::StrCat("Prometheus remote write (http://127.0.0.1:", server.port(),
                                 "/w): 4 of 4 samples were lost: HTTP 400: answer 400"));
}

// What a coordinator that was killed could not deliver is not forgotten by the one that goes on.
TEST_F(SinksTest, TellsWhatWasLostWithAFormerProcess) {
  for (const char* name : {"experimental-prometheus-rw", "influxdb", "opentelemetry"}) {
    SinkServer failing(std::vector<int>(100, 500));
    SinkServer fine;
    int64_t told = 0;
    {
      MadeOutput former = MakeOutput(absl::StrCat(name, "=", failing.Url("/w")), context_);
      ASSERT_TRUE(former.ok()) << former.status();
      ASSERT_TRUE((*former)->Start().ok());
      EXPECT_EQ((*former)->Written(), 0);
      (*former)->Write(OneOfEach());
      (*former)->BeginStop();
      while ((told = *(*former)->Written()) == 0) {
        std::this_thread::yield();
      }
    }
    MadeOutput output = MakeOutput(absl::StrCat(name, "=", fine.Url("/w")), context_);
    (*output)->LostBefore(told);
    ASSERT_TRUE((*output)->Start().ok());
    (*output)->Write(OneOfEach());
    ASSERT_TRUE((*output)->Stop().ok());
    EXPECT_EQ((*output)->Written(), told);
    EXPECT_THAT((*output)->Lost().value_or(""),
                ::testing::EndsWith(absl::StrCat(": ", told,
                                                 " samples were lost with the former "
                                                 "coordinator")));
  }
}

// While it is tried again nothing is lost yet; still people are to know.
TEST_F(SinksTest, SaysWhatHasNotArrivedWhileAServerFails) {
  for (const char* name : {"experimental-prometheus-rw", "influxdb", "opentelemetry"}) {
    SinkServer server(std::vector<int>(100, 500));
    absl::StatusOr<std::unique_ptr<Output>> output =
        MakeOutput(absl::StrCat(name, "=", server.Url("/w")), context_);
    ASSERT_TRUE(output.ok()) << output.status();
    ASSERT_TRUE((*output)->Start().ok());
    (*output)->Write(OneOfEach());
    (*output)->BeginStop();
    std::optional<std::string> lost;
    while (!(lost = (*output)->Lost()).has_value()) {
      std::this_thread::yield();
    }
    EXPECT_THAT(*lost, HasSubstr(" samples have not arrived so far: HTTP 500")) << name;
  }
}
TEST(SeriesBook, LetsTooManySeriesOverflowIntoOne) {
  SeriesBook book;
  Batch batch;
  batch.metrics = {{.name = "http_reqs", .type = MetricType::kCounter}};
  const uint32_t many = SeriesBook::kMostSeries + 5;
  for (uint32_t i = 0; i < many; ++i) {
    batch.tag_sets.push_back({{"url", absl::StrCat("u", i)}});
    Aggregate one(MetricType::kCounter);
    one.Add(1, kNow);
    batch.series.push_back({.tag_set = i, .first_seen = {}, .aggregate = std::move(one)});
  }
  book.Add(batch);
  ASSERT_EQ(book.all().size(), SeriesBook::kMostSeries + 1);
  EXPECT_THAT(book.all().back().tags, ElementsAre(Pair("overflow", "true")));
  EXPECT_EQ(book.all().back().total.counter().sum(), 5);
}

TEST(PrometheusOutput, NeedsTheFilesOfItsCertificate) {
  OutputContext context;
  context.environment = {{"K6_PROMETHEUS_RW_CLIENT_CERTIFICATE", "/no/such"}};
  EXPECT_THAT(
      MakeOutput("experimental-prometheus-rw", context).status().message(),
      HasSubstr(
          "K6_PROMETHEUS_RW_CLIENT_CERTIFICATE: invalid value \"/no/such\": expected a file that can be "
          "read: No such file or directory"));
}

}  // namespace
}  // namespace lockstep::coordinator
