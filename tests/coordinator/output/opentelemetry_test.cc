// What OpenTelemetry gets, decoded again.
#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sinks/otlp_metrics.pb.h"

#include "coordinator/output/opentelemetry_output.h"
#include "tests/coordinator/output/sinks_fixture.h"

namespace lockstep::coordinator {
namespace {

using lockstep::testing::SinkServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

}  // namespace
}  // namespace lockstep::coordinator
