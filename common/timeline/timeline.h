// Records a run second by second, from the batches as they are merged and from what the run shows
// of itself each second. Loop-bound; a value without clock or thread.
//
// Bounded: kMostPoints points of a second each; when there are more, neighbours are put together,
// and a point is of 2, 4, 8... seconds. Names, metrics and agents beyond their limits are folded
// and counted.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lockstep/v1/health.pb.h"

#include "common/metrics/batch.h"
#include "common/timeline/history.h"
#include "common/timeline/spread.h"

namespace lockstep {

// What a run shows of itself, once a second.
struct TimelineTick {
  absl::Duration elapsed;  // since T0
  int64_t vus = 0;         // at work
  int64_t vus_max = 0;     // initialised
  struct Agent {
    std::string name;
    int64_t vus = 0;
    v1::Health health = {};  // since T0
  };
  std::vector<Agent> agents = {};
  struct ThresholdState {
    std::string metric;
    std::string expression;
    bool failing = false;
  };
  std::vector<ThresholdState> thresholds = {};
};

class Timeline {
 public:
  static constexpr size_t kMostPoints = 1200;  // twice what a chart has pixels for
  static constexpr size_t kMostNames = 300;
  static constexpr size_t kMostMetrics = 60;
  static constexpr size_t kMostAgents = 64;
  static constexpr size_t kMostFailures = 32;  // of one threshold; later ones lengthen the last

  // T0 by the coordinator's clock, by which batches are stamped; may be put right later. What is of
  // a time before has no place in it, only in the table of requests.
  void Start(absl::Time t0) { t0_ = t0; }
  // The run was recorded elsewhere for so long after T0: of the points until then nothing is known,
  // which is not the same as no load. Once, before anything is added.
  void BeginAt(absl::Duration after_t0);
  // Instead: what was recorded elsewhere was kept, as Freeze gives it from the first point on. It
  // becomes a part of what is recorded here, but for up to two points before the end of `past`'s,
  // which are nowhere.
  void GoOn(History past, absl::Duration after_t0);
  // The next batch of `agent`, already merged. What is stamped after the last tick (an agent's
  // clock is not believed) belongs to it.
  void Add(const std::string& agent, const Batch& batch);
  void Tick(const TimelineTick& tick);

  // Points from `first` on. Without `last`, those of the seconds that are over and told of: up to
  // half a second before the last tick. With it, all of them; the run has lasted for `elapsed`.
  History Freeze(uint64_t first, bool last, absl::Duration elapsed) const;
  // Who follows it as it grows, each by itself.
  enum Follower : size_t { kPage, kJournal, kFollowers };
  // The first point that has changed since the follower's last call, which may be beyond those that
  // Freeze gives. Putting points together changes all.
  uint64_t TakeChanged(Follower follower);

 private:
  // Batches of a second are here this long after it.
  static constexpr double kBatchesWithinSeconds = 0.5;

  enum Class : uint8_t { k2xx, k3xx, k4xx, k5xx, kError, kOther, kClasses };
  struct MetricPoint {
    double sum = 0;      // of a counter, of a rate's trues; a gauge's last value
    uint64_t total = 0;  // of a rate; samples of others
    Spread spread;       // of a trend
  };
  struct AgentPoint {
    double vus = 0;
    double requests = 0;
    double failed = 0;
    double cpu = kNoValue;
    double lag_ms = kNoValue;
    bool there = false;  // it has told of itself
  };
  struct Point {
    double requests = 0;
    double failed = 0;
    double iterations = 0;
    double dropped = 0;
    double sent = 0;
    double received = 0;
    std::array<double, kClasses> by_class{};
    Spread durations;
    double vus = kNoValue;
    double vus_max = kNoValue;
    std::vector<MetricPoint> metrics;  // by index into metrics_; what is missing is empty
    std::vector<AgentPoint> agents;    // likewise
  };
  struct Requests {
    uint64_t count = 0;
    uint64_t failed = 0;
    Trend durations;
    // The percentiles 50, 95 and 99 as they were with so many values: sorting is what costs, so
    // while a run is on they may be of 2% less values than there are.
    mutable std::vector<double> ranks;
    mutable uint64_t ranked = 0;
  };
  struct AgentState {
    v1::Health health;  // of the last tick
  };
  using NameKey = std::tuple<std::string, std::string, std::string>;  // kind, method, name
  // Where a batch belongs.
  struct Place {
    Point* point = nullptr;       // null: before T0
    AgentPoint* agent = nullptr;  // null: no lane
  };

  static void Absorb(const Point& from, const std::vector<Metric>& metrics, Point* into);
  static Class ClassOf(const TagList& tags);

  Place PlaceOf(const std::string& agent, const Batch& batch);
  Point& At(uint64_t index);
  void Halve();
  // Where a metric or agent stands in its list; -1: there is no place for it.
  int MetricIndex(const Metric& metric);
  int AgentIndex(const std::string& name);
  Requests& RequestsOf(absl::string_view kind, const TagList& tags);
  // `requests`: where those of these tags are counted; null for a metric that says nothing of them.
  void AddHttp(const Metric& metric, const SeriesDelta& series, const TagList& tags,
               const Place& place, Requests* requests);
  void AddGrpc(const SeriesDelta& series, const TagList& tags);
  void AddToMetric(int index, const Aggregate& aggregate, Point* point);
  void NoteThreshold(const TimelineTick::ThresholdState& state, double at_s);
  uint64_t PointsUntil(double seconds) const;
  void FreezePoint(const Point& point, double length_s, History* history) const;
  void FreezeLanes(uint64_t first, uint64_t end, double last_length_s, History* history) const;
  void FreezeTables(bool last, History* history) const;
  // Of the points that were recorded nowhere, or elsewhere, there are no values, or those that were
  // kept.
  void BlankUnknown(History* history) const;
  void AddPast(History* history) const;
  void AddPastRequests(History* history) const;

  absl::Time t0_ = absl::InfiniteFuture();
  double step_s_ = 1;
  double told_until_s_ = 0;  // of the last tick
  uint64_t known_from_ = 0;  // the first point that was recorded here from its beginning
  History past_;             // the first points, which are recorded elsewhere
  std::deque<Point> points_;
  std::array<uint64_t, kFollowers> changed_{};
  std::vector<Metric> metrics_;
  absl::flat_hash_map<std::string, int> metric_index_;
  uint64_t folded_metrics_ = 0;
  std::vector<std::string> agents_;
  std::vector<AgentState> agent_states_;
  absl::flat_hash_map<std::string, int> agent_index_;
  uint64_t folded_agents_ = 0;
  std::map<NameKey, Requests> requests_;
  absl::flat_hash_set<size_t> folded_names_;  // hashes of names, the first kMostFoldedNames
  std::vector<HistoryThreshold> thresholds_;
  std::vector<bool> failing_;  // by threshold
};

}  // namespace lockstep
