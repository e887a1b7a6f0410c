// What a Timeline comes to: its points as columns.
#include <algorithm>
#include <cmath>
#include <utility>

#include "common/timeline/timeline.h"

namespace lockstep {
namespace {

// A shorter rest at a run's end says nothing about speed.
constexpr double kShortestSeconds = 0.2;
constexpr int kHeatPerOctave = 4;
constexpr int kHeatBuckets = Spread::kPerOctave / kHeatPerOctave;

const char* const kColumnNames[] = {
    "requests", "failed",   "2xx", "3xx", "4xx", "5xx", "error", "other", "iterations", "dropped",
    "sent",     "received", "avg", "p50", "p90", "p95", "p99",   "max",   "vus",        "vus_max"};

Spread::Buckets Heat(const Spread& spread) {
  Spread::Buckets heat;
  for (const auto& [index, count] : spread.buckets()) {
    const int32_t coarse =
        index >= 0 ? (index + kHeatBuckets - 1) / kHeatBuckets : -(-index / kHeatBuckets);
    if (!heat.empty() && heat.back().first == coarse) {
      heat.back().second += count;
    } else {
      heat.emplace_back(coarse, count);
    }
  }
  return heat;
}

std::vector<HistoryColumn> Named(std::initializer_list<const char*> names) {
  std::vector<HistoryColumn> columns;
  for (const char* name : names) {
    columns.push_back({name, {}});
  }
  return columns;
}

std::vector<HistoryColumn> ColumnsOf(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
    case MetricType::kRate:
      return Named({"rate"});
    case MetricType::kGauge:
      return Named({"value"});
    case MetricType::kTrend:
      break;
  }
  return Named({"count", "avg", "p50", "p95", "max"});
}

void Append(std::vector<HistoryColumn>* columns, std::initializer_list<double> values) {
  auto column = columns->begin();
  for (const double value : values) {
    column++->values.push_back(value);
  }
}

}  // namespace

uint64_t Timeline::PointsUntil(double seconds) const {
  const double whole = seconds / step_s_;
  return whole <= 0 ? 0 : std::min<uint64_t>(static_cast<uint64_t>(whole), points_.size());
}

History Timeline::Freeze(uint64_t first, bool last, absl::Duration elapsed) const {
  uint64_t end = PointsUntil(told_until_s_ - kBatchesWithinSeconds);
  double last_length_s = step_s_;
  if (last) {
    const double elapsed_s = absl::ToDoubleSeconds(elapsed);
    const auto rest = [&] { return elapsed_s - (static_cast<double>(end) - 1) * step_s_; };
    end = points_.size();
    // What has hardly begun has nothing to show, unless something was measured in it.
    while (end > 0 && rest() < kShortestSeconds && points_[end - 1].requests == 0 &&
           points_[end - 1].iterations == 0) {
      --end;
    }
    last_length_s = std::clamp(rest(), std::min(kShortestSeconds, step_s_), step_s_);
  }
  History history;
  history.step_s = step_s_;
  history.first = std::min(first, end);
  history.points = end - history.first;
  for (const char* name : kColumnNames) {
    history.columns.push_back({name, {}});
  }
  for (uint64_t i = history.first; i < end; ++i) {
    FreezePoint(points_[i], i + 1 == end ? last_length_s : step_s_, &history);
  }
  // Ticks come once a second, and now and then two into the same second and none into the next.
  for (const char* name : {"vus", "vus_max"}) {
    auto& values =
        std::find_if(history.columns.begin(), history.columns.end(), [name](const auto& each) {
          return each.name == name;
        })->values;
    for (size_t i = 1; i < values.size(); ++i) {
      values[i] = std::isnan(values[i]) ? values[i - 1] : values[i];
    }
  }
  FreezeLanes(history.first, end, last_length_s, &history);
  BlankUnknown(&history);
  AddPast(&history);
  FreezeTables(last, &history);
  return history;
}

void Timeline::BlankUnknown(History* history) const {
  const uint64_t unknown =
      std::min(history->points, known_from_ - std::min(known_from_, history->first));
  const auto blank = [unknown](std::vector<HistoryColumn>& columns) {
    for (HistoryColumn& column : columns) {
      std::fill_n(column.values.begin(), unknown, kNoValue);
    }
  };
  blank(history->columns);
  for (std::vector<HistoryLane>* lanes : {&history->metrics, &history->agents}) {
    for (HistoryLane& lane : *lanes) {
      blank(lane.columns);
    }
  }
}

