// The summary for programs: handleSummary's data, and the older shape of --summary-export.
#include <cmath>

#include <openssl/evp.h>

#include "absl/strings/escaping.h"

#include "common/base/rfc3339.h"
#include "common/base/safe_integer.h"
#include "common/summary/summary.h"

namespace lockstep {

std::string SummaryId(absl::string_view path) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_Digest(path.data(), path.size(), digest, &length, EVP_md5(), nullptr);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), length));
}

using nlohmann::json;

json ExactNumber(double value) {
  if (std::abs(value) <= kMaxSafeInteger &&
      value == static_cast<double>(static_cast<int64_t>(value))) {
    return static_cast<int64_t>(value);
  }
  return value;
}

namespace {

json CheckJson(const SummaryCheck& check) {
  return {{"name", check.name},
          {"path", check.path},
          {"id", SummaryId(check.path)},
          {"passes", check.passes},
          {"fails", check.fails}};
}

// `keyed`: groups and checks as objects by name, otherwise as lists.
json GroupJson(const SummaryGroup& group, bool keyed) {
  json groups = keyed ? json::object() : json::array();
  json checks = keyed ? json::object() : json::array();
  for (const SummaryGroup& child : group.groups) {
    if (keyed) {
      groups[child.name] = GroupJson(child, keyed);
    } else {
      groups.push_back(GroupJson(child, keyed));
    }
  }
  for (const SummaryCheck& check : group.checks) {
    if (keyed) {
      checks[check.name] = CheckJson(check);
    } else {
      checks.push_back(CheckJson(check));
    }
  }
  return {{"name", group.name},
          {"path", group.path},
          {"id", SummaryId(group.path)},
          {"groups", std::move(groups)},
          {"checks", std::move(checks)}};
}

json ValuesJson(const SummaryMetric& metric, bool rate_as_value) {
  json values = json::object();
  for (const auto& [name, value] : metric.values) {
    const bool renamed = rate_as_value && metric.type == MetricType::kRate && name == "rate";
    values[renamed ? "value" : name] = ExactNumber(value);
  }
  return values;
}

// k6's readers know nothing of them, so they are there only where something failed.
void AddErrors(const Summary& summary, json* data) {
  if (!summary.errors.empty() || summary.folded_errors > 0) {
    (*data)["errors"] = ErrorsJson(summary.errors);
    (*data)["foldedErrors"] = summary.folded_errors;
  }
}

}  // namespace

json ErrorsJson(const std::vector<ErrorRow>& errors) {
  json rows = json::array();
  for (const ErrorRow& row : errors) {
    rows.push_back({{"cause", row.error.cause},
                    {"method", row.error.method},
                    {"name", row.error.name},
                    {"count", row.error.count},
                    {"first", Rfc3339(absl::FromUnixNanos(row.error.first_unix_nanos))},
                    {"agents", row.agents}});
  }
  return rows;
}

json HandleSummaryData(const Summary& summary, const SummaryEnvironment& environment) {
  json metrics = json::object();
  for (const SummaryMetric& metric : summary.metrics) {
    if (!metric.asked_for) {
      continue;
    }
    json out = {{"type", std::string(MetricTypeName(metric.type))},
                {"contains", std::string(ValueTypeName(metric.contains))},
                {"values", ValuesJson(metric, /*rate_as_value=*/false)}};
    if (!metric.thresholds.empty()) {
      json thresholds = json::object();
      for (const SummaryThreshold& threshold : metric.thresholds) {
        thresholds[threshold.expression] = {{"ok", threshold.ok}};
      }
      out["thresholds"] = std::move(thresholds);
    }
    metrics[metric.key] = std::move(out);
  }
  json data = {
      {"root_group", GroupJson(summary.root, /*keyed=*/false)},
      {"options",
       {{"summaryTrendStats", summary.config.trend_stats},
        {"summaryTimeUnit", summary.config.time_unit},
        {"noColor", environment.no_color}}},
      {"state",
       {{"isStdOutTTY", environment.stdout_is_tty},
        {"isStdErrTTY", environment.stderr_is_tty},
        {"testRunDurationMs", ExactNumber(absl::ToDoubleMilliseconds(summary.duration))}}},
      {"metrics", std::move(metrics)},
  };
  if (environment.setup_data_json) {
    json setup = json::parse(*environment.setup_data_json, nullptr, /*allow_exceptions=*/false);
    data["setup_data"] = setup.is_discarded() ? json() : std::move(setup);
  }
  AddErrors(summary, &data);
  return data;
}

json SummaryExport(const Summary& summary) {
  json metrics = json::object();
  for (const SummaryMetric& metric : summary.metrics) {
    if (!metric.asked_for) {
      continue;
    }
    json out = ValuesJson(metric, /*rate_as_value=*/true);
    if (!metric.thresholds.empty()) {
      json thresholds = json::object();
      for (const SummaryThreshold& threshold : metric.thresholds) {
        thresholds[threshold.expression] = !threshold.ok;
      }
      out["thresholds"] = std::move(thresholds);
    }
    metrics[metric.key] = std::move(out);
  }
  return {{"metrics", std::move(metrics)}, {"root_group", GroupJson(summary.root, /*keyed=*/true)}};
}

}  // namespace lockstep
