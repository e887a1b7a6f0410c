#include "coordinator/output/prometheus_output.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "common/summary/trend_statistic.h"
#include "coordinator/output/push_output.h"
#include "coordinator/output/remote_write.h"
#include "coordinator/output/series_book.h"
#include "coordinator/output/sink_settings.h"

namespace lockstep::coordinator {

namespace {

class PrometheusOutput final : public TotalsOutput {
 public:
  PrometheusOutput(HttpTarget target, absl::Duration interval, const Clock& clock,
                   RemoteWriteConfig config, bool stale_markers)
      : TotalsOutput("Prometheus remote write", std::move(target), {}, interval, clock),
        config_(std::move(config)),
        stale_markers_(stale_markers) {}

 private:
  std::string Encode(absl::Span<const SeriesBook::Series* const> series,
                     absl::Time now) const override {
    return SnappyCompressed(EncodeRemoteWrite(config_, series, now));
  }

  void PushNow(bool last) override {
    TotalsOutput::PushNow(last);
    if (!last || !stale_markers_) {
      return;
    }
    std::vector<const SeriesBook::Series*> all;
    for (const SeriesBook::Series& series : book().all()) {
      all.push_back(&series);
    }
    // A millisecond later, as a series has one sample at a time.
    pusher().Push({.body = SnappyCompressed(
                       EncodeStaleMarkers(config_, all, clock().Wall() + absl::Milliseconds(1))),
                   .samples = all.size()});
  }

  const RemoteWriteConfig config_;
  const bool stale_markers_;
};

}  // namespace

MadeOutput MakePrometheusOutput(absl::string_view argument, const OutputContext& context) {
  SinkSettings settings(context, "PROMETHEUS_RW");
  HttpTarget target;
  target.url = settings.Address(argument, "SERVER_URL", "http://localhost:9090/api/v1/write");
  settings.CheckAddress(target.url);
  target.headers = settings.Headers("HTTP_HEADERS", ':');
  for (std::string& header : settings.HeaderVariables("HEADERS")) {
    target.headers.push_back(std::move(header));
  }
  target.headers.insert(target.headers.end(),
                        {"Content-Type: application/x-protobuf", "Content-Encoding: snappy",
                         "X-Prometheus-Remote-Write-Version: 0.1.0"});
  if (const auto token = settings.Find("BEARER_TOKEN"); token) {
    target.headers.push_back(absl::StrCat("Authorization: Bearer ", *token));
  }
  target.username = settings.Text("USERNAME", "");
  target.password = settings.Text("PASSWORD", "");
  target.skip_tls_verify = settings.Bool("INSECURE_SKIP_TLS_VERIFY", false);
  target.minimum_tls = settings.Text("TLS_MINIMUM_VERSION", "1.3");
  if (!IsTlsVersion(target.minimum_tls)) {
    settings.Refuse("TLS_MINIMUM_VERSION", target.minimum_tls, "1.0, 1.1, 1.2 or 1.3");
  }
  target.client_certificate = settings.File("CLIENT_CERTIFICATE");
  target.client_key = settings.File("CLIENT_CERTIFICATE_KEY");
  RemoteWriteConfig config;
  config.trend_stats = settings.List("TREND_STATS", config.trend_stats);
  config.native_histograms = settings.Bool("TREND_AS_NATIVE_HISTOGRAM", false);
  for (const std::string& stat : config.trend_stats) {
    if (!IsTrendStatistic(stat)) {
      settings.Refuse("TREND_STATS", stat,
                      "count, sum, min, max, avg, med or p(N) with N from 0 to 100");
    }
  }
  const absl::Duration interval = settings.Duration("PUSH_INTERVAL", absl::Seconds(5));
  const bool stale_markers = settings.Bool("STALE_MARKERS", false);
  if (settings.Find("SIGV4_REGION")) {
    settings.Refuse("SIGV4_REGION", settings.Text("SIGV4_REGION", ""),
                    "nothing: AWS signatures are not supported; use a signing proxy");
  }
  LOCKSTEP_RETURN_IF_ERROR(settings.status());
  return std::make_unique<PrometheusOutput>(std::move(target), interval, *context.clock,
                                            std::move(config), stale_markers);
}

}  // namespace lockstep::coordinator
