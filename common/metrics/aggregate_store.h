// The measurements of a run, merged over all agents: what thresholds, live status and the summary
// read.
//
// Per metric there is a total, and for each submetric `name{tag:value}` the union of the series
// that have all of its tags. Single series are kept for counters, gauges and rates; trends are kept
// in totals, submetrics and breakdowns only, since nothing but the number of series would otherwise
// bound their exact values. Beyond a limit, further series have fewer tags, but still those by
// which the summary lists groups and checks; totals, submetrics and breakdowns stay exact.
//
// Contract: each batch is merged exactly once. Telling resent batches from new ones (by agent and
// number) is up to the caller.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "common/metrics/aggregate.h"
#include "common/metrics/batch.h"
#include "common/metrics/metric.h"
#include "common/metrics/tag_set.h"

namespace lockstep {

// `name` or `name{tag:value,tag2:value2}`.
struct MetricKey {
  std::string text;  // as the user wrote it, without spaces around name and list of tags
  std::string metric;
  TagList tags;  // empty: the metric itself
  bool is_submetric() const { return !tags.empty(); }
};
// Quotes and spaces around tags are trimmed. InvalidArgument: `parsing metric name failed, metric
// "X" has unmatched opening/close curly brace`, a tag without a name or a value.
absl::StatusOr<MetricKey> ParseMetricKey(absl::string_view text);

// Submetrics that exist without a threshold that asks for them: durations of requests that went as
// expected (k6 has it), and of those that did not.
inline constexpr absl::string_view kSuccessDurations = "http_req_duration{expected_response:true}";
inline constexpr absl::string_view kFailureDurations = "http_req_duration{expected_response:false}";

// Not thread-safe.
class AggregateStore {
 public:
  struct Config {
    // More of them have only the tags that FoldedTags leaves, and beyond as many again, there is
    // one {overflow:true}.
    size_t max_series_per_metric = 20'000;
    // Lists of tags whose every combination of values gets aggregates of its own, for the summary's
    // groups and scenarios.
    std::vector<std::vector<std::string>> breakdown_tags;
    std::vector<std::string> submetrics = {std::string(kSuccessDurations),
                                           std::string(kFailureDurations)};
  };
  AggregateStore() : AggregateStore(Config{}) {}
  explicit AggregateStore(Config config);

  // Defines a metric of the script, so that it is known before its first sample.
  absl::Status Define(absl::string_view name, MetricType type, ValueType contains);
  // Asks for a submetric; before the first Merge. Asking twice is fine. NotFound: no such metric.
  absl::Status AddSubmetric(const MetricKey& key);

  // Asks that the deltas of a metric or submetric (which is there already) are kept for TakeRecent;
  // before the first Merge. NotFound: there is no such metric or submetric.
  absl::Status Watch(const MetricKey& key);
  // What was merged into a watched metric or submetric since the last call.
  Aggregate TakeRecent(const MetricKey& key);

  // All or nothing. InvalidArgument: a metric with another type than it has here.
  absl::Status Merge(const Batch& batch);

  struct Entry {
    const Metric* metric = nullptr;  // of a submetric: its parent's
    const MetricKey* key = nullptr;
    const Aggregate* aggregate = nullptr;
  };
  // By the text of its key: "http_reqs" or "http_reqs{status:200}". Null: there is no such metric
  // or submetric.
  const Aggregate* Find(absl::string_view key) const;
  // Metrics in the order of their names, each followed by its submetrics in the order of their
  // text; empty ones included.
  std::vector<Entry> Entries() const;
  // The aggregates of metric `name` by the values of `tags`, one of Config::breakdown_tags: over
  // the series that have the last of these tags; others that a series lacks are "".
  std::map<std::vector<std::string>, const Aggregate*> Breakdown(
      const std::vector<std::string>& tags, absl::string_view name) const;
  const MetricRegistry& metrics() const { return metrics_; }

  struct Series {
    const TagList* tags = nullptr;
    FirstSeen first_seen;
    const Aggregate* aggregate = nullptr;  // null for trends
  };
  // All series of a metric, earliest first.
  std::vector<Series> SeriesOf(absl::string_view name) const;

