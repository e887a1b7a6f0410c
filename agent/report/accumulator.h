// Where the samples of one worker go: aggregates per series, without locks, sealed about once a
// second.
//
// Adding costs two array lookups: metric ids and tag set ids are small indices of this worker's own
// tables.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

#include "common/metrics/aggregate.h"
#include "common/metrics/batch.h"
#include "common/metrics/error_table.h"
#include "common/metrics/sample_sink.h"

namespace lockstep::agent {

// Used on its worker's thread only; what Seal returns may go anywhere.
class Accumulator final : public SampleSink {
 public:
  struct Config {
    bool keep_points = false;  // an output wants single samples
    // Between two seals; more are counted and dropped. About 100 MB, which only fill up while the
    // coordinator cannot follow and the outbox is full.
    size_t max_points = 4'000'000;
    size_t max_series = 100'000;  // more fall into {overflow:true}
  };
  Accumulator() : Accumulator(Config{}) {}
  explicit Accumulator(Config config);

  // Values that are not finite are counted and dropped.
  void Add(MetricId metric, TagSetId tags, double value, absl::Time time) override;
  void AddMany(TagSetId tags, absl::Time time, absl::Span<const MetricValue> values) override;
  void AddError(absl::string_view cause, absl::string_view method, absl::string_view name,
                absl::Time time) override {
    errors_.Add(cause, method, name, time);
  }
  // Beside the samples of one that has ended: whatever tags the test keeps.
  void CountEnded(absl::string_view scenario, int64_t EndedIterations::*how, int64_t count) {
    EndedOf(scenario, ended_).*how += count;
  }
  bool keeps_points() const override { return config_.keep_points; }
  MetricRegistry& metrics() override { return metrics_; }
  TagSetTable& tags() override { return tags_; }

  // What was added since the last call; unnumbered, for a BatchBuilder.
  Batch Seal();

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Series {
    MetricId metric;
    TagSetId tags;
    FirstSeen first_seen;
    uint64_t sealed = 0;  // samples in earlier seals
    bool touched = false;
    Aggregate aggregate;
  };
  // Series numbers of one tag set without metadata, by metric id.
  using Row = std::vector<uint32_t>;

  Row& RowOf(TagSetId tags);
  void AddTo(Row& row, MetricId metric, TagSetId tags, double value, absl::Time time);
  uint32_t NewSeries(MetricId metric, TagSetId tags, absl::Time time);
  void KeepPoint(MetricId metric, TagSetId tags, double value, absl::Time time);

  Config config_;
  MetricRegistry metrics_;
  TagSetTable tags_;
  TagSetId overflow_;
  std::vector<Row> rows_;  // by tag set id
  std::vector<Series> series_;
  std::vector<uint32_t> touched_;
  ErrorTable errors_;                   // since the last seal
  std::vector<EndedIterations> ended_;  // likewise
  std::vector<Point> points_;           // with this worker's ids
  uint64_t refused_points_ = 0;
  uint64_t refused_samples_ = 0;
  uint64_t overflowed_ = 0;
  uint64_t overflowed_sets_ = 0;  // of tags_, in earlier seals
};

}  // namespace lockstep::agent
