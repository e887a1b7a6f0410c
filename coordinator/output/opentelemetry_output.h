// `-o opentelemetry[=http://HOST:PORT]`: running totals as OTLP metrics over HTTP with binary
// protobuf. Settings: K6_OTEL_SERVICE_NAME, SERVICE_VERSION, METRIC_PREFIX, EXPORT_INTERVAL,
// FLUSH_INTERVAL, EXPORTER_PROTOCOL (http/protobuf), HEADERS ("a=b,c=d"), HTTP_EXPORTER_ENDPOINT,
// HTTP_EXPORTER_URL_PATH, HTTP_EXPORTER_INSECURE (plain HTTP for an endpoint without a scheme),
// HTTP_EXPORTER_USERNAME, HTTP_EXPORTER_PASSWORD, TLS_INSECURE_SKIP_VERIFY, TLS_CLIENT_CERTIFICATE,
// TLS_CLIENT_KEY.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

#include "coordinator/output/output.h"
#include "coordinator/output/series_book.h"

namespace lockstep::coordinator {

struct OtlpConfig {
  std::string service_name = "k6";
  std::string service_version;
  std::string prefix;
};

// An encoded ExportMetricsServiceRequest, cumulative since `begin`. A counter is a monotonic sum, a
// gauge a gauge, a rate a sum with the attribute `condition`, "nonzero" or "zero", a trend an
// exponential histogram of scale 8, bucket for bucket ours. Pure.
std::string EncodeOtlp(const OtlpConfig& config, absl::Span<const SeriesBook::Series* const> series,
                       absl::Time begin, absl::Time now);

MadeOutput MakeOpenTelemetryOutput(absl::string_view argument, const OutputContext& context);

}  // namespace lockstep::coordinator
