// A run with something of everything, for the tests of pages.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "coordinator/page/page_model.h"

namespace lockstep::coordinator {

inline void AddMetric(const std::string& key, MetricType type, ValueType contains,
                      const std::vector<double>& values, RunResult* result) {
  ResultMetric metric;
  metric.key = key;
  metric.metric = {key.substr(0, key.find('{')), type, contains};
  metric.aggregate = Aggregate(type);
  for (const double value : values) {
    metric.aggregate.Add(value, absl::FromUnixSeconds(1));
  }
  result->metrics.push_back(std::move(metric));
}

// Four requests in two seconds: one of 10 ms and three of 40 ms; the last one failed.
inline RunResult SampleResult() {
  RunResult result;
  result.version = "9.9";
  result.script = "</script><b>.js";
  result.begin = absl::FromUnixSeconds(1'700'000'000);
  result.duration = absl::Seconds(2);
  AddMetric("http_req_duration", MetricType::kTrend, ValueType::kTime, {10, 40, 40, 40}, &result);
  AddMetric(std::string(kSuccessDurations), MetricType::kTrend, ValueType::kTime, {10, 40, 40},
            &result);
  AddMetric(std::string(kFailureDurations), MetricType::kTrend, ValueType::kTime, {40}, &result);
  AddMetric("http_req_failed", MetricType::kRate, ValueType::kDefault, {0, 0, 0, 1}, &result);
  AddMetric("http_reqs", MetricType::kCounter, ValueType::kDefault, {1, 1, 1, 1}, &result);
  AddMetric("iterations", MetricType::kCounter, ValueType::kDefault, {1, 1}, &result);
  AddMetric("vus", MetricType::kGauge, ValueType::kDefault, {3, 2}, &result);
  AddMetric("vus_max", MetricType::kGauge, ValueType::kDefault, {5}, &result);
  result.metrics[0].thresholds = {
      {.expression = "p(95)<20", .method = "p(95)", .ok = false, .value = 38.5},
      {.expression = "avg<100", .method = "avg", .ok = true, .value = 25}};
  result.checks = {
      {.name = "fine", .path = "::login::fine", .first_seen = {}, .passes = 3, .fails = 1}};
  result.verdict.word = VerdictWord::kFailed;
  result.verdict.thresholds = {.failed = 1, .total = 2};
  result.verdict.thresholds_judged = 2;
  result.verdict.requests = {.failed = 1, .total = 4};
  result.verdict.checks = {.failed = 1, .total = 4};
  ErrorRow error;
  error.error.cause = "500 <x>";
  error.error.method = "GET";
  error.error.name = "/y";
  error.error.count = 12;
  error.error.first_unix_nanos = absl::ToUnixNanos(result.begin + absl::Milliseconds(1500));
  error.agents = {{"a", 5}, {"b", 7}};
  result.errors = {error};
  result.folded_errors = 3;
  History history;
  history.points = 2;
  history.columns = {{"requests", {2, 2}}, {"failed", {0, 1}}};
  history.heat = {{{14, 2}}, {{20, 2}}};
  history.requests = {{"HTTP", "GET", "http://x/?a=<1>", 4, 1, 25, 25, 38.5, 39.7, 40}};
  history.thresholds = {{"http_req_duration", "p(95)<20", {{1.5, 2}}}};
  history.scenarios = {{"s", "constant-vus", "done", 2, 0, 7, 1.25}};
  history.environment = {{"system", "Linux <6>"}};
  history.options_json = R"({"vus":3})";
  history.log = {{1, "error", "it <failed>"}};
  result.history = history;
  return result;
}

}  // namespace lockstep::coordinator
