#include "coordinator/output/series_book.h"

namespace lockstep::coordinator {
namespace {

// Without the tags that only number VUs and iterations, and without empty ones.
TagList IndexedTags(const TagList& tags) {
  TagList kept;
  for (const auto& tag : tags) {
    if (!IsMetadata(tag.first) && !tag.second.empty()) {
      kept.push_back(tag);
    }
  }
  return kept;
}

}  // namespace

SeriesBook::Series& SeriesBook::Find(const Metric& metric, const TagList& tags) {
  const auto found = index_.find(std::pair(metric.name, tags));
  if (found != index_.end()) {
    return *found->second;
  }
  const TagList overflow = {{"overflow", "true"}};
  if (series_of_[metric.name] >= kMostSeries && tags != overflow) {
    return Find(metric, overflow);
  }
  ++series_of_[metric.name];
  Series& series =
      series_.emplace_back(Series{.metric = metric, .tags = tags, .total = Aggregate(metric.type)});
  index_.emplace(std::pair(metric.name, tags), &series);
  return series;
}

void SeriesBook::Add(const Batch& batch) {
  std::vector<TagList> tags;
  tags.reserve(batch.tag_sets.size());
  for (const TagList& set : batch.tag_sets) {
    tags.push_back(IndexedTags(set));
  }
  const auto exact_values = [](const Aggregate& aggregate) {
    return aggregate.type() == MetricType::kTrend && aggregate.trend().exact() ? aggregate.count()
                                                                               : uint64_t{0};
  };
  for (const SeriesDelta& delta : batch.series) {
    Series& series = Find(batch.metrics[delta.metric], tags[delta.tag_set]);
    exact_values_ -= exact_values(series.total);
    series.total.Merge(delta.aggregate);
    exact_values_ += exact_values(series.total);
    if (exact_values_ > kMostExactValues && exact_values(series.total) > 0) {
      exact_values_ -= exact_values(series.total);
      series.total.trend().Compact();
    }
    series.changed = true;
  }
}

std::vector<const SeriesBook::Series*> SeriesBook::TakeChanged() {
  std::vector<const Series*> changed;
  for (Series& series : series_) {
    if (series.changed) {
      series.changed = false;
      changed.push_back(&series);
    }
  }
  return changed;
}

}  // namespace lockstep::coordinator
