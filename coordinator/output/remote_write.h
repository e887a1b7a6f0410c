// A run's series as Prometheus remote write 1.0 messages. Pure; the names and units are those that
// k6's output uses, so that its dashboards work:
//
// - counter: k6_NAME_total
// - gauge: k6_NAME
// - rate: k6_NAME_rate, 0 to 1
// - trend: k6_NAME_STAT for each statistic (p(99) is `p99`, p(99.9) is `p99_9`); or, as a native
//   histogram, k6_NAME_seconds (times), k6_NAME_bytes (data), or k6_NAME
//
// Times are in seconds. A native histogram has schema 8, like our own; where milliseconds become
// seconds its buckets are found anew, which moves a value by at most 0.14 % more. Its count and sum
// are exact.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"

#include "coordinator/output/series_book.h"

namespace lockstep::coordinator {

struct RemoteWriteConfig {
  std::string prefix = "k6_";
  std::vector<std::string> trend_stats = {"p(99)"};  // of common/summary/trend_statistic.h
  bool native_histograms = false;
};

// An encoded WriteRequest (not compressed) with one sample at `time` for each series.
std::string EncodeRemoteWrite(const RemoteWriteConfig& config,
                              absl::Span<const SeriesBook::Series* const> series, absl::Time time);
// The same with stale markers: these series end here.
std::string EncodeStaleMarkers(const RemoteWriteConfig& config,
                               absl::Span<const SeriesBook::Series* const> series, absl::Time time);
// A body as remote write wants it: in snappy's block format.
std::string SnappyCompressed(const std::string& body);

}  // namespace lockstep::coordinator
