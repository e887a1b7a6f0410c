// Where the samples of one worker go: aggregates per series, without locks, sealed about once a
// second.
//
// Adding costs an array lookup: a tag set knows the numbers of its series, by the metrics' small
// indices.
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
    // More of them have only the tags that FoldedTags leaves, and beyond as many again, NarrowTags.
    size_t max_series = 100'000;
    size_t max_text_bytes = size_t{64} << 20;  // of all their tags; likewise
    TagList asked = {};  // the tags by which thresholds select: no series is without them
  };
  Accumulator() : Accumulator(Config{}) {}
  explicit Accumulator(Config config);

  // Values that are not finite are counted and dropped.
  void Add(MetricId metric, const TagSet& tags, double value, absl::Time time) override;
  void AddMany(const TagSet& tags, absl::Time time, absl::Span<const MetricValue> values) override;
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
    TagSet tags;  // so that the set, which knows this series' number, is not forgotten
    FirstSeen first_seen;
    uint64_t sealed = 0;  // samples in earlier seals
    bool touched = false;
    Aggregate aggregate;
  };
  // `indexed` is the set without its metadata.
  void AddTo(TagSet::Node& indexed, MetricId metric, const TagSet& tags, double value,
             absl::Time time);
  // The number of the series, or kNone: Node::columns.
  uint32_t& Column(TagSet::Node& set, MetricId metric);
  uint32_t NewSeries(MetricId metric, TagSet::Node& set, absl::Time time);
  uint32_t MakeSeries(MetricId metric, TagSet::Node& set, absl::Time time);
  uint32_t FoldedSeries(MetricId metric, TagSet::Node& set, absl::Time time);
  void KeepPoint(MetricId metric, const TagSet& tags, double value, absl::Time time);
  // Where the set is among those of the next batch: Node::place.
  uint32_t PlaceOf(const TagSet& tags);

  Config config_;
  MetricRegistry metrics_;
  TagSetTable tags_;
  std::vector<Series> series_;
  size_t text_bytes_ = 0;  // of the tags of sets that have a series of their own
  std::vector<uint32_t> touched_;
  ErrorTable errors_;                   // since the last seal
  std::vector<EndedIterations> ended_;  // likewise
  std::vector<TagSet> sealing_;         // the sets that have a place in the next batch
  std::vector<Point> points_;           // with this worker's ids of metrics
  uint64_t refused_points_ = 0;
  uint64_t refused_samples_ = 0;
  uint64_t overflowed_ = 0;
  uint64_t cut_sets_ = 0;  // of tags_, in earlier seals
};

}  // namespace lockstep::agent
