// `-o experimental-prometheus-rw[=URL]`: pushes running totals to a Prometheus remote-write
// endpoint every five seconds and at the end. Settings: K6_PROMETHEUS_RW_SERVER_URL, PUSH_INTERVAL,
// TREND_STATS, TREND_AS_NATIVE_HISTOGRAM, STALE_MARKERS, USERNAME, PASSWORD, BEARER_TOKEN,
// HTTP_HEADERS ("a:b,c:d"), INSECURE_SKIP_TLS_VERIFY, TLS_MINIMUM_VERSION, CLIENT_CERTIFICATE,
// CLIENT_CERTIFICATE_KEY.
#pragma once

#include "absl/strings/string_view.h"

#include "coordinator/output/output.h"

namespace lockstep::coordinator {

MadeOutput MakePrometheusOutput(absl::string_view argument, const OutputContext& context);

}  // namespace lockstep::coordinator
