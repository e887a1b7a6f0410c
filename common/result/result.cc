#include "common/result/result.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/rfc3339.h"
#include "common/messages/words.h"
#include "common/result/history_json.h"

namespace lockstep {
namespace {

using nlohmann::json;

json SumJson(const ExactSum& sum) {
  const ExactSum::Canonical canonical = sum.ToCanonical();
  json limbs = json::array();
  for (int64_t limb : canonical.limbs) {
    limbs.push_back(limb);
  }
  return {{"base", canonical.base}, {"limbs", std::move(limbs)}};
}

json BucketsJson(const Histogram::Buckets& buckets) {
  json pairs = json::array();
  for (const auto& [index, count] : buckets) {
    pairs.push_back(json::array({index, count}));
  }
  return pairs;
}

json DataJson(const Aggregate& aggregate) {
  switch (aggregate.type()) {
    case MetricType::kCounter:
      return {{"samples", aggregate.counter().count()},
              {"sum", aggregate.counter().sum()},
              {"exactSum", SumJson(aggregate.counter().exact_sum())}};
    case MetricType::kGauge: {
      const Gauge& gauge = aggregate.gauge();
      return {{"samples", gauge.samples},
              {"value", gauge.last},
              {"timeUnixNano", gauge.samples == 0 ? 0 : absl::ToUnixNanos(gauge.time)},
              {"min", gauge.min},
              {"max", gauge.max}};
    }
    case MetricType::kRate:
      return {{"trues", aggregate.rate().trues}, {"total", aggregate.rate().total}};
    case MetricType::kTrend:
      break;
  }
  const Trend::Folded folded = aggregate.trend().ToFolded();
  return {{"samples", folded.histogram.count()},
          {"sum", folded.sum.Value()},
          {"exactSum", SumJson(folded.sum)},
          {"min", folded.min},
          {"max", folded.max},
          {"histogram",
           {{"schema", Histogram::kSchema},
            {"zeros", folded.histogram.zeros()},
            {"positive", BucketsJson(folded.histogram.positive())},
            {"negative", BucketsJson(folded.histogram.negative())}}}};
}

json PercentilesJson(const std::vector<double>& ranks) {
  json percentiles = json::object();
  for (size_t i = 0; i < ranks.size(); ++i) {
    percentiles[absl::StrCat(100 * kResultRanks[i])] = ranks[i];
  }
  return percentiles;
}

}  // namespace

std::vector<double> ResultMetric::Ranks() const {
  return told_ranks.empty() ? aggregate.trend().Percentiles(kResultRanks) : told_ranks;
}

RunResult MakeResult(const AggregateStore& store, const Summary& summary) {
  RunResult result;
  result.duration = summary.duration;
  result.thresholds_ok = summary.thresholds_ok;
  result.checks = AllChecks(summary.root);
  result.errors = summary.errors;
  result.folded_errors = summary.folded_errors;
  std::map<absl::string_view, const SummaryMetric*> thresholds;
  for (const SummaryMetric& metric : summary.metrics) {
    thresholds[metric.key] = &metric;
  }
  for (const AggregateStore::Entry& entry : store.Entries()) {
    const std::string& key = entry.key->is_submetric() ? entry.key->text : entry.metric->name;
    const auto judged = thresholds.find(key);
    const bool has_thresholds = judged != thresholds.end() && !judged->second->thresholds.empty();
    if (entry.aggregate->empty() && !has_thresholds) {
      continue;
    }
    ResultMetric metric{.key = key,
                        .metric = *entry.metric,
                        .tags = entry.key->tags,
                        .aggregate = *entry.aggregate,
                        .thresholds = {}};
    if (has_thresholds) {
      metric.thresholds = judged->second->thresholds;
      if (judged->second->judged_nothing()) {
        for (SummaryThreshold& threshold : metric.thresholds) {
          threshold.value.reset();  // k6's 0 is not a measurement
        }
      }
    }
    result.metrics.push_back(std::move(metric));
  }
  return result;
}

json ValidityJson(absl::string_view word, const std::vector<std::string>& reasons,
                  const std::vector<LostAgent>& lost_agents) {
  json validity = {{"verdict", std::string(word)}, {"reasons", reasons}};
  for (const LostAgent& agent : lost_agents) {
    validity["lostAgents"].push_back(
        {{"name", agent.name},
         {"at", Rfc3339(agent.when)},
         {"afterMs",
          agent.after.has_value() ? json(absl::ToDoubleMilliseconds(*agent.after)) : json(nullptr)},
         {"reason", agent.reason},
         {"missing", agent.missing}});
  }
  return validity;
}

json ResultToJson(const RunResult& result) {
  json metrics = json::array();
  for (const ResultMetric& metric : result.metrics) {
    json tags = json::object();
    for (const auto& [name, value] : metric.tags) {
      tags[name] = value;
    }
    json thresholds = json::array();
    for (const SummaryThreshold& threshold : metric.thresholds) {
      thresholds.push_back({{"expression", threshold.expression},
                            {"ok", threshold.ok},
                            {"value", threshold.value ? json(*threshold.value) : json()}});
    }
    metrics.push_back({{"key", metric.key},
                       {"name", metric.metric.name},
                       {"type", std::string(MetricTypeName(metric.metric.type))},
                       {"contains", std::string(ValueTypeName(metric.metric.contains))},
                       {"tags", std::move(tags)},
                       {"data", DataJson(metric.aggregate)},
                       {"thresholds", std::move(thresholds)}});
    if (metric.metric.type == MetricType::kTrend && !metric.aggregate.empty()) {
      metrics.back()["data"]["percentiles"] = PercentilesJson(metric.Ranks());
    }
  }
  json checks = json::array();
  for (const SummaryCheck& check : result.checks) {
    checks.push_back({{"name", check.name},
                      {"path", check.path},
                      {"passes", check.passes},
                      {"fails", check.fails}});
  }
  json object = {{"schema", kResultSchema},
                 {"lockstep", result.version},
                 {"script", result.script},
                 {"begin", Rfc3339(result.begin)},
                 {"end", Rfc3339(result.end)},
                 {"durationMs", absl::ToDoubleMilliseconds(result.duration)},
                 {"thresholdsOk", result.thresholds_ok},
                 {"validity", ValidityJson(WordOf(result.validity), result.validity_reasons,
                                           result.lost_agents)},
                 {"verdict", VerdictJson(result.verdict)},
                 {"errors", ErrorsJson(result.errors)},
                 {"foldedErrors", result.folded_errors},
                 {"metrics", std::move(metrics)},
                 {"checks", std::move(checks)}};
  if (result.history.has_value()) {
    object["history"] = HistoryToJson(*result.history);
  }
  return object;
}

}  // namespace lockstep