void Timeline::FreezePoint(const Point& point, double length_s, History* history) const {
  const auto per_s = [length_s](double value) { return value / length_s; };
  const Spread& times = point.durations;
  const bool timed = times.count() > 0;
  const auto time = [timed](double value) { return timed ? value : kNoValue; };
  Append(&history->columns, {per_s(point.requests),
                             per_s(point.failed),
                             per_s(point.by_class[k2xx]),
                             per_s(point.by_class[k3xx]),
                             per_s(point.by_class[k4xx]),
                             per_s(point.by_class[k5xx]),
                             per_s(point.by_class[kError]),
                             per_s(point.by_class[kOther]),
                             per_s(point.iterations),
                             per_s(point.dropped),
                             per_s(point.sent),
                             per_s(point.received),
                             time(times.avg()),
                             time(times.Percentile(0.5)),
                             time(times.Percentile(0.9)),
                             time(times.Percentile(0.95)),
                             time(times.Percentile(0.99)),
                             time(times.max()),
                             point.vus,
                             point.vus_max});
  history->heat.push_back(Heat(times));
}

void Timeline::FreezeLanes(uint64_t first, uint64_t end, double last_length_s,
                           History* history) const {
  const auto length = [&](uint64_t i) { return i + 1 == end ? last_length_s : step_s_; };
  static const MetricPoint nothing;
  for (size_t at = 0; at < metrics_.size(); ++at) {
    const Metric& metric = metrics_[at];
    HistoryLane lane{metric.name, metric.type, metric.contains, ColumnsOf(metric.type)};
    for (uint64_t i = first; i < end; ++i) {
      const MetricPoint& point = at < points_[i].metrics.size() ? points_[i].metrics[at] : nothing;
      const bool there = point.total > 0;
      const auto or_none = [there](double value) { return there ? value : kNoValue; };
      switch (metric.type) {
        case MetricType::kCounter:
          Append(&lane.columns, {point.sum / length(i)});
          break;
        case MetricType::kGauge:
          Append(&lane.columns, {or_none(point.sum)});
          break;
        case MetricType::kRate:
          Append(&lane.columns, {or_none(point.sum / static_cast<double>(point.total))});
          break;
        case MetricType::kTrend:
          Append(&lane.columns,
                 {static_cast<double>(point.total) / length(i), or_none(point.spread.avg()),
                  or_none(point.spread.Percentile(0.5)), or_none(point.spread.Percentile(0.95)),
                  or_none(point.spread.max())});
          break;
      }
    }
    history->metrics.push_back(std::move(lane));
  }
  for (size_t at = 0; at < agents_.size(); ++at) {
    HistoryLane lane;
    lane.name = agents_[at];
    lane.columns = Named({"vus", "requests", "failed", "cpu", "lag"});
    for (uint64_t i = first; i < end; ++i) {
      static const AgentPoint absent;
      const AgentPoint& point = at < points_[i].agents.size() ? points_[i].agents[at] : absent;
      Append(&lane.columns, {point.there ? point.vus : kNoValue, point.requests / length(i),
                             point.failed / length(i), point.cpu, point.lag_ms});
    }
    history->agents.push_back(std::move(lane));
  }
}

void Timeline::FreezeTables(bool last, History* history) const {
  history->folded_metrics = folded_metrics_;
  history->folded_agents = folded_agents_;
  history->folded_names = folded_names_.size();
  history->thresholds = thresholds_;
  for (const auto& [key, requests] : requests_) {
    const auto& [kind, method, name] = key;
    const uint64_t values = requests.durations.count();
    if (requests.ranks.empty() || values > requests.ranked + (last ? 0 : requests.ranked / 50)) {
      requests.ranks = requests.durations.Percentiles({0.5, 0.95, 0.99});
      requests.ranked = values;
    }
    history->requests.push_back({kind, method, name, requests.count, requests.failed,
                                 requests.durations.avg(), requests.ranks[0], requests.ranks[1],
                                 requests.ranks[2], requests.durations.max()});
  }
  AddPastRequests(history);
  std::stable_sort(history->requests.begin(), history->requests.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
}

}  // namespace lockstep
