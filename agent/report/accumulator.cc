#include "agent/report/accumulator.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lockstep::agent {

Accumulator::Accumulator(Config config) : config_(std::move(config)) {}

uint32_t& Accumulator::Column(TagSet::Node& set, MetricId metric) {
  const size_t column = static_cast<size_t>(metric);
  if (column >= set.columns.size()) [[unlikely]] {
    set.columns.resize(metrics_.size(), kNone);
  }
  return set.columns[column];
}

uint32_t Accumulator::MakeSeries(MetricId metric, TagSet::Node& set, absl::Time time) {
  if (std::all_of(set.columns.begin(), set.columns.end(),
                  [](uint32_t number) { return number == kNone; })) {
    for (const auto& [key, value] : set.tags) {
      text_bytes_ += key.size() + value.size();
    }
  }
  const uint32_t number = static_cast<uint32_t>(series_.size());
  series_.push_back({.metric = metric,
                     .tags = set.table == nullptr ? TagSet() : TagSet(&set),
                     .first_seen = {.unix_nanos = absl::ToUnixNanos(time), .ordinal = number},
                     .aggregate = Aggregate(metrics_.Get(metric).type)});
  return number;
}

uint32_t Accumulator::NewSeries(MetricId metric, TagSet::Node& set, absl::Time time) {
  if (series_.size() < config_.max_series && text_bytes_ < config_.max_text_bytes) {
    return MakeSeries(metric, set, time);
  }
  ++overflowed_;
  return FoldedSeries(metric, set, time);
}

// Of a set that is not to have a series of its own: the one that it shares with others.
uint32_t Accumulator::FoldedSeries(MetricId metric, TagSet::Node& set, absl::Time time) {
  if (set.folded == kEmptyTagSet) {
    TagSet folded = tags_.Of(FoldedTags(set.tags, config_.asked));
    const bool few = series_.size() < 2 * config_.max_series || !folded.node()->columns.empty();
    set.folded = few ? std::move(folded) : tags_.Of(NarrowTags(set.tags, config_.asked));
  }
  uint32_t& column = Column(*set.folded.node(), metric);
  if (column == kNone) {
    column = MakeSeries(metric, *set.folded.node(), time);
  }
  return column;
}

void Accumulator::AddTo(TagSet::Node& indexed, MetricId metric, const TagSet& tags, double value,
                        absl::Time time) {
  if (!std::isfinite(value)) [[unlikely]] {
    ++refused_samples_;
    return;
  }
  uint32_t& number = Column(indexed, metric);
  if (number == kNone) [[unlikely]] {
    number = NewSeries(metric, indexed, time);
  }
  Series& series = series_[number];
  if (!series.touched) {
    series.touched = true;
    touched_.push_back(number);
  }
  series.aggregate.Add(value, time);
  if (config_.keep_points) {
    KeepPoint(metric, tags, value, time);
  }
}

uint32_t Accumulator::PlaceOf(const TagSet& tags) {
  TagSet::Node& node = tags_.NodeOf(tags);
  if (node.place == 0) {
    sealing_.push_back(tags);
    node.place = static_cast<uint32_t>(sealing_.size());
  }
  return node.place - 1;
}

void Accumulator::KeepPoint(MetricId metric, const TagSet& tags, double value, absl::Time time) {
  if (points_.size() >= config_.max_points) {
    ++refused_points_;
    return;
  }
  points_.push_back({.unix_nanos = absl::ToUnixNanos(time),
                     .metric = static_cast<uint32_t>(metric),
                     .tag_set = PlaceOf(tags),
                     .value = value});
}

void Accumulator::Add(MetricId metric, const TagSet& tags, double value, absl::Time time) {
  AddTo(tags_.IndexedNodeOf(tags), metric, tags, value, time);
}

void Accumulator::AddMany(const TagSet& tags, absl::Time time,
                          absl::Span<const MetricValue> values) {
  TagSet::Node& indexed = tags_.IndexedNodeOf(tags);
  for (const MetricValue& each : values) {
    AddTo(indexed, each.metric, tags, each.value, time);
  }
}

Batch Accumulator::Seal() {
  Batch batch;
  std::vector<uint32_t> metrics(metrics_.size(), kNone);
  const auto metric_index = [&](MetricId id) {
    uint32_t& index = metrics[static_cast<uint32_t>(id)];
    if (index == kNone) {
      index = static_cast<uint32_t>(batch.metrics.size());
      batch.metrics.push_back(metrics_.Get(id));
    }
    return index;
  };
  batch.series.reserve(touched_.size());
  for (uint32_t number : touched_) {
    Series& series = series_[number];
    Aggregate sealed = std::exchange(series.aggregate, Aggregate(series.aggregate.type()));
    series.touched = false;
    series.sealed += sealed.count();
    if (sealed.type() == MetricType::kTrend && series.sealed > Trend::kExactLimit) {
      // The coordinator has given up exact values of this series by now: a histogram is smaller.
      sealed.trend().Compact();
    }
    batch.series.push_back({.metric = metric_index(series.metric),
                            .tag_set = PlaceOf(series.tags),
                            .first_seen = series.first_seen,
                            .aggregate = std::move(sealed)});
  }
  touched_.clear();
  batch.ended = std::exchange(ended_, {});
  batch.points = std::exchange(points_, {});
  for (Point& point : batch.points) {
    point.metric = metric_index(MetricId{point.metric});
  }
  batch.tag_sets.reserve(sealing_.size());
  for (const TagSet& set : sealing_) {
    tags_.NodeOf(set).place = 0;
    batch.tag_sets.push_back(tags_.Get(set));
  }
  sealing_.clear();
  for (ErrorRow& row : errors_.Rows()) {
    batch.errors.push_back(std::move(row.error));
  }
  batch.folded_errors = errors_.folded();
  errors_.Clear();
  batch.refused_points = std::exchange(refused_points_, 0);
  batch.refused_samples = std::exchange(refused_samples_, 0);
  batch.overflowed_series =
      std::exchange(overflowed_, 0) + tags_.cut() - std::exchange(cut_sets_, tags_.cut());
  return batch;
}

}  // namespace lockstep::agent
