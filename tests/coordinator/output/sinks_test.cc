// What outputs that push to servers send, decoded again.
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <snappy.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sinks/otlp_metrics.pb.h"
#include "sinks/remote_write.pb.h"

#include "coordinator/output/influxdb_output.h"
#include "coordinator/output/opentelemetry_output.h"
#include "coordinator/output/remote_write.h"
#include "coordinator/output/statsd_output.h"
#include "tests/support/sink_server.h"

namespace lockstep::coordinator {
namespace {

using lockstep::testing::SinkServer;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

// http_reqs 3, vus 7, checks 1 of 2, http_req_duration 1000 and 3000 ms; all tagged.
Batch OneOfEach() {
  Batch batch;
  batch.metrics = {
      {.name = "http_reqs", .type = MetricType::kCounter},
      {.name = "vus", .type = MetricType::kGauge},
      {.name = "checks", .type = MetricType::kRate},
      {.name = "http_req_duration", .type = MetricType::kTrend, .contains = ValueType::kTime}};
  batch.tag_sets = {{{MetadataKey("iter"), "9"},
                     {MetadataKey("vu"), "4"},
                     {"check", "body ok"},
                     {"group", ""},
                     {"url", "http://x/?a=1,2 b"}}};
  const std::vector<std::vector<double>> values = {{1, 2}, {7}, {1, 0}, {1000, 3000}};
  for (uint32_t i = 0; i < 4; ++i) {
    Aggregate aggregate(batch.metrics[i].type);
    for (double value : values[i]) {
      aggregate.Add(value, kNow);
      batch.points.push_back({.unix_nanos = absl::ToUnixNanos(kNow), .metric = i, .value = value});
    }
    batch.series.push_back({.metric = i, .first_seen = {}, .aggregate = std::move(aggregate)});
  }
  return batch;
}

std::vector<const SeriesBook::Series*> SeriesOf(SeriesBook& book) {
  book.Add(OneOfEach());
  return book.TakeChanged();
}

class SinksTest : public ::testing::Test {
 protected:
  SinksTest() {
    context_.clock = &clock_;
    context_.version = "9.9";
  }
  std::string MakeError(const std::string& spec) {
    return std::string(MakeOutput(spec, context_).status().message());
  }
  // What the server gets of one batch.
  std::vector<SinkServer::Request> Send(const std::string& spec, SinkServer& server) {
    absl::StatusOr<std::unique_ptr<Output>> output = MakeOutput(spec, context_);
    EXPECT_TRUE(output.ok()) << output.status();
    EXPECT_TRUE((*output)->Start().ok());
    (*output)->Write(OneOfEach());
    EXPECT_TRUE((*output)->Stop().ok());
    lost_ = (*output)->Lost();
    return server.requests();
  }

