// The summary in k6's newer shape for programs, as k6 2.2 writes its schema 1.0.0
// (--new-machine-readable-summary).
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"

#include "common/base/version.h"
#include "common/summary/summary.h"

namespace lockstep {
namespace {

using nlohmann::json;

constexpr char kSchemaVersion[] = "1.0.0";

json ValuesJson(const SummaryMetric& metric) {
  json values = json::object();
  double total = 0;
  for (const auto& [name, value] : metric.values) {
    if (metric.type == MetricType::kCounter && name != "count") {
      continue;
    }
    if (metric.type == MetricType::kRate && name != "rate") {
      total += value;
      if (name == "passes") {
        values["matches"] = ExactNumber(value);
      }
      continue;
    }
    values[absl::StrReplaceAll(name, {{"(", ""}, {")", ""}})] = ExactNumber(value);  // p(95): p95
  }
  if (metric.type == MetricType::kRate) {
    values["total"] = ExactNumber(total);
  }
  return values;
}

json MetricJson(const SummaryMetric& metric) {
  return {{"name", metric.key},
          {"type", std::string(MetricTypeName(metric.type))},
          {"contains", std::string(ValueTypeName(metric.contains))},
          {"values", ValuesJson(metric)}};
}

json MetricsJson(const Summary& summary) {
  json metrics = json::array();
  for (const SummaryMetric& metric : summary.metrics) {
    if (metric.asked_for && metric.key != "checks") {
      metrics.push_back(MetricJson(metric));
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
  const auto share = [total](double part) { return total > 0 ? part / total : 0; };
  SummaryMetric all, succeeded, failed;
  all.key = "checks_total";
  all.values = {{"count", total}};
  succeeded.key = "checks_succeeded";
  succeeded.values = {{"rate", share(passes)}, {"passes", passes}, {"fails", fails}};
  failed.key = "checks_failed";
  failed.values = {{"rate", share(fails)}, {"passes", fails}, {"fails", passes}};
  succeeded.type = failed.type = MetricType::kRate;
  json metrics = json::array();
  for (const SummaryMetric* metric : {&all, &failed, &succeeded}) {
    metrics.push_back(MetricJson(*metric));
  }
  return {{"metrics", std::move(metrics)}, {"results", std::move(results)}};
}

}  // namespace

json MachineReadableSummary(const Summary& summary, const std::string& script, absl::Time now) {
  json results = {{"metrics", MetricsJson(summary)}};
  if (json checks = ChecksJson(summary); !checks.is_null()) {
    results["checks"] = std::move(checks);
  }
  return {{"version", kSchemaVersion},
          {"metadata",
           {{"generated_at", absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", now, absl::UTCTimeZone())},
            {"k6_version", kK6Version}}},
          {"config",
           {{"execution", "local"},
            {"script", script},
            {"duration", ExactNumber(absl::ToDoubleSeconds(summary.duration))}}},
          {"results", std::move(results)}};
}

}  // namespace lockstep