  // ---- a store that outlives its process ----
  // What a store consists of, each with its own aggregate. Not among them: the series of trends,
  // which have none, and what is watched.
  struct Part {
    enum class Kind { kTotal = 0, kSubmetric = 1, kBreakdown = 2, kSeries = 3 };
    Kind kind = Kind::kTotal;
    const Metric* metric = nullptr;
    const MetricKey* key = nullptr;  // of a submetric
    TagList tags;  // of a series; of a breakdown, those that it is by, some of them perhaps empty
    FirstSeen first_seen;                  // of a series
    const Aggregate* aggregate = nullptr;  // its address stays as long as the store
  };
  // Cheap: tags are copied only where `wanted` says so of the aggregate.
  void ForEachPart(absl::FunctionRef<bool(const Aggregate&)> wanted,
                   absl::FunctionRef<void(const Part&)> visit) const;
  // Puts a part back that another store had, in any order, before the first Merge. `submetric`: the
  // text of its key. Returns where it is now. InvalidArgument: a metric of another type;
  // FailedPrecondition: there is no such submetric or breakdown here.
  absl::StatusOr<const Aggregate*> PutBack(Part::Kind kind, const Metric& metric,
                                           absl::string_view submetric, const TagList& tags,
                                           FirstSeen first_seen, Aggregate aggregate);
  struct Counts {
    uint64_t batches = 0;
    uint64_t samples = 0;
    uint64_t refused_points = 0;
    uint64_t refused_samples = 0;
  };
  Counts counts() const { return {batches_, samples_, refused_points_, refused_samples_}; }
  void PutBackCounts(const Counts& counts);

  uint64_t batches() const { return batches_; }
  uint64_t samples() const { return samples_; }
  uint64_t refused_points() const { return refused_points_; }
  uint64_t refused_samples() const { return refused_samples_; }
  // Warnings since the last call, each given once in a run: cardinality, refused points, refused
  // values.
  std::vector<std::string> TakeWarnings();

 private:
  struct Sub {
    MetricKey key;
    Aggregate aggregate;
    std::unique_ptr<Aggregate> recent;  // null: not watched
  };
  struct StoredSeries {
    FirstSeen first_seen = {.unix_nanos = INT64_MAX, .ordinal = UINT32_MAX};
    Aggregate* own = nullptr;
    StoredSeries* shared = nullptr;  // whose `own` it is, where this has none to itself
    // Own, total, submetrics, breakdowns, and what is watched.
    std::vector<Aggregate*> targets = {};
    void Note(FirstSeen seen) {
      first_seen = std::min(first_seen, seen);
      if (shared != nullptr) {
        shared->Note(seen);
      }
    }
  };
  struct PerMetric {
    explicit PerMetric(MetricType type) : total(type) {}
    Aggregate total;
    std::unique_ptr<Aggregate> recent;  // null: not watched
    MetricKey key;
    std::deque<Sub> subs;
    absl::flat_hash_map<TagList, StoredSeries> series;
    // By tags and their values.
    std::map<std::pair<std::vector<std::string>, std::vector<std::string>>, Aggregate*> breakdowns;
    size_t whole_series = 0, folded_series = 0;  // how many of `series`
    bool overflowed = false;
  };
  PerMetric& At(MetricId id) { return per_metric_[static_cast<uint32_t>(id)]; }
  void Grow();
  // Where the deltas of `key` are kept; null: there is no such metric or submetric.
  std::unique_ptr<Aggregate>* RecentOf(const MetricKey& key);
  // Where the samples of `tags` go. Beyond the limit of series: the targets for `tags`, except that
  // their own series is one of fewer tags; valid until the next call. So submetrics stay exact.
  StoredSeries& SeriesFor(MetricId id, const TagList& tags);
  void AddTargets(PerMetric& metric, const TagList& tags, StoredSeries* series);

  Config config_;
  MetricRegistry metrics_;
  std::deque<PerMetric> per_metric_;  // by MetricId
  std::deque<Aggregate> aggregates_;  // of series and breakdowns; addresses stay
  StoredSeries overflowing_;
  bool agents_overflowed_ = false;
  uint64_t batches_ = 0;
  uint64_t samples_ = 0;
  uint64_t refused_points_ = 0;
  uint64_t refused_samples_ = 0;
  std::vector<std::string> warnings_;
};

}  // namespace lockstep
