#include "common/timeline/timeline.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/match.h"

#include "common/health/lag.h"

namespace lockstep {
namespace {

// How far after the last tick a batch may be stamped.
constexpr double kAheadSeconds = 2;
constexpr size_t kMostFoldedNames = 10'000;

absl::string_view TagOf(const TagList& tags, absl::string_view key) {
  const std::string* const value = FindTag(tags, key);
  return value == nullptr ? "" : absl::string_view(*value);
}

// What is in columns of its own, or is told by ticks.
bool HasColumn(absl::string_view metric) {
  static constexpr absl::string_view kColumns[] = {"http_reqs",
                                                   "http_req_failed",
                                                   "http_req_duration",
                                                   "iterations",
                                                   "dropped_iterations",
                                                   "data_sent",
                                                   "data_received",
                                                   "vus",
                                                   "vus_max"};
  return std::find(std::begin(kColumns), std::end(kColumns), metric) != std::end(kColumns);
}

// Of HTTP's metrics: whether it says something of the requests of a name.
bool IsCounted(absl::string_view metric) {
  return metric == "http_reqs" || metric == "http_req_failed" || metric == "http_req_duration";
}

// The delays of `now` that are not in `before`; both count from T0.
v1::Lag Since(const v1::Lag& before, const v1::Lag& now) {
  v1::Lag lag;
  lag.set_max_ns(now.max_ns());
  for (int i = 0; i < now.counts_size(); ++i) {
    const uint64_t old = i < before.counts_size() ? before.counts(i) : 0;
    lag.add_counts(now.counts(i) - std::min(old, now.counts(i)));
  }
  return lag;
}

}  // namespace

void Timeline::Add(const std::string& agent, const Batch& batch) {
  const Place place = PlaceOf(agent, batch);
  std::vector<Requests*> http(batch.tag_sets.size(), nullptr);  // by their tags
  for (const SeriesDelta& series : batch.series) {
    const Metric& metric = batch.metrics[series.metric];
    const TagList& tags = batch.tag_sets[series.tag_set];
    if (absl::StartsWith(metric.name, "http_req")) {
      Requests*& requests = http[series.tag_set];
      if (requests == nullptr && IsCounted(metric.name)) {
        requests = &RequestsOf("HTTP", tags);
      }
      AddHttp(metric, series, tags, place, requests);
    } else if (metric.name == "grpc_req_duration") {
      AddGrpc(series, tags);
    }
    if (place.point == nullptr) {
      continue;
    }
    Point& point = *place.point;
    if (!HasColumn(metric.name)) {
      AddToMetric(MetricIndex(metric), series.aggregate, &point);
    } else if (metric.type == MetricType::kCounter) {
      const double sum = series.aggregate.counter().sum();
      (metric.name == "iterations"           ? point.iterations
       : metric.name == "dropped_iterations" ? point.dropped
       : metric.name == "data_sent"          ? point.sent
       : metric.name == "data_received"      ? point.received
                                             : point.requests) += sum;
    }
  }
}

void Timeline::AddHttp(const Metric& metric, const SeriesDelta& series, const TagList& tags,
                       const Place& place, Requests* requests) {
  if (metric.name == "http_reqs") {
    const double sum = series.aggregate.counter().sum();
    requests->count += static_cast<uint64_t>(std::clamp(sum, 0.0, 9e18));
    if (place.point != nullptr) {
      place.point->by_class[ClassOf(tags)] += sum;
    }
    if (place.agent != nullptr) {
      place.agent->requests += sum;
    }
  } else if (metric.name == "http_req_failed") {
    const uint64_t failed = series.aggregate.rate().trues;
    requests->failed += failed;
    if (place.point != nullptr) {
      place.point->failed += static_cast<double>(failed);
    }
    if (place.agent != nullptr) {
      place.agent->failed += static_cast<double>(failed);
    }
  } else if (metric.name == "http_req_duration") {
    requests->durations.Merge(series.aggregate.trend());
    if (place.point != nullptr) {
      place.point->durations.Add(series.aggregate.trend());
    }
  }
}

// gRPC counts no requests of its own: each has a duration, and a status that is 0 if it went well.
void Timeline::AddGrpc(const SeriesDelta& series, const TagList& tags) {
  Requests& requests = RequestsOf("gRPC", tags);
  const uint64_t count = series.aggregate.count();
  requests.count += count;
  const absl::string_view status = TagOf(tags, "status");
  if (!status.empty() && status != "0") {
    requests.failed += count;
  }
  requests.durations.Merge(series.aggregate.trend());
}

void Timeline::AddToMetric(int index, const Aggregate& aggregate, Point* point) {
  if (index < 0) {
    return;
  }
  const auto at = static_cast<size_t>(index);
  if (point->metrics.size() <= at) {
    point->metrics.resize(at + 1);
  }
  MetricPoint& metric = point->metrics[at];
  switch (aggregate.type()) {
    case MetricType::kCounter:
      metric.sum += aggregate.counter().sum();
      break;
    case MetricType::kGauge:
      metric.sum = aggregate.gauge().last;
      break;
    case MetricType::kRate:
      metric.sum += static_cast<double>(aggregate.rate().trues);
      break;
    case MetricType::kTrend:
      metric.spread.Add(aggregate.trend());
      break;
  }
  metric.total += aggregate.count();
}

Timeline::Class Timeline::ClassOf(const TagList& tags) {
  absl::string_view status = TagOf(tags, "status_class");
  if (status == "error") {
    return kError;
  }
  if (status.empty()) {
    status = TagOf(tags, "status");
    if (status == "0") {
      return kError;
    }
  }
  switch (status.empty() ? ' ' : status[0]) {
    case '2':
      return k2xx;
    case '3':
      return k3xx;
    case '4':
      return k4xx;
    case '5':
      return k5xx;
    default:
      return kOther;
  }
}

Timeline::Requests& Timeline::RequestsOf(absl::string_view kind, const TagList& tags) {
  absl::string_view name = TagOf(tags, "name");
  if (name.empty()) {
    name = TagOf(tags, "url");
  }
  // gRPC's name says the method.
  const absl::string_view method = kind == "HTTP" ? TagOf(tags, "method") : "";
  if (name.empty() && IsFolded(tags)) {  // it has lost its name
    return requests_[NameKey(kind, "", kOtherNames)];
  }
  NameKey key(kind, method, name);
  if (auto found = requests_.find(key); found != requests_.end()) {
    return found->second;
  }
  if (requests_.size() >= kMostNames) {
    if (folded_names_.size() < kMostFoldedNames) {
      folded_names_.insert(absl::HashOf(std::get<1>(key), std::get<2>(key)));
    }
    key = NameKey(kind, "", kOtherNames);
  }
  return requests_[std::move(key)];
}

int Timeline::MetricIndex(const Metric& metric) {
  const auto [found, added] = metric_index_.try_emplace(metric.name, -1);
  if (added) {
    if (metrics_.size() < kMostMetrics) {
      found->second = static_cast<int>(metrics_.size());
      metrics_.push_back(metric);
    } else {
      ++folded_metrics_;
    }
  }
  // A metric that another agent defines differently is refused by the store before it comes here.
  return found->second;
}

int Timeline::AgentIndex(const std::string& name) {
  const auto [found, added] = agent_index_.try_emplace(name, -1);
  if (added) {
    if (agents_.size() < kMostAgents) {
      found->second = static_cast<int>(agents_.size());
      agents_.push_back(name);
      agent_states_.emplace_back();
    } else {
      ++folded_agents_;
    }
  }
  return found->second;
}

Timeline::Place Timeline::PlaceOf(const std::string& agent, const Batch& batch) {
  const absl::Time middle = batch.begin + (batch.end - batch.begin) / 2;
  if (middle < t0_) {
    return {};
  }
  const double after_s =
      std::min(absl::ToDoubleSeconds(middle - t0_), told_until_s_ + kAheadSeconds);
  Place place;
  place.point = &At(static_cast<uint64_t>(after_s / step_s_));
  if (const int index = AgentIndex(agent); index >= 0) {
    const auto at = static_cast<size_t>(index);
    if (place.point->agents.size() <= at) {
      place.point->agents.resize(at + 1);
    }
    place.agent = &place.point->agents[at];
  }
  return place;
}

Timeline::Point& Timeline::At(uint64_t index) {
  while (index >= kMostPoints) {
    Halve();
    index /= 2;
  }
  while (points_.size() <= index) {
    points_.emplace_back();
  }
  for (uint64_t& changed : changed_) {
    changed = std::min(changed, index);
  }
  return points_[index];
}

void Timeline::BeginAt(absl::Duration after_t0) {
  told_until_s_ = absl::ToDoubleSeconds(after_t0);
  known_from_ = static_cast<uint64_t>(std::ceil(told_until_s_ / step_s_));
}

void Timeline::Halve() {
  const size_t pairs = (points_.size() + 1) / 2;
  for (size_t i = 0; i < pairs; ++i) {
    Point pair = std::move(points_[2 * i]);
    if (2 * i + 1 < points_.size()) {
      Absorb(points_[2 * i + 1], metrics_, &pair);
    }
    points_[i] = std::move(pair);
  }
  points_.resize(pairs);
  step_s_ *= 2;
  known_from_ = (known_from_ + 1) / 2;
  past_ = Halved(past_);
  changed_.fill(0);
}

void Timeline::Absorb(const Point& from, const std::vector<Metric>& metrics, Point* into) {
  for (double Point::*const field : {&Point::requests, &Point::failed, &Point::iterations,
                                     &Point::dropped, &Point::sent, &Point::received}) {
    into->*field += from.*field;
  }
  for (size_t i = 0; i < into->by_class.size(); ++i) {
    into->by_class[i] += from.by_class[i];
  }
  into->durations.Merge(from.durations);
  for (double Point::*const field : {&Point::vus, &Point::vus_max}) {
    into->*field = std::isnan(from.*field) ? into->*field : from.*field;
  }
  into->metrics.resize(std::max(into->metrics.size(), from.metrics.size()));
  for (size_t i = 0; i < from.metrics.size(); ++i) {
    MetricPoint& metric = into->metrics[i];
    if (from.metrics[i].total == 0) {
      continue;
    }
    metric.sum = from.metrics[i].sum + (metrics[i].type == MetricType::kGauge ? 0 : metric.sum);
    metric.total += from.metrics[i].total;
    metric.spread.Merge(from.metrics[i].spread);
  }
  into->agents.resize(std::max(into->agents.size(), from.agents.size()));
  for (size_t i = 0; i < from.agents.size(); ++i) {
    AgentPoint& agent = into->agents[i];
    const AgentPoint& later = from.agents[i];
    agent.requests += later.requests;
    agent.failed += later.failed;
    if (later.there) {
      agent.vus = later.vus;
      agent.there = true;
    }
    agent.cpu = std::isnan(agent.cpu)   ? later.cpu
                : std::isnan(later.cpu) ? agent.cpu
                                        : (agent.cpu + later.cpu) / 2;
    agent.lag_ms = std::fmax(agent.lag_ms, later.lag_ms);  // which passes over what is none
  }
}

void Timeline::Tick(const TimelineTick& tick) {
  const double elapsed_s = absl::ToDoubleSeconds(tick.elapsed);
  if (!(elapsed_s > 0)) {
    return;
  }
  told_until_s_ = std::max(told_until_s_, elapsed_s);
  for (const TimelineTick::ThresholdState& state : tick.thresholds) {
    NoteThreshold(state, elapsed_s);
  }
  Point& point = At(static_cast<uint64_t>(elapsed_s / step_s_));
  point.vus = static_cast<double>(tick.vus);
  point.vus_max = static_cast<double>(tick.vus_max);
  for (const TimelineTick::Agent& agent : tick.agents) {
    const int index = AgentIndex(agent.name);
    if (index < 0) {
      continue;
    }
    const auto at = static_cast<size_t>(index);
    if (point.agents.size() <= at) {
      point.agents.resize(at + 1);
    }
    AgentPoint& lane = point.agents[at];
    lane.there = true;
    lane.vus = static_cast<double>(agent.vus);
    v1::Health& before = agent_states_[at].health;
    const double measured_s = agent.health.measured_s() - before.measured_s();
    if (measured_s > 0) {
      const double cores = agent.health.cores() > 0 ? agent.health.cores() : 1;
      lane.cpu = std::max(agent.health.cpu_s() - before.cpu_s(), 0.0) / measured_s / cores;
      lane.lag_ms = absl::ToDoubleMilliseconds(
          LagPercentile(Since(before.loop_lag(), agent.health.loop_lag()), 0.99));
      before = agent.health;
    }
  }
}

void Timeline::NoteThreshold(const TimelineTick::ThresholdState& state, double at_s) {
  auto found =
      std::find_if(thresholds_.begin(), thresholds_.end(), [&state](const HistoryThreshold& each) {
        return each.metric == state.metric && each.expression == state.expression;
      });
  if (found == thresholds_.end()) {
    found = thresholds_.insert(thresholds_.end(), {state.metric, state.expression, {}});
    failing_.push_back(false);
  }
  const auto index = static_cast<size_t>(found - thresholds_.begin());
  if (state.failing && !failing_[index] && found->failing.size() < kMostFailures) {
    found->failing.emplace_back(at_s, at_s);
  }
  if (state.failing || failing_[index]) {
    found->failing.back().second = at_s;
  }
  failing_[index] = state.failing;
}

uint64_t Timeline::TakeChanged(Follower follower) {
  // What Freeze does not give yet is news the next time.
  return std::exchange(changed_[follower], PointsUntil(told_until_s_ - kBatchesWithinSeconds));
}

}  // namespace lockstep
