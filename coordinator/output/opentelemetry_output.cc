#include "coordinator/output/opentelemetry_output.h"

#include <map>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "sinks/otlp_metrics.pb.h"

#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "coordinator/output/push_output.h"
#include "coordinator/output/sink_settings.h"

namespace lockstep::coordinator {
namespace {

namespace otlp = lockstep::sinks::otlp;

// An attribute of rates. No two attributes of a point may have one key, and so a script's own tag
// of this name, or of the name that such a tag gets, has kOwnTag before its name.
constexpr absl::string_view kCondition = "condition";
constexpr absl::string_view kOwnTag = "tag_";
constexpr auto kCumulative = otlp::AGGREGATION_TEMPORALITY_CUMULATIVE;

bool MayClash(absl::string_view key) {
  while (absl::ConsumePrefix(&key, kOwnTag)) {
  }
  return key == kCondition;
}

void AddAttribute(absl::string_view key, absl::string_view value,
                  google::protobuf::RepeatedPtrField<otlp::KeyValue>* attributes) {
  otlp::KeyValue* attribute = attributes->Add();
  attribute->set_key(ValidUtf8(key));
  attribute->mutable_value()->set_string_value(ValidUtf8(value));
}

class OtlpEncoder {
 public:
  OtlpEncoder(const OtlpConfig& config, absl::Time begin, absl::Time now)
      : config_(config),
        begin_(static_cast<uint64_t>(absl::ToUnixNanos(begin))),
        now_(static_cast<uint64_t>(absl::ToUnixNanos(now))) {
    otlp::ResourceMetrics* resource = request_.add_resource_metrics();
    auto* attributes = resource->mutable_resource()->mutable_attributes();
    AddAttribute("service.name", config.service_name, attributes);
    AddAttribute("service.version", config.service_version, attributes);
    scope_ = resource->add_scope_metrics();
    scope_->mutable_scope()->set_name("lockstep");
    scope_->mutable_scope()->set_version(config.service_version);
  }

  void Add(const SeriesBook::Series& series) {
    switch (series.metric.type) {
      case MetricType::kCounter:
        AddSum(series)->set_as_double(series.total.counter().sum());
        break;
      case MetricType::kGauge: {
        otlp::Metric* metric = MetricFor(series);
        otlp::NumberDataPoint* point = metric->mutable_gauge()->add_data_points();
        Stamp(series, point);
        point->set_as_double(series.total.gauge().last);
        break;
      }
      case MetricType::kRate:
        AddCondition(series, "nonzero", series.total.rate().trues);
        AddCondition(series, "zero", series.total.rate().total - series.total.rate().trues);
        break;
      case MetricType::kTrend:
        AddHistogram(series);
        break;
    }
  }

  std::string Encoded() const { return request_.SerializeAsString(); }

 private:
  // One metric for all of its series.
  otlp::Metric* MetricFor(const SeriesBook::Series& series) {
    const std::string name = absl::StrCat(config_.prefix, series.metric.name);
    otlp::Metric*& metric = metrics_[name];
    if (metric == nullptr) {
      metric = scope_->add_metrics();
      metric->set_name(name);
      metric->set_unit(series.metric.contains == ValueType::kTime   ? "ms"
                       : series.metric.contains == ValueType::kData ? "By"
                                                                    : "");
    }
    return metric;
  }

  template <typename Point>
  void Stamp(const SeriesBook::Series& series, Point* point) {
    point->set_start_time_unix_nano(begin_);
    point->set_time_unix_nano(now_);
    const bool conditional = series.metric.type == MetricType::kRate;
    for (const auto& [key, value] : series.tags) {
      AddAttribute(conditional && MayClash(key) ? absl::StrCat(kOwnTag, key) : key, value,
                   point->mutable_attributes());
    }
  }

  otlp::NumberDataPoint* AddSum(const SeriesBook::Series& series) {
    otlp::Sum* sum = MetricFor(series)->mutable_sum();
    sum->set_aggregation_temporality(kCumulative);
    sum->set_is_monotonic(true);
    otlp::NumberDataPoint* point = sum->add_data_points();
    Stamp(series, point);
    return point;
  }

  // How many of a rate's samples were so.
  void AddCondition(const SeriesBook::Series& series, absl::string_view condition, uint64_t count) {
    otlp::NumberDataPoint* point = AddSum(series);
    AddAttribute(kCondition, condition, point->mutable_attributes());
    point->set_as_int(static_cast<int64_t>(count));
  }

  void AddHistogram(const SeriesBook::Series& series) {
    otlp::ExponentialHistogram* target = MetricFor(series)->mutable_exponential_histogram();
    target->set_aggregation_temporality(kCumulative);
    otlp::ExponentialHistogramDataPoint* point = target->add_data_points();
    Stamp(series, point);
    const Trend::Folded folded = series.total.trend().ToFolded();
    point->set_count(folded.histogram.count());
    point->set_sum(folded.sum.Value());
    point->set_min(folded.min);
    point->set_max(folded.max);
    point->set_scale(Histogram::kSchema);
    point->set_zero_count(folded.histogram.zeros());
    AddBuckets(folded.histogram.positive(), point->mutable_positive());
    AddBuckets(folded.histogram.negative(), point->mutable_negative());
  }