  SystemClock clock_;
  OutputContext context_;
  std::optional<std::string> lost_;
};

// ---- Prometheus

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

// "a.b" and "a-b" are both called a_b there; without the other, two series would have the same labels.
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

// ---- InfluxDB

TEST(InfluxLine, EscapesTagsAndWritesFields) {
  Batch batch = OneOfEach();
  std::string line;
  AppendInfluxLine({}, batch, batch.points[0], &line);
  EXPECT_EQ(line,
            "http_reqs,check=body\\ ok value=1,iter=9i,vu=4i,url=\"http://x/?a=1,2 b\" "
            "1700000000000000000\n");
  batch.tag_sets = {{{"a,b", "c=d"}, {"n", "line\nfeed"}, {"p", "x\\"}, {"url", "say \"hi\" \\"}}};
  line.clear();
  AppendInfluxLine({.nanos_per_tick = 1'000'000'000}, batch, batch.points[6], &line);
  EXPECT_EQ(line,
            "http_req_duration,a\\,b=c\\=d,n=line\\ feed,p=x\\\\  "
            "value=3000,url=\"say \\\"hi\\\" \\\\\" 1700000000\n");
}

TEST_F(SinksTest, CreatesAnInfluxDatabaseAndWritesPoints) {
  SinkServer server;
  context_.environment = {{"K6_INFLUXDB_TAGS_AS_FIELDS", "vu:int,url"},
                          {"K6_INFLUXDB_PRECISION", "ms"}};
  const auto requests = Send("influxdb=" + server.Url("/my db"), server);
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[0].head, HasSubstr("/query?q=CREATE%20DATABASE%20%22my%20db%22 "));
  EXPECT_THAT(requests[1].head, HasSubstr("/write?db=my%20db&precision=ms "));
  const std::vector<std::string> lines = absl::StrSplit(requests[1].body, '\n', absl::SkipEmpty());
  EXPECT_EQ(lines.size(), 7u);
  EXPECT_THAT(lines, Contains("vus,iter=9,check=body\\ ok value=7,vu=4i,url=\"http://x/?a=1,2 b\" "
                              "1700000000000"));
}

TEST_F(SinksTest, SpeaksTheSecondVersionOfInfluxWhenThereIsABucket) {
  SinkServer server;
  context_.environment = {{"K6_INFLUXDB_ADDR", server.Url("/")},
                          {"K6_INFLUXDB_BUCKET", "b"},
                          {"K6_INFLUXDB_ORGANIZATION", "o"},
                          {"K6_INFLUXDB_TOKEN", "t"}};
  const auto requests = Send("influxdb", server);
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_THAT(requests[0].head, HasSubstr("POST /api/v2/write?bucket=b&org=o&precision=ns "));
  EXPECT_THAT(requests[0].head, HasSubstr("Authorization: Token t"));
}

TEST_F(SinksTest, NamesAllThatIsWrongWithInfluxSettings) {
  context_.environment = {{"K6_INFLUXDB_PRECISION", "weeks"},
                          {"K6_INFLUXDB_TAGS_AS_FIELDS", "vu:number"},
                          {"K6_INFLUXDB_PAYLOAD_SIZE", "0"}};
  const std::string error = MakeError("influxdb");
  EXPECT_THAT(error, HasSubstr("K6_INFLUXDB_PRECISION: invalid value \"weeks\""));
  EXPECT_THAT(error, HasSubstr("K6_INFLUXDB_TAGS_AS_FIELDS: invalid value \"vu:number\""));
  EXPECT_THAT(error,
              HasSubstr("K6_INFLUXDB_PAYLOAD_SIZE: invalid value \"0\": expected an integer, "
                        "at least 1"));
}

// ---- OpenTelemetry

TEST_F(SinksTest, SendsCumulativeSumsAndExponentialHistograms) {
  SinkServer server;
  context_.environment = {{"K6_OTEL_SERVICE_NAME", "shop"},
                          {"K6_OTEL_METRIC_PREFIX", "load."},
                          {"K6_OTEL_HEADERS", "x-a=1,x-b=2"}};
  const auto requests = Send("opentelemetry=" + server.Url(""), server);
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_THAT(requests[0].head, HasSubstr("POST /v1/metrics "));
  EXPECT_THAT(requests[0].head, HasSubstr("Content-Type: application/x-protobuf"));
  EXPECT_THAT(requests[0].head, HasSubstr("x-b: 2"));
  sinks::otlp::ExportMetricsServiceRequest request;
  ASSERT_TRUE(request.ParseFromString(requests[0].body));
  const auto& resource = request.resource_metrics(0);
  EXPECT_EQ(resource.resource().attributes(0).value().string_value(), "shop");
  const auto& metrics = resource.scope_metrics(0).metrics();
  ASSERT_EQ(metrics.size(), 4);
  EXPECT_EQ(metrics[0].name(), "load.http_reqs");
  EXPECT_TRUE(metrics[0].sum().is_monotonic());
  EXPECT_EQ(metrics[0].sum().aggregation_temporality(), 2);
  EXPECT_EQ(metrics[0].sum().data_points(0).as_double(), 3);
  EXPECT_EQ(metrics[1].gauge().data_points(0).as_double(), 7);
  EXPECT_EQ(metrics[2].name(), "load.checks");
  for (const auto& [index, condition] : {std::pair(0, "nonzero"), std::pair(1, "zero")}) {
    const auto& counted = metrics[2].sum().data_points(index);
    EXPECT_EQ(counted.as_int(), 1);
    const auto& attribute = counted.attributes(counted.attributes_size() - 1);
    EXPECT_EQ(attribute.key(), "condition");
    EXPECT_EQ(attribute.value().string_value(), condition);
  }
  EXPECT_EQ(metrics[3].unit(), "ms");
  const auto& point = metrics[3].exponential_histogram().data_points(0);
  EXPECT_EQ(point.scale(), 8);
  EXPECT_EQ(point.count(), 2u);
  EXPECT_EQ(point.sum(), 4000);
  EXPECT_EQ(point.min(), 1000);
  EXPECT_EQ(point.max(), 3000);
  // 1000 lies in our bucket ceil(256 * log2 1000) = 2552, which OTLP counts from one less.
  EXPECT_EQ(point.positive().offset(), 2551);
  EXPECT_EQ(point.positive().bucket_counts(0), 1u);
  EXPECT_EQ(point.positive().bucket_counts(point.positive().bucket_counts_size() - 1), 1u);
}

// Two attributes of one key would be no valid data point.
TEST_F(SinksTest, AScriptsOwnConditionIsNotTheOneOfARate) {
  const auto encoded_of = [](MetricType type) {
    SeriesBook::Series series{.metric = {.name = "m", .type = type},
                              .tags = {{"condition", "new"}, {"kind", "a"}, {"tag_condition", "b"}},
                              .total = Aggregate(type)};
    const SeriesBook::Series* const all[] = {&series};
    sinks::otlp::ExportMetricsServiceRequest request;
    EXPECT_TRUE(request.ParseFromString(
        EncodeOtlp(OtlpConfig(), all, absl::FromUnixSeconds(1), absl::FromUnixSeconds(2))));
    std::vector<std::string> keys;
    for (const auto& attribute : request.resource_metrics(0)
                                     .scope_metrics(0)
                                     .metrics(0)
                                     .sum()
                                     .data_points(0)
                                     .attributes()) {
      keys.push_back(attribute.key());
    }
    return keys;
  };
  EXPECT_THAT(encoded_of(MetricType::kRate),
              ElementsAre("tag_condition", "kind", "tag_tag_condition", "condition"));
  EXPECT_THAT(encoded_of(MetricType::kCounter), ElementsAre("condition", "kind", "tag_condition"));
}

TEST_F(SinksTest, TakesAnOldNameAndSaysSo) {
  EXPECT_EQ((*MakeOutput("experimental-opentelemetry=http://h:1", context_))->Description(),
            (*MakeOutput("opentelemetry=http://h:1", context_))->Description());
  EXPECT_EQ(
      OldNameWarning("experimental-opentelemetry=http://h:1", "-o experimental-opentelemetry"),
      "-o experimental-opentelemetry: this is an old name; use opentelemetry");
  EXPECT_EQ(OldNameWarning("json", "-o json"), std::nullopt);
  EXPECT_EQ(OldNameWarning("opentelemetry", "-o opentelemetry"), std::nullopt);
}

TEST_F(SinksTest, RefusesAnOtlpProtocolThatThereIsNot) {
  context_.environment = {{"K6_OTEL_EXPORTER_PROTOCOL", "grpc"}};
  EXPECT_THAT(
      MakeError("opentelemetry"),
      HasSubstr("K6_OTEL_EXPORTER_PROTOCOL: invalid value \"grpc\": expected http/protobuf"));
}

// ---- StatsD

std::vector<std::string> Texts(const std::vector<StatsdLine>& lines) {
  std::vector<std::string> texts;
  for (const StatsdLine& line : lines) {
    texts.push_back(line.text);
  }
  return texts;
}

TEST(Statsd, WritesALineForEachKind) {
  EXPECT_THAT(Texts(StatsdLines({}, OneOfEach())),
              ElementsAre("k6.http_reqs:3|c", "k6.vus:7|g", "k6.check.body ok.pass:1|c",
                          "k6.check.body ok.fail:1|c", "k6.http_req_duration:1000|ms",
                          "k6.http_req_duration:3000|ms"));
}

// A sign would change the gauge by so much.
TEST(Statsd, SetsAGaugeBelowZeroByWayOfZero) {
  Batch batch = OneOfEach();
  batch.series[1].aggregate.Add(-5, kNow + absl::Seconds(1));
  EXPECT_THAT(Texts(StatsdLines({}, batch)), Contains("k6.vus:0|g\nk6.vus:-5|g"));
}

TEST(Statsd, AddsTagsAsDogstatsdHasThem) {
  Batch batch = OneOfEach();
  batch.tag_sets[0] = {{"name", "a:b|c,d"}, {"status", "200"}, {"url", "http://x"}, {"vu", "1"}};
  EXPECT_THAT(Texts(StatsdLines({.prefix = "", .tags = true}, batch))[0],
              "http_reqs:3|c|#name:a_b_c_d,status:200");
}

// One for datagrams, and its port.
std::pair<int, int> BoundSocket() {
  const int bound = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(bound, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(bound, reinterpret_cast<sockaddr*>(&address), &size), 0);
  return {bound, ntohs(address.sin_port)};
}

TEST_F(SinksTest, SendsPacketsToAStatsdServer) {
  const auto [receiver, port] = BoundSocket();
  absl::StatusOr<std::unique_ptr<Output>> output =
      MakeOutput(absl::StrCat("statsd=127.0.0.1:", port), context_);
  ASSERT_TRUE(output.ok());
  ASSERT_TRUE((*output)->Start().ok());
  (*output)->Write(OneOfEach());
  ASSERT_TRUE((*output)->Stop().ok());
  char packet[2000];
  const ssize_t n = recv(receiver, packet, sizeof packet, 0);
  close(receiver);
  EXPECT_THAT(std::string(packet, static_cast<size_t>(n)),
              HasSubstr("k6.http_reqs:3|c\nk6.vus:7|g"));
  EXPECT_FALSE((*output)->Lost().has_value());
}

// The system reports one datagram in two, so that nobody knows how many were lost.
TEST_F(SinksTest, SaysThatAtLeastSoManySamplesWereLostWhereNoStatsdServerIs) {
  const auto [nobody, port] = BoundSocket();
  absl::StatusOr<std::unique_ptr<Output>> output =
      MakeOutput(absl::StrCat("statsd=127.0.0.1:", port), context_);
  ASSERT_TRUE(output.ok());
  ASSERT_TRUE((*output)->Start().ok());
  close(nobody);
  for (int i = 0; i < 100; ++i) {
    (*output)->Write(OneOfEach());
  }
  ASSERT_TRUE((*output)->Stop().ok());
  EXPECT_THAT((*output)->Lost().value_or(""), HasSubstr(": at least "));
}

TEST_F(SinksTest, RefusesAStatsdPortThatIsNoneBeforeTheRun) {
  for (const char* address : {"localhost:99999", "localhost:x", "localhost:0", ":8125"}) {
    EXPECT_EQ((*MakeOutput(absl::StrCat("statsd=", address), context_))->Check().message(),
              absl::StrCat("invalid value \"", address,
                           "\": expected HOST or HOST:PORT, with a PORT from 1 to 65535"));
  }
}

TEST_F(SinksTest, RefusesAStatsdAddressThatIsNone) {
  absl::StatusOr<std::unique_ptr<Output>> output =
      MakeOutput("statsd=no host at all:8125", context_);
  ASSERT_TRUE(output.ok());
  EXPECT_THAT(std::string((*output)->Start().message()), HasSubstr("is no HOST:PORT"));
}

// ---- the book

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
