// The summary in k6's newer shape for programs, by its published schema 1.0.0 (--new-machine-readable-summary).
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "common/base/version.h"
#include "common/summary/summary.h"

namespace lockstep {
namespace {

using nlohmann::json;

constexpr char kSchemaVersion[] = "1.0.0";

json MetricJson(const SummaryMetric& metric, absl::string_view category) {
  json values = json::object();
  for (const auto& [name, value] : metric.values) {
    values[name] = ExactNumber(value);
  }
  if (metric.type == MetricType::kTrend) {
    values["count"] = metric.samples;
  }
  return {{"name", metric.key},
          {"type", std::string(MetricTypeName(metric.type))},
          {"contains", std::string(ValueTypeName(metric.contains))},
          {"category", std::string(category)},
          {"values", std::move(values)}};
}

json MetricsJson(const Summary& summary) {
  json metrics = json::array();
  for (const SummaryMetric& metric : summary.metrics) {
    if (metric.asked_for && metric.key != "checks") {
      metrics.push_back(MetricJson(metric, CategoryOf(metric)));
    }
  }
  return metrics;
}

// Null if there were no checks.
json ChecksJson(const Summary& summary) {
  const std::vector<SummaryCheck> checks = AllChecks(summary.root);
  if (checks.empty()) {
    return nullptr;
  }
  double passes = 0, fails = 0;
  json results = json::array();
  for (const SummaryCheck& check : checks) {
    passes += static_cast<double>(check.passes);
    fails += static_cast<double>(check.fails);
    results.push_back({{"name", check.name}, {"passes", check.passes}, {"fails", check.fails}});
  }
  const double total = passes + fails;
  const double seconds = absl::ToDoubleSeconds(summary.duration);
  const auto share = [total](double part) { return total > 0 ? part / total : 0; };
  SummaryMetric all, succeeded, failed;
  all.key = "checks_total";
  all.values = {{"count", total}, {"rate", seconds > 0 ? total / seconds : 0}};
  succeeded.key = "checks_succeeded";
  succeeded.values = {{"rate", share(passes)}, {"passes", passes}, {"fails", fails}};
  failed.key = "checks_failed";
  failed.values = {{"rate", share(fails)}, {"passes", fails}, {"fails", passes}};
  succeeded.type = failed.type = MetricType::kRate;
  json metrics = json::array();
  for (const SummaryMetric* metric : {&all, &succeeded, &failed}) {
    metrics.push_back(MetricJson(*metric, "execution"));
  }
  return {{"metrics", std::move(metrics)}, {"results", std::move(results)}};
}

}  // namespace

json MachineReadableSummary(const Summary& summary, const MachineReadableFacts& facts) {
  json results = {{"passed", facts.passed}, {"metrics", MetricsJson(summary)}};
  if (json checks = ChecksJson(summary); !checks.is_null()) {
    results["checks"] = std::move(checks);
  }
  return {
      {"version", kSchemaVersion},
      {"metadata",
       {{"generatedAt", absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", facts.now, absl::UTCTimeZone())},
        {"k6Version", kK6Version}}},
      {"config",
       {{"execution", "local"},
        {"script", facts.script},
        {"duration", ExactNumber(absl::ToDoubleSeconds(summary.duration))}}},
      {"results", std::move(results)}};
}

}  // namespace lockstep
