// The model: from aggregates and thresholds to values with names.
#include "common/summary/summary.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace lockstep {
namespace {

// Of `p(90)`, as a fraction.
std::optional<double> PercentileOf(absl::string_view statistic) {
  double percent = 0;
  if (!absl::ConsumePrefix(&statistic, "p(") || !absl::ConsumeSuffix(&statistic, ")") ||
      !absl::SimpleAtod(statistic, &percent) || !(percent >= 0 && percent <= 100)) {
    return std::nullopt;
  }
  return percent / 100;
}

std::vector<std::pair<std::string, double>> TrendValues(const Trend& trend,
                                                        const SummaryConfig& config) {
  std::vector<double> fractions;
  for (const std::string& statistic : config.trend_stats) {
    fractions.push_back(statistic == "med" ? 0.5 : PercentileOf(statistic).value_or(0));
  }
  const std::vector<double> percentiles = trend.Percentiles(fractions);
  std::vector<std::pair<std::string, double>> values;
  for (size_t i = 0; i < fractions.size(); ++i) {
    const std::string& name = config.trend_stats[i];
    const double value = name == "avg"     ? trend.avg()
                         : name == "min"   ? trend.min()
                         : name == "max"   ? trend.max()
                         : name == "count" ? static_cast<double>(trend.count())
                                           : percentiles[i];
    values.emplace_back(name, value);
  }
  return values;
}

std::vector<std::pair<std::string, double>> Values(const Aggregate& aggregate,
                                                   const SummaryConfig& config,
                                                   absl::Duration duration) {
  switch (aggregate.type()) {
    case MetricType::kCounter: {
      const double rate =
          Evaluate(aggregate, {.kind = AggregateMethod::Kind::kRate}, duration).value_or(0);
      return {{"count", aggregate.counter().sum()}, {"rate", rate}};
    }
    case MetricType::kGauge:
      return {{"value", aggregate.gauge().last},
              {"min", aggregate.gauge().min},
              {"max", aggregate.gauge().max}};
    case MetricType::kRate:
      return {{"rate", aggregate.rate().rate()},
              {"passes", static_cast<double>(aggregate.rate().trues)},
              {"fails", static_cast<double>(aggregate.rate().total - aggregate.rate().trues)}};
    case MetricType::kTrend:
      break;
  }
  return TrendValues(aggregate.trend(), config);
}

bool IsBuiltin(absl::string_view name) {
  static const MetricRegistry builtins;
  return builtins.Find(name).has_value();
}

SummaryMetric MakeMetric(const AggregateStore::Entry& entry, const SummaryConfig& config,
                         absl::Duration duration) {
  SummaryMetric metric;
  metric.key = entry.key->is_submetric() ? entry.key->text : entry.metric->name;
  if (entry.key->is_submetric()) {
    metric.parent = entry.metric->name;
    const size_t open = metric.key.find('{');
    metric.tags = metric.key.substr(open + 1, metric.key.rfind('}') - open - 1);
  }
  metric.type = entry.metric->type;
  metric.contains = entry.metric->contains;
  metric.builtin = IsBuiltin(entry.metric->name);
  metric.values = Values(*entry.aggregate, config, duration);
  return metric;
}

// Where a character of a metric's name stands in the order in which people read lists: "_", digits,
// letters; case decides last.
int Weight(char c) {
  return c == '_' ? 0 : absl::ascii_isdigit(c) ? c : absl::ascii_tolower(c);
}

bool NameLess(absl::string_view a, absl::string_view b) {
  const auto [left, right] = std::mismatch(a.begin(), a.end(), b.begin(), b.end(),
                                           [](char x, char y) { return Weight(x) == Weight(y); });
  if (left == a.end() || right == b.end()) {
    return a.size() != b.size() ? a.size() < b.size() : a > b;  // "a" before "A"
  }
  return Weight(*left) < Weight(*right);
}

// Submetrics stay behind their parents.
void SortByName(std::vector<SummaryMetric>* metrics) {
  const auto name = [](const SummaryMetric& metric) -> const std::string& {
    return metric.parent.empty() ? metric.key : metric.parent;
  };
  std::stable_sort(metrics->begin(), metrics->end(),
                   [&name](const SummaryMetric& a, const SummaryMetric& b) {
                     return NameLess(name(a), name(b));
                   });
}

// A group in the making: children in the order in which they were first seen.
struct GroupNode {
  FirstSeen first_seen = {.unix_nanos = INT64_MAX, .ordinal = UINT32_MAX};
  std::map<std::string, GroupNode> groups;
  std::map<std::string, std::pair<FirstSeen, Rate>> checks;
};

const std::string* TagOf(const TagList& tags, absl::string_view name) {
  for (const auto& [key, value] : tags) {
    if (key == name) {
      return &value;
    }
  }
  return nullptr;
}

// The node of "::outer::inner", made as needed.
GroupNode* Descend(GroupNode* root, absl::string_view path, FirstSeen first_seen) {
  GroupNode* node = root;
  for (absl::string_view name : absl::StrSplit(path, "::", absl::SkipEmpty())) {
    node = &node->groups[std::string(name)];
    node->first_seen = std::min(node->first_seen, first_seen);
  }
  return node;
}

SummaryGroup Finish(const GroupNode& node, std::string name, std::string path) {
  SummaryGroup group{.name = std::move(name), .path = std::move(path), .checks = {}, .groups = {}};
  std::vector<std::pair<FirstSeen, std::string>> order;
  for (const auto& [check, data] : node.checks) {
    order.emplace_back(data.first, check);
  }
  std::sort(order.begin(), order.end());
  for (const auto& [seen, check] : order) {
    const Rate& rate = node.checks.at(check).second;
    group.checks.push_back({.name = check,
                            .path = absl::StrCat(group.path, "::", check),
                            .first_seen = seen,
                            .passes = rate.trues,
                            .fails = rate.total - rate.trues});
  }
  order.clear();
  for (const auto& [child, data] : node.groups) {
    order.emplace_back(data.first_seen, child);
  }
  std::sort(order.begin(), order.end());
  for (const auto& [seen, child] : order) {
    group.groups.push_back(
        Finish(node.groups.at(child), child, absl::StrCat(group.path, "::", child)));
  }
  return group;
}

// Only the series that `wanted` accepts.
template <typename Wanted>
SummaryGroup BuildGroups(const AggregateStore& store, Wanted wanted) {
  GroupNode root;
  for (absl::string_view metric : {"group_duration", "checks"}) {
    for (const AggregateStore::Series& series : store.SeriesOf(metric)) {
      if (!wanted(*series.tags)) {
        continue;
      }
      const std::string* path = TagOf(*series.tags, "group");
      GroupNode* node = Descend(&root, path == nullptr ? "" : *path, series.first_seen);
      const std::string* check = TagOf(*series.tags, "check");
      if (check != nullptr && series.aggregate != nullptr) {
        const auto [it, added] = node->checks.try_emplace(*check, series.first_seen, Rate{});
        it->second.first = std::min(it->second.first, series.first_seen);
        it->second.second.Merge(series.aggregate->rate());
      }
    }
  }
  return Finish(root, "", "");
}

void CollectChecks(const SummaryGroup& group, std::vector<SummaryCheck>* checks) {
  checks->insert(checks->end(), group.checks.begin(), group.checks.end());
  for (const SummaryGroup& child : group.groups) {
    CollectChecks(child, checks);
  }
}

std::vector<SummaryPart> BuildParts(const AggregateStore& store, absl::string_view tag,
                                    const SummaryConfig& config, absl::Duration duration) {
  std::map<std::string, SummaryPart> parts;
  for (const AggregateStore::Entry& entry : store.Entries()) {
    if (entry.key->is_submetric()) {
      continue;
    }
    for (const auto& [value, aggregate] : store.Breakdown(tag, entry.metric->name)) {
      SummaryPart& part = parts[value];
      part.name = value;
      part.metrics.push_back(MakeMetric(
          {.metric = entry.metric, .key = entry.key, .aggregate = aggregate}, config, duration));
    }
  }
  std::vector<SummaryPart> result;
  for (auto& [value, part] : parts) {
    const auto mine = [&tag, &name = part.name](const TagList& tags) {
      const std::string* found = TagOf(tags, tag);
      return found != nullptr && *found == name;
    };
    SortByName(&part.metrics);
    part.checks = AllChecks(BuildGroups(store, mine));
    result.push_back(std::move(part));
  }
  return result;
}

}  // namespace

