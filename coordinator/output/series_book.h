// The totals of each series of a run so far, for outputs that send running totals to a server
// (Prometheus, OpenTelemetry). Tags that only number VUs and iterations are left out, as a series
// for each of them helps nobody.
//
// Memory is bounded: beyond kMostSeries of a metric, further ones are one {overflow:true} series;
// and all trends together keep kMostExactValues exact values, beyond which they are histograms. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "common/metrics/batch.h"

namespace lockstep::coordinator {

class SeriesBook {
 public:
  static constexpr size_t kMostSeries = 20'000;
  static constexpr uint64_t kMostExactValues = 1'000'000;

  struct Series {
    Metric metric;
    TagList tags;
    Aggregate total;
    bool changed = false;  // since the last TakeChanged
  };

  void Add(const Batch& batch);
  // The series that have had samples since the last call, in the order of their first ones. Valid
  // until the next call of a method.
  std::vector<const Series*> TakeChanged();
  const std::deque<Series>& all() const { return series_; }

 private:
  Series& Find(const Metric& metric, const TagList& tags);

  std::deque<Series> series_;
  absl::flat_hash_map<std::pair<std::string, TagList>, Series*> index_;
  absl::flat_hash_map<std::string, size_t> series_of_;  // metric -> how many
  uint64_t exact_values_ = 0;
};

}  // namespace lockstep::coordinator
