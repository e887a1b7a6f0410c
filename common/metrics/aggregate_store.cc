#include "common/metrics/aggregate_store.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace lockstep {
namespace {

bool HasAll(const TagList& tags, const TagList& wanted) {
  return std::includes(tags.begin(), tags.end(), wanted.begin(), wanted.end());
}

const TagList& OverflowTags() {
  static const TagList tags = {{"overflow", "true"}};
  return tags;
}

}  // namespace

AggregateStore::AggregateStore(Config config) : config_(std::move(config)) {
  Grow();
  for (const std::string& text : config_.submetrics) {
    const absl::StatusOr<MetricKey> key = ParseMetricKey(text);
    LOCKSTEP_CHECK(key.ok() && AddSubmetric(*key).ok());
  }
}

void AggregateStore::Grow() {
  for (size_t i = per_metric_.size(); i < metrics_.size(); ++i) {
    const Metric& metric = metrics_.Get(MetricId{static_cast<uint32_t>(i)});
    per_metric_.emplace_back(metric.type);
    per_metric_.back().key = {.text = metric.name, .metric = metric.name, .tags = {}};
  }
}

absl::Status AggregateStore::Define(absl::string_view name, MetricType type, ValueType contains) {
  LOCKSTEP_RETURN_IF_ERROR(metrics_.Register(name, type, contains).status());
  Grow();
  return absl::OkStatus();
}

absl::Status AggregateStore::AddSubmetric(const MetricKey& key) {
  const std::optional<MetricId> id = metrics_.Find(key.metric);
  if (!id) {
    return absl::NotFoundError(absl::StrCat("no metric name \"", key.metric, "\" found"));
  }
  PerMetric& metric = At(*id);
  const auto same = [&key](const Sub& sub) { return sub.key.text == key.text; };
  if (key.is_submetric() && std::none_of(metric.subs.begin(), metric.subs.end(), same)) {
    metric.subs.push_back(
        {.key = key, .aggregate = Aggregate(metric.total.type()), .recent = nullptr});
  }
  return absl::OkStatus();
}

std::unique_ptr<Aggregate>* AggregateStore::RecentOf(const MetricKey& key) {
  const std::optional<MetricId> id = metrics_.Find(key.metric);
  if (!id) {
    return nullptr;
  }
  PerMetric& metric = At(*id);
  if (!key.is_submetric()) {
    return &metric.recent;
  }
  for (Sub& sub : metric.subs) {
    if (sub.key.text == key.text) {
      return &sub.recent;
    }
  }
  return nullptr;
}

absl::Status AggregateStore::Watch(const MetricKey& key) {
  std::unique_ptr<Aggregate>* recent = RecentOf(key);
  if (recent == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no metric \"", key.text, "\" to watch"));
  }
  if (*recent == nullptr) {
    *recent = std::make_unique<Aggregate>(metrics_.Get(*metrics_.Find(key.metric)).type);
  }
  return absl::OkStatus();
}

Aggregate AggregateStore::TakeRecent(const MetricKey& key) {
  std::unique_ptr<Aggregate>* recent = RecentOf(key);
  LOCKSTEP_CHECK(recent != nullptr && *recent != nullptr);
  return std::exchange(**recent, Aggregate((*recent)->type()));
}

AggregateStore::StoredSeries& AggregateStore::SeriesFor(MetricId id, const TagList& tags) {
  PerMetric& metric = At(id);
  const auto known = metric.series.find(tags);
  if (known != metric.series.end()) {
    return known->second;
  }
  const bool folded = IsFolded(tags);
  size_t& count = folded ? metric.folded_series : metric.whole_series;
  if (count >= config_.max_series_per_metric && tags != OverflowTags()) {
    if (!std::exchange(metric.overflowed, true)) {
      warnings_.push_back(absl::StrCat(
          "metric ", metric.key.text, " has more than ", config_.max_series_per_metric,
          " combinations of tags; outputs and reports see further ones without the tags that have "
          "many values, as {overflow:true}. Give requests a `name` tag to group them"));
    }
    StoredSeries& fewer = SeriesFor(id, folded ? OverflowTags() : FoldedTags(tags, {}));
    StoredSeries* const shared = fewer.shared != nullptr ? fewer.shared : &fewer;
    overflowing_ = {.first_seen = shared->first_seen, .own = shared->own, .shared = shared};
    AddTargets(metric, tags, &overflowing_);
    return overflowing_;
  }
  ++count;
  StoredSeries series;
  if (metric.total.type() != MetricType::kTrend) {
    series.own = &aggregates_.emplace_back(metric.total.type());
  }
  AddTargets(metric, tags, &series);
  return metric.series.emplace(tags, std::move(series)).first->second;
}

void AggregateStore::AddTargets(PerMetric& metric, const TagList& tags, StoredSeries* series) {
  series->targets.push_back(&metric.total);
  if (metric.recent != nullptr) {
    series->targets.push_back(metric.recent.get());
  }
  for (Sub& sub : metric.subs) {
    if (HasAll(tags, sub.key.tags)) {
      series->targets.push_back(&sub.aggregate);
      if (sub.recent != nullptr) {
        series->targets.push_back(sub.recent.get());
      }
    }
  }
  if (series->own != nullptr) {
    series->targets.push_back(series->own);
  }
  for (const std::vector<std::string>& names : config_.breakdown_tags) {
    std::vector<std::string> values;
    for (const std::string& name : names) {
      const std::string* value = FindTag(tags, name);
      values.push_back(value == nullptr ? "" : *value);
    }
    if (!values.back().empty()) {
      Aggregate*& part = metric.breakdowns[{names, std::move(values)}];
      if (part == nullptr) {
        part = &aggregates_.emplace_back(metric.total.type());
      }
      series->targets.push_back(part);
    }
  }
}