std::optional<SummaryMode> ParseSummaryMode(absl::string_view name) {
  if (name == "compact") {
    return SummaryMode::kCompact;
  }
  if (name == "full") {
    return SummaryMode::kFull;
  }
  return name == "disabled" ? std::optional(SummaryMode::kDisabled) : std::nullopt;
}

std::vector<std::string> BreakdownTags(SummaryMode mode) {
  return mode == SummaryMode::kFull ? std::vector<std::string>{"group", "scenario"}
                                    : std::vector<std::string>{};
}

std::vector<SummaryCheck> AllChecks(const SummaryGroup& group) {
  std::vector<SummaryCheck> checks;
  CollectChecks(group, &checks);
  std::stable_sort(checks.begin(), checks.end(), [](const SummaryCheck& a, const SummaryCheck& b) {
    return a.first_seen < b.first_seen;
  });
  return checks;
}

double SummaryMetric::Value(absl::string_view name) const {
  for (const auto& [known, value] : values) {
    if (known == name) {
      return value;
    }
  }
  return 0;
}

Summary BuildSummary(const AggregateStore& store, const ThresholdSet& thresholds,
                     SummaryConfig config, absl::Duration duration) {
  Summary summary;
  summary.config = std::move(config);
  summary.duration = duration;
  std::map<absl::string_view, const MetricThresholds*> judged;
  std::set<absl::string_view> parents;  // of judged submetrics
  for (const MetricThresholds& metric : thresholds.metrics()) {
    judged[metric.key.is_submetric() ? metric.key.text : metric.key.metric] = &metric;
    summary.thresholds_ok = summary.thresholds_ok && metric.ok();
    if (metric.key.is_submetric()) {
      parents.insert(metric.key.metric);
    }
  }
  for (const AggregateStore::Entry& entry : store.Entries()) {
    const auto found =
        judged.find(entry.key->is_submetric() ? entry.key->text : entry.metric->name);
    // As in k6, every run shows its network traffic.
    const bool traffic =
        (entry.metric->name == "data_sent" || entry.metric->name == "data_received") &&
        !entry.key->is_submetric() && store.samples() > 0;
    const bool parent = !entry.key->is_submetric() && parents.contains(entry.metric->name);
    if (entry.aggregate->empty() && found == judged.end() && !traffic && !parent) {
      continue;
    }
    SummaryMetric metric = MakeMetric(entry, summary.config, duration);
    metric.asked_for = entry.key->text != kFailureDurations || found != judged.end();
    if (found != judged.end()) {
      for (const Threshold& threshold : found->second->thresholds) {
        metric.thresholds.push_back({.expression = threshold.expression.text,
                                     .method = threshold.expression.method_text,
                                     .ok = threshold.ok(),
                                     .value = threshold.value});
      }
    }
    summary.metrics.push_back(std::move(metric));
  }
  SortByName(&summary.metrics);
  // Successes first, failures right below.
  const auto row = [&summary](absl::string_view key) {
    return std::find_if(summary.metrics.begin(), summary.metrics.end(),
                        [key](const SummaryMetric& metric) { return metric.key == key; });
  };
  if (row(kFailureDurations) < row(kSuccessDurations) &&
      row(kSuccessDurations) != summary.metrics.end()) {
    std::rotate(row(kFailureDurations), row(kFailureDurations) + 1, row(kSuccessDurations) + 1);
  }
  summary.root = BuildGroups(store, [](const TagList&) { return true; });
  summary.groups = BuildParts(store, "group", summary.config, duration);
  summary.scenarios = BuildParts(store, "scenario", summary.config, duration);
  return summary;
}

}  // namespace lockstep
