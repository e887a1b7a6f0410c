// The model: from aggregates and thresholds to values with names.
#include "common/summary/summary.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/ascii.h"

#include "common/summary/group_tree.h"
#include "common/summary/trend_statistic.h"

namespace lockstep {
namespace {

std::vector<std::pair<std::string, double>> TrendValues(const Trend& trend,
                                                        const SummaryConfig& config) {
  const std::vector<double> statistics = TrendStatistics(trend, config.trend_stats);
  std::vector<std::pair<std::string, double>> values;
  for (size_t i = 0; i < statistics.size(); ++i) {
    values.emplace_back(config.trend_stats[i], statistics[i]);
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

// The metrics of requests that count as errors (option `httpErrors`), which k6 does not have.
constexpr absl::string_view kErrorDurations = "http_req_duration_errors";
bool IsOfErrors(absl::string_view metric) {
  return metric == kErrorDurations || metric == "http_reqs_errors";
}

// Whether the row of failures would say what the row of errors says: by default they are the same
// requests.
bool RepeatsErrors(const AggregateStore& store, const AggregateStore::Entry& entry) {
  return entry.key->text == kFailureDurations &&
         entry.aggregate->count() == store.Find(kErrorDurations)->count();
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
  metric.empty = entry.aggregate->empty();
  metric.samples = entry.aggregate->count();
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

// The scenario whose part has what is tagged with `scenario`; "": none has.
std::string Owner(absl::string_view scenario) {
  return scenario == "default" ? "" : std::string(scenario);
}

auto OwnedBy(const std::string& owner) {
  return [owner](const TagList& tags) {
    const std::string* scenario = FindTag(tags, "scenario");
    return Owner(scenario == nullptr ? "" : *scenario) == owner;
  };
}

// The groups and scenarios of the full mode. As in k6, the scenario of a script that names none has
// no part of its own: its groups stand beside those of setup.
class PartsBuilder {
 public:
  PartsBuilder(const AggregateStore& store, const SummaryConfig& config, absl::Duration duration)
      : store_(store), config_(config), duration_(duration) {}

  void Build(Summary* summary) {
    Collect();
    summary->groups = Groups("");
    std::vector<std::string> names = config_.scenarios;
    for (const auto& [name, metrics] : scenarios_) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(name);
      }
    }
    for (const std::string& name : names) {
      if (const auto found = scenarios_.find(name); found != scenarios_.end()) {
        const SummaryGroup root = BuildGroups(store_, OwnedBy(name));
        summary->scenarios.push_back({.name = name,
                                      .metrics = std::move(found->second),
                                      .checks = AllChecks(root),
                                      .groups = Groups(name)});
      }
    }
  }

 private:
  void Collect() {
    for (const AggregateStore::Entry& entry : store_.Entries()) {
      if (entry.key->is_submetric()) {
        continue;
      }
      const auto add = [&](const Aggregate& aggregate, std::vector<SummaryMetric>* metrics) {
        metrics->push_back(
            MakeMetric({.metric = entry.metric, .key = entry.key, .aggregate = &aggregate}, config_,
                       duration_));
      };
      for (const auto& [values, part] : store_.Breakdown({"scenario"}, entry.metric->name)) {
        if (!Owner(values[0]).empty()) {
          add(*part, &scenarios_[values[0]]);
        }
      }
      std::map<std::pair<std::string, std::string>, Aggregate> groups;
      for (const auto& [values, part] :
           store_.Breakdown({"scenario", "group"}, entry.metric->name)) {
        groups.try_emplace({Owner(values[0]), values[1]}, entry.metric->type)
            .first->second.Merge(*part);
      }
      for (const auto& [key, aggregate] : groups) {
        add(aggregate, &groups_[key.first][key.second]);
      }
    }
    for (auto& [name, metrics] : scenarios_) {
      SortByName(&metrics);
    }
  }

  std::vector<SummaryPart> Groups(const std::string& owner) {
    std::set<std::string> paths;
    for (const auto& [path, metrics] : groups_[owner]) {
      paths.insert(path);
    }
    if (paths.empty()) {
      return {};
    }
    return Nested(BuildGroups(store_, OwnedBy(owner), paths), owner);
  }

  std::vector<SummaryPart> Nested(const SummaryGroup& group, const std::string& owner) {
    std::vector<SummaryPart> parts;
    for (const SummaryGroup& child : group.groups) {
      SummaryPart part{
          .name = child.name, .metrics = {}, .checks = {}, .groups = Nested(child, owner)};
      // What setup() and teardown() do themselves is in the totals only.
      const bool shown = child.path != "::setup" && child.path != "::teardown";
      if (shown) {
        part.metrics = std::move(groups_[owner][child.path]);
        SortByName(&part.metrics);
        part.checks = child.checks;
      }
      if (shown || !part.groups.empty()) {
        parts.push_back(std::move(part));
      }
    }
    return parts;
  }

  const AggregateStore& store_;
  const SummaryConfig& config_;
  const absl::Duration duration_;
  std::map<std::string, std::vector<SummaryMetric>> scenarios_;
  // By scenario, "" for "default", and path.
  std::map<std::string, std::map<std::string, std::vector<SummaryMetric>>> groups_;
};

}  // namespace

std::vector<std::vector<std::string>> BreakdownTags(SummaryMode mode) {
  if (mode != SummaryMode::kFull) {
    return {};
  }
  return {{"scenario"}, {"scenario", "group"}};
}

bool SummaryMetric::judged_nothing() const {
  return empty && JudgesNothingWithoutSamples(!parent.empty(), type);
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
    const bool of_errors = IsOfErrors(entry.metric->name) && !entry.key->is_submetric();
    const bool asked_for =
        found != judged.end() || parent || (of_errors && summary.config.http_errors);
    if ((entry.aggregate->empty() && !traffic && !asked_for) ||
        (!asked_for && RepeatsErrors(store, entry))) {
      continue;
    }
    SummaryMetric metric = MakeMetric(entry, summary.config, duration);
    metric.asked_for = asked_for || !(of_errors || entry.key->text == kFailureDurations);
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
  PartsBuilder(store, summary.config, duration).Build(&summary);
  return summary;
}

}  // namespace lockstep
