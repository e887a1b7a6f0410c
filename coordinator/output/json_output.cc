#include "coordinator/output/json_output.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"

#include "common/base/json_text.h"
#include "common/base/number_text.h"
#include "common/base/rfc3339.h"
#include "common/metrics/aggregate_store.h"
#include "common/options/duration.h"
#include "coordinator/output/text_sink.h"

namespace lockstep::coordinator {
namespace {

using nlohmann::json;

// Its expression, or an object where there is more to say.
json ThresholdJson(const ThresholdConfig& threshold) {
  if (!threshold.abort_on_fail) {
    return threshold.expression;
  }
  const bool delayed = threshold.delay_abort_eval > absl::ZeroDuration();
  return {
      {"threshold", threshold.expression},
      {"abortOnFail", true},
      {"delayAbortEval", delayed ? json(DurationText(threshold.delay_abort_eval)) : json(nullptr)}};
}

json SubmetricJson(absl::string_view text, const MetricKey& key) {
  json tags = json::object();
  std::vector<std::string> suffix;
  for (const auto& [name, value] : key.tags) {
    tags[name] = value;
    suffix.push_back(absl::StrCat(name, ":", value));
  }
  return {{"name", std::string(text)},
          {"suffix", absl::StrJoin(suffix, ",")},
          {"tags", std::move(tags)}};
}

// One metric exists in every test beside those that thresholds ask for.
std::string DefinitionLine(
    const Metric& metric,
    const std::map<std::string, std::vector<ThresholdConfig>>& all_thresholds) {
  json thresholds = json::array();
  json submetrics;
  if (metric.name == "http_req_duration" &&
      !all_thresholds.contains(std::string(kSuccessDurations))) {
    submetrics.push_back(SubmetricJson(kSuccessDurations, *ParseMetricKey(kSuccessDurations)));
  }
  for (const auto& [text, configs] : all_thresholds) {
    const absl::StatusOr<MetricKey> key = ParseMetricKey(text);
    if (!key.ok() || key->metric != metric.name) {
      continue;
    }
    if (key->is_submetric()) {
      submetrics.push_back(SubmetricJson(text, *key));
      continue;
    }
    for (const ThresholdConfig& config : configs) {
      thresholds.push_back(ThresholdJson(config));
    }
  }
  const json data = {{"name", metric.name},
                     {"type", std::string(MetricTypeName(metric.type))},
                     {"contains", std::string(ValueTypeName(metric.contains))},
                     {"thresholds", std::move(thresholds)},
                     {"submetrics", std::move(submetrics)}};
  return absl::StrCat(R"({"type":"Metric","data":)", JsonText(data), R"(,"metric":)",
                      JsonText(json(metric.name)), "}\n");
}

// `"tags":{...}` and, if there is any, `,"metadata":{...}`.
std::string TagsText(const TagList& tags) {
  json indexed = json::object();
  json metadata = json::object();
  for (const auto& [key, value] : tags) {
    (IsMetadata(key) ? metadata : indexed)[std::string(TagName(key))] = value;
  }
  std::string text = absl::StrCat(R"("tags":)", JsonText(indexed));
  if (!metadata.empty()) {
    absl::StrAppend(&text, R"(,"metadata":)", JsonText(metadata));
  }
  return text;
}

class JsonOutput final : public LinesOutput {
 public:
  JsonOutput(absl::string_view path, const OutputContext& context)
      : LinesOutput("json", std::string(path), context), thresholds_(context.thresholds) {}

  void Write(const Batch& batch) override {
    std::vector<std::string> tags(batch.tag_sets.size());
    std::vector<std::string> heads(batch.metrics.size());
    for (const Point& point : batch.points) {
      const Metric& metric = batch.metrics[point.metric];
      std::string& head = heads[point.metric];
      if (head.empty()) {
        if (defined_.insert(metric.name).second) {
          Append(DefinitionLine(metric, thresholds_));
        }
        head = absl::StrCat(R"({"metric":)", JsonText(json(metric.name)),
                            R"(,"type":"Point","data":{"time":")");
      }
      std::string& tag_text = tags[point.tag_set];
      if (tag_text.empty()) {
        tag_text = TagsText(batch.tag_sets[point.tag_set]);
      }
      Append(absl::StrCat(head, Rfc3339(absl::FromUnixNanos(point.unix_nanos)), R"(","value":)",
                          ShortestNumber(point.value), ",", tag_text, "}}\n"));
    }
  }

 private:
  const std::map<std::string, std::vector<ThresholdConfig>> thresholds_;
  absl::flat_hash_set<std::string> defined_;
};

}  // namespace

MadeOutput MakeJsonOutput(absl::string_view argument, const OutputContext& context) {
  return std::make_unique<JsonOutput>(argument, context);
}

}  // namespace lockstep::coordinator