absl::Status AggregateStore::Merge(const Batch& batch) {
  for (const Metric& metric : batch.metrics) {
    const std::optional<MetricId> id = metrics_.Find(metric.name);
    if (id) {
      LOCKSTEP_RETURN_IF_ERROR(
          metrics_.Register(metric.name, metric.type, metric.contains).status());
    } else if (!IsValidMetricName(metric.name)) {
      return InvalidMetricName(metric.name);
    }
  }
  std::vector<MetricId> ids;
  ids.reserve(batch.metrics.size());
  for (const Metric& metric : batch.metrics) {
    LOCKSTEP_ASSIGN_OR_RETURN(const MetricId id,
                              metrics_.Register(metric.name, metric.type, metric.contains));
    ids.push_back(id);
  }
  Grow();
  for (const SeriesDelta& delta : batch.series) {
    StoredSeries& series = SeriesFor(ids[delta.metric], batch.tag_sets[delta.tag_set]);
    series.Note(delta.first_seen);
    for (Aggregate* target : series.targets) {
      target->Merge(delta.aggregate);
    }
    samples_ += delta.aggregate.count();
  }
  if (batch.refused_points > 0 && refused_points_ == 0) {
    warnings_.push_back(
        "an agent produced more samples than outputs can take; the files lack some of them, the "
        "summary does not");
  }
  if (batch.refused_samples > 0 && refused_samples_ == 0) {
    warnings_.push_back(
        "a script added values that are not finite numbers to a metric; they are not counted");
  }
  if (batch.overflowed_series > 0 && !std::exchange(agents_overflowed_, true)) {
    warnings_.push_back(
        "an agent has seen too many combinations of tags, or some that are too large: outputs and "
        "reports see further ones without the tags that have many values, as {overflow:true}, and "
        "without what is too large. Totals, thresholds and checks are complete. Give requests a "
        "`name` tag to group them");
  }
  refused_points_ += batch.refused_points;
  refused_samples_ += batch.refused_samples;
  ++batches_;
  return absl::OkStatus();
}

const Aggregate* AggregateStore::Find(absl::string_view key) const {
  const size_t brace = key.find('{');
  const std::optional<MetricId> id = metrics_.Find(key.substr(0, brace));
  if (!id) {
    return nullptr;
  }
  const PerMetric& metric = per_metric_[static_cast<uint32_t>(*id)];
  if (brace == absl::string_view::npos) {
    return &metric.total;
  }
  for (const Sub& sub : metric.subs) {
    if (sub.key.text == key) {
      return &sub.aggregate;
    }
  }
  return nullptr;
}

std::vector<AggregateStore::Entry> AggregateStore::Entries() const {
  std::vector<Entry> entries;
  for (size_t i = 0; i < per_metric_.size(); ++i) {
    const Metric& metric = metrics_.Get(MetricId{static_cast<uint32_t>(i)});
    entries.push_back(
        {.metric = &metric, .key = &per_metric_[i].key, .aggregate = &per_metric_[i].total});
    for (const Sub& sub : per_metric_[i].subs) {
      entries.push_back({.metric = &metric, .key = &sub.key, .aggregate = &sub.aggregate});
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    const auto order = [](const Entry& e) {
      return std::pair<absl::string_view, absl::string_view>(
          e.metric->name,
          e.key->is_submetric() ? absl::string_view(e.key->text) : absl::string_view());
    };
    return order(a) < order(b);
  });
  return entries;
}

std::map<std::vector<std::string>, const Aggregate*> AggregateStore::Breakdown(
    const std::vector<std::string>& tags, absl::string_view name) const {
  std::map<std::vector<std::string>, const Aggregate*> parts;
  const std::optional<MetricId> id = metrics_.Find(name);
  if (id) {
    for (const auto& [key, aggregate] : per_metric_[static_cast<uint32_t>(*id)].breakdowns) {
      if (key.first == tags) {
        parts.emplace(key.second, aggregate);
      }
    }
  }
  return parts;
}

std::vector<AggregateStore::Series> AggregateStore::SeriesOf(absl::string_view name) const {
  std::vector<Series> result;
  const std::optional<MetricId> id = metrics_.Find(name);
  if (!id) {
    return result;
  }
  for (const auto& [tags, series] : per_metric_[static_cast<uint32_t>(*id)].series) {
    result.push_back({.tags = &tags, .first_seen = series.first_seen, .aggregate = series.own});
  }
  std::sort(result.begin(), result.end(), [](const Series& a, const Series& b) {
    return a.first_seen != b.first_seen ? a.first_seen < b.first_seen : *a.tags < *b.tags;
  });
  return result;
}

std::vector<std::string> AggregateStore::TakeWarnings() {
  return std::exchange(warnings_, {});
}

}  // namespace lockstep
