// `-o experimental-prometheus-rw[=URL]`: pushes running totals to a Prometheus remote-write
// endpoint every five seconds and at the end. Settings: K6_PROMETHEUS_RW_SERVER_URL, PUSH_INTERVAL,
// TREND_STATS, TREND_AS_NATIVE_HISTOGRAM, STALE_MARKERS, USERNAME, PASSWORD, BEARER_TOKEN,
// HTTP_HEADERS ("a:b,c:d"), INSECURE_SKIP_TLS_VERIFY, TLS_MINIMUM_VERSION, CLIENT_CERTIFICATE,
// CLIENT_CERTIFICATE_KEY.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "coordinator/output/push_output.h"
#include "coordinator/output/remote_write.h"
#include "coordinator/output/series_book.h"

namespace lockstep::coordinator {

class PrometheusOutput final : public TotalsOutput {
 public:
  // InvalidArgument with all settings that are wrong.
  static absl::StatusOr<std::unique_ptr<Output>> Make(absl::string_view argument,
                                                      const OutputContext& context);
  PrometheusOutput(HttpTarget target, absl::Duration interval, const Clock& clock,
                   RemoteWriteConfig config, bool stale_markers);

 private:
  std::string Encode(absl::Span<const SeriesBook::Series* const> series,
                     absl::Time now) const override;
  void PushNow(bool last) override;

  const RemoteWriteConfig config_;
  const bool stale_markers_;
};

}  // namespace lockstep::coordinator
