// What one agent measured between two moments, sealed and numbered. A batch stands alone: it
// carries the names and tags that it uses, so nothing breaks when another one is lost, late or
// resent.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "common/metrics/aggregate.h"
#include "common/metrics/ended_iterations.h"
#include "common/metrics/error_table.h"
#include "common/metrics/metric.h"
#include "common/metrics/tag_set.h"

namespace lockstep {

// When a series was first seen: the time of its first sample and, among samples of the same time,
// their order. The smaller counts when two are merged, so the order of checks does not depend on
// which agent's batch came first.
struct FirstSeen {
  int64_t unix_nanos = 0;
  uint32_t ordinal = 0;
  friend auto operator<=>(const FirstSeen&, const FirstSeen&) = default;
};

struct SeriesDelta {
  uint32_t metric = 0;   // index into Batch::metrics
  uint32_t tag_set = 0;  // index into Batch::tag_sets
  FirstSeen first_seen;
  Aggregate aggregate;
};

// A single sample, for the outputs that write samples.
struct Point {
  int64_t unix_nanos = 0;
  uint32_t metric = 0;
  uint32_t tag_set = 0;
  double value = 0;
};

struct Batch {
  // The most that a coordinator accepts from one agent in one batch.
  static constexpr size_t kMostMetrics = 10'000;
  static constexpr size_t kMostTagSets = 1'000'000;
  static constexpr size_t kMostSeries = 1'000'000;
  static constexpr size_t kMostPoints = 200'000;
  static constexpr size_t kMostErrors = 20'000;
  static constexpr size_t kMostScenarios = 10'000;
  // Tags in a set, {overflow:true} among them.
  static constexpr size_t kMostTags = TagSetTable::kMaxTags + 1;
  static constexpr size_t kMostTagBytes = 2 * TagSetTable::kMaxSetBytes;

  uint64_t number = 0;  // counts from 1 in each run of an agent; 0: not numbered yet
  absl::Time begin = absl::UnixEpoch();
  absl::Time end = absl::UnixEpoch();
  std::vector<Metric> metrics;
  std::vector<TagList> tag_sets;
  std::vector<SeriesDelta> series;
  std::vector<Point> points;       // in the order of adding
  uint64_t refused_points = 0;     // that did not fit
  uint64_t refused_samples = 0;    // values that are not finite
  uint64_t overflowed_series = 0;  // that lost some of their tags at the agent, and sets that did
  std::vector<ErrorCount> errors;  // each kind once
  uint64_t folded_errors = 0;      // failures that are in none of them
  std::vector<EndedIterations> ended;  // each scenario once

  bool empty() const {
    return series.empty() && points.empty() && refused_points == 0 && refused_samples == 0 &&
           errors.empty() && folded_errors == 0 && ended.empty();
  }
};

// The encoded lockstep.v1.MetricBatch.
std::string EncodeBatch(const Batch& batch);
// InvalidArgument says what is wrong with the first thing that is: a size over the bounds above, an
// index that points nowhere, a value that is not a number, an aggregate that does not fit its
// metric or contradicts itself.
absl::StatusOr<Batch> DecodeBatch(absl::string_view encoded);

// Puts the sealed deltas of several workers together.
class BatchBuilder {
 public:
  // A metric that another worker has defined differently is refused and counted in
  // `refused_samples`.
  void Add(Batch worker);
  // The batch, numbered; the builder is empty again.
  Batch Build(uint64_t number, absl::Time begin, absl::Time end);

 private:
  // Where the metrics, or tag sets, of a worker's batch are in `batch_`, to which new ones are
  // added. Nothing: the metric is refused.
  std::vector<std::optional<uint32_t>> PlacesOf(std::vector<Metric> metrics);
  std::vector<uint32_t> PlacesOf(std::vector<TagList> tag_sets);
  void AddSeries(SeriesDelta delta);  // with places in `batch_`

  Batch batch_;
  absl::flat_hash_map<std::string, uint32_t> metrics_;
  absl::flat_hash_map<TagList, uint32_t> tag_sets_;
  absl::flat_hash_map<std::pair<uint32_t, uint32_t>, size_t> series_;
  ErrorTable errors_{Batch::kMostErrors / 2};
};

// `whole` in batches of at most `most` points each, numbered on from its own: the first has all but
// the points that do not fit. Just `whole` if all do.
std::vector<Batch> SplitPoints(Batch whole, size_t most);

// A batch with one sample each of `vus` and `vus_max`, as the coordinator adds them once a second.
Batch VusBatch(absl::Time time, int64_t vus, int64_t vus_max, const TagList& tags);

}  // namespace lockstep
