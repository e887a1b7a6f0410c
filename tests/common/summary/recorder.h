// Summaries of samples that a test names, as if one agent had measured them.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "common/metrics/batch.h"
#include "common/summary/summary.h"

namespace lockstep {

inline constexpr MetricType kC = MetricType::kCounter, kG = MetricType::kGauge,
                            kR = MetricType::kRate, kT = MetricType::kTrend;

// A store that is filled sample by sample, as one agent would.
class Recorder {
 public:
  explicit Recorder(SummaryMode mode = SummaryMode::kCompact)
      : store_({.breakdown_tags = BreakdownTags(mode)}) {}

  Recorder& Thresholds(const std::map<std::string, std::vector<ThresholdConfig>>& config) {
    absl::StatusOr<ThresholdSet> set = ThresholdSet::Create(config, store_.metrics());
    EXPECT_TRUE(set.ok()) << set.status();
    thresholds_ = *std::move(set);
    EXPECT_TRUE(thresholds_.Register(&store_).ok());
    return *this;
  }
  Recorder& Define(const char* name, MetricType type, ValueType contains = ValueType::kDefault) {
    EXPECT_TRUE(store_.Define(name, type, contains).ok());
    return *this;
  }
  Recorder& Add(const char* name, const std::vector<double>& values, const TagList& tags = {}) {
    const Metric& metric = store_.metrics().Get(*store_.metrics().Find(name));
    Batch batch;
    batch.metrics = {metric};
    batch.tag_sets = {tags};
    Aggregate aggregate(metric.type);
    for (double value : values) {
      aggregate.Add(value, absl::FromUnixNanos(++clock_));
    }
    batch.series.push_back(
        {.first_seen = {.unix_nanos = ++clock_, .ordinal = 0}, .aggregate = std::move(aggregate)});
    EXPECT_TRUE(store_.Merge(batch).ok());
    return *this;
  }
  Summary Build(absl::Duration duration, SummaryConfig config = {}) {
    thresholds_.EvaluateFinal(store_, duration);
    return BuildSummary(store_, thresholds_, std::move(config), duration);
  }

 private:
  AggregateStore store_;
  ThresholdSet thresholds_;
  int64_t clock_ = 0;
};

inline std::vector<double> Repeat(double value, size_t times) {
  return std::vector<double>(times, value);
}

inline std::vector<double> Concat(std::vector<double> a, const std::vector<double>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// The conformance cases summary/*: eight iterations with the numbers 1 to 8.
inline Recorder KnownMetrics() {
  Recorder recorder;
  recorder.Define("k_cnt", kC)
      .Define("k_gau", kG)
      .Define("k_rat", kR)
      .Define("k_tre", kT)
      .Define("k_tim", kT, ValueType::kTime);
  return recorder;
}
inline void AddKnown(Recorder* recorder) {
  for (int n = 1; n <= 8; ++n) {
    recorder->Add("k_cnt", {double(n)})
        .Add("k_gau", {double(n)})
        .Add("k_rat", {double(n % 4 == 0)});
    recorder->Add("k_tre", {double(n)}).Add("k_tim", {n * 123.456});
  }
  recorder->Add("iterations", Repeat(1, 8)).Add("iteration_duration", Repeat(0.25, 8));
}

// Nearly a summary that k6 2.2.0 has printed: all sections, one failing check, requests.
inline Recorder HttpRun(bool failures, SummaryMode mode = SummaryMode::kCompact) {
  Recorder r(mode);
  r.Define("my_bytes", kC, ValueType::kData);
  r.Add("my_bytes", {1000});
  const TagList ok = {{"expected_response", "true"}, {"scenario", "default"}};
  r.Add("http_reqs", Repeat(1, 98), ok).Add("http_req_duration", {60, 120, 180}, ok);
  r.Add("http_req_failed", Repeat(0, 98), ok).Add("http_req_blocked", {0.0005, 0.5}, ok);
  if (failures) {
    const TagList bad = {{"expected_response", "false"}, {"scenario", "default"}};
    r.Add("http_reqs", {1, 1}, bad)
        .Add("http_req_duration", {900.5, 1110}, bad)
        .Add("http_req_failed", {1, 1}, bad);
    r.Add("http_reqs_errors", {1, 1}, bad).Add("http_req_duration_errors", {900.5, 1110}, bad);
  }
  const TagList in_group = {
      {"check", "status is 200"}, {"group", "::front::page"}, {"scenario", "default"}};
  r.Add("checks", Repeat(1, 100), in_group);
  r.Add("checks", Concat(Repeat(1, 99), {0}), {{"check", "body ok"}, {"scenario", "default"}});
  r.Add("group_duration", {30, 50}, {{"group", "::front::page"}, {"scenario", "default"}});
  r.Add("dropped_iterations", {3})
      .Add("iterations", Repeat(1, 50))
      .Add("iteration_duration", {561.7, 1010, 10110});
  r.Add("vus", {1, 10, 1})
      .Add("vus_max", {10})
      .Add("data_received", {1'234'567})
      .Add("data_sent", {12'345});
  return r;
}

}  // namespace lockstep