  // Dense from the first bucket to the last. OTLP's bucket i is (base^i, base^(i+1)], ours is
  // (base^(i-1), base^i]: one lower.
  static void AddBuckets(const Histogram::Buckets& buckets,
                         otlp::ExponentialHistogramDataPoint::Buckets* target) {
    if (buckets.empty()) {
      return;
    }
    const int32_t first = buckets.begin()->first;
    target->set_offset(first - 1);
    target->mutable_bucket_counts()->Resize(buckets.rbegin()->first - first + 1, 0);
    for (const auto& [index, count] : buckets) {
      target->set_bucket_counts(index - first, count);
    }
  }

  const OtlpConfig& config_;
  const uint64_t begin_;
  const uint64_t now_;
  otlp::ExportMetricsServiceRequest request_;
  otlp::ScopeMetrics* scope_ = nullptr;
  std::map<std::string, otlp::Metric*> metrics_;
};

class OpenTelemetryOutput final : public TotalsOutput {
 public:
  OpenTelemetryOutput(HttpTarget target, absl::Duration interval, const Clock& clock,
                      OtlpConfig config)
      : TotalsOutput("OpenTelemetry", std::move(target), {}, interval, clock),
        config_(std::move(config)),
        begin_(clock.Wall()) {}

 private:
  std::string Encode(absl::Span<const SeriesBook::Series* const> series,
                     absl::Time now) const override {
    return EncodeOtlp(config_, series, begin_, now);
  }

  const OtlpConfig config_;
  const absl::Time begin_;
};

}  // namespace

std::string EncodeOtlp(const OtlpConfig& config, absl::Span<const SeriesBook::Series* const> series,
                       absl::Time begin, absl::Time now) {
  OtlpEncoder encoder(config, begin, now);
  for (const SeriesBook::Series* each : series) {
    encoder.Add(*each);
  }
  return encoder.Encoded();
}

MadeOutput MakeOpenTelemetryOutput(absl::string_view argument, const OutputContext& context) {
  SinkSettings settings(context, "OTEL");
  const std::string protocol = settings.Text("EXPORTER_PROTOCOL", "http/protobuf");
  if (protocol != "http/protobuf") {
    settings.Refuse("EXPORTER_PROTOCOL", protocol, "http/protobuf, the only one there is here");
  }
  if (const auto endpoint = settings.Find("GRPC_EXPORTER_ENDPOINT"); endpoint) {
    settings.Refuse("GRPC_EXPORTER_ENDPOINT", *endpoint,
                    "nothing: OTLP goes over HTTP here, to K6_OTEL_HTTP_EXPORTER_ENDPOINT");
  }
  std::string endpoint =
      settings.Address(argument, "HTTP_EXPORTER_ENDPOINT", "http://localhost:4318");
  const bool insecure = settings.Bool("HTTP_EXPORTER_INSECURE", false);
  if (!absl::StrContains(endpoint, "://")) {
    endpoint = absl::StrCat(insecure ? "http" : "https", "://", endpoint);
  }
  const std::string path = settings.Text("HTTP_EXPORTER_URL_PATH", "/v1/metrics");
  HttpTarget target;
  // An endpoint with a path of its own is taken as it is.
  const bool has_path = endpoint.find('/', endpoint.find("://") + 3) != std::string::npos;
  target.url =
      has_path ? endpoint : absl::StrCat(endpoint, absl::StartsWith(path, "/") ? "" : "/", path);
  settings.CheckAddress(target.url);
  target.headers = settings.Headers("HEADERS", '=');
  target.headers.push_back("Content-Type: application/x-protobuf");
  target.username = settings.Text("HTTP_EXPORTER_USERNAME", "");
  target.password = settings.Text("HTTP_EXPORTER_PASSWORD", "");
  target.skip_tls_verify = settings.Bool("TLS_INSECURE_SKIP_VERIFY", false);
  target.client_certificate = settings.File("TLS_CLIENT_CERTIFICATE");
  target.client_key = settings.File("TLS_CLIENT_KEY");
  OtlpConfig config;
  config.service_name = settings.Text("SERVICE_NAME", config.service_name);
  config.service_version = settings.Text("SERVICE_VERSION", context.version);
  config.prefix = settings.Text("METRIC_PREFIX", "");
  settings.Duration("FLUSH_INTERVAL", absl::Seconds(1));  // checked only: batches come each second
  const absl::Duration interval = settings.Duration("EXPORT_INTERVAL", absl::Seconds(10));
  LOCKSTEP_RETURN_IF_ERROR(settings.status());
  return std::make_unique<OpenTelemetryOutput>(std::move(target), interval, *context.clock,
                                               std::move(config));
}

}  // namespace lockstep::coordinator
