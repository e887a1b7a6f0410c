// A run second by second, as pages and files have it. Values only; made by Timeline, written and
// read as JSON by common/result.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "common/metrics/metric.h"
#include "common/timeline/spread.h"

namespace lockstep {

// Where a column has nothing to say.
inline constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

// One value for each point.
struct HistoryColumn {
  std::string name;
  std::vector<double> values = {};  // kNoValue: none
};

// A metric or an agent over time.
struct HistoryLane {
  std::string name;
  MetricType type = MetricType::kCounter;    // of a metric
  ValueType contains = ValueType::kDefault;  // of a metric
  std::vector<HistoryColumn> columns;
};

// When a threshold was crossed: from the check that found it to the one that found it passing
// again, in seconds since T0.
struct HistoryThreshold {
  std::string metric;      // "http_reqs{status:200}"
  std::string expression;  // "p(95)<500"
  std::vector<std::pair<double, double>> failing;
};

// Requests of one name.
struct HistoryRequests {
  std::string kind;    // "HTTP", "gRPC"
  std::string method;  // "GET"; empty: it has none
  std::string name;
  uint64_t count = 0;
  uint64_t failed = 0;
  // Milliseconds.
  double avg = 0;
  double p50 = 0;
  double p95 = 0;
  double p99 = 0;
  double max = 0;
};

struct HistoryScenario {
  std::string name;
  std::string executor;
  std::string state;
  uint64_t iterations = 0;
  uint64_t interrupted = 0;
  uint64_t dropped = 0;
  double max_lateness_ms = 0;
};

struct HistoryLogLine {
  double after_s = 0;  // since T0; negative: before
  std::string level;   // "info"
  std::string text;    // with its fields
};

struct History {
  // Point i is of the time from (first + i) * step_s to (first + i + 1) * step_s after T0.
  double step_s = 1;
  uint64_t first = 0;
  uint64_t points = 0;
  // Per second: requests, failed, 2xx, 3xx, 4xx, 5xx, error, other, iterations, dropped, sent,
  // received (bytes).
  // Milliseconds: avg, p50, p90, p95, p99, max, of http_req_duration. vus and vus_max.
  std::vector<HistoryColumn> columns;
  // For each point the buckets of http_req_duration in milliseconds, four an octave: bucket i holds
  // (2^((i-1)/4), 2^(i/4)].
  std::vector<Spread::Buckets> heat;
  // Counter: rate (per second). Gauge: value. Rate: rate. Trend: count (per second), avg, p50, p95,
  // max.
  std::vector<HistoryLane> metrics;
  uint64_t folded_metrics = 0;  // that are not among them, as there were too many
  // vus, requests and failed (per second), cpu (share of what the agent may use), lag
  // (milliseconds, what 99 of 100 turns of its loops did not exceed).
  std::vector<HistoryLane> agents;
  uint64_t folded_agents = 0;
  std::vector<HistoryRequests> requests;  // the most frequent first
  uint64_t folded_names = 0;              // that share the row kOtherNames
  std::vector<HistoryThreshold> thresholds;
  std::vector<HistoryScenario> scenarios;
  // What is worth knowing when it is read later: version, system, agents. For people.
  std::vector<std::pair<std::string, std::string>> environment;
  std::string options_json;         // of the test, without secrets
  std::vector<HistoryLogLine> log;  // the last lines
  uint64_t dropped_log_lines = 0;
};

// The points `begin` to `end` - 1 of those that `history` has, and nothing else of it.
History PointsOf(const History& history, uint64_t begin, uint64_t end);
// The same points, put together in pairs: rates are the mean of both, what else there is of a time
// nearly so. Tables and texts stay.
History Halved(History history);
// Puts the points of `next` behind those of `whole`, of which they are the next ones. Lanes that
// come with them were not there before.
void AppendPoints(const History& next, History* whole);

}  // namespace lockstep
