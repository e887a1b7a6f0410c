#include "agent/report/accumulator.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lockstep::agent {

Accumulator::Accumulator(Config config)
    : config_(config), overflow_(tags_.With(kEmptyTagSet, "overflow", "true")) {}

Accumulator::Row& Accumulator::RowOf(TagSetId tags) {
  const size_t index = static_cast<size_t>(tags);
  if (index >= rows_.size()) [[unlikely]] {
    rows_.resize(std::max(index + 1, tags_.size()));
  }
  return rows_[index];
}

uint32_t Accumulator::NewSeries(MetricId metric, TagSetId tags, absl::Time time) {
  if (series_.size() >= config_.max_series && tags != overflow_) {
    ++overflowed_;
    Row& row = RowOf(overflow_);
    const size_t column = static_cast<size_t>(metric);
    if (row.size() <= column) {
      row.resize(metrics_.size(), kNone);
    }
    if (row[column] == kNone) {
      row[column] = NewSeries(metric, overflow_, time);
    }
    return row[column];
  }
  const uint32_t number = static_cast<uint32_t>(series_.size());
  series_.push_back({.metric = metric,
                     .tags = tags,
                     .first_seen = {.unix_nanos = absl::ToUnixNanos(time), .ordinal = number},
                     .aggregate = Aggregate(metrics_.Get(metric).type)});
  return number;
}

// `row` is of the tag set without its metadata.
void Accumulator::AddTo(Row& row, MetricId metric, TagSetId tags, double value, absl::Time time) {
  if (!std::isfinite(value)) [[unlikely]] {
    ++refused_samples_;
    return;
  }
  const size_t column = static_cast<size_t>(metric);
  if (column >= row.size()) [[unlikely]] {
    row.resize(metrics_.size(), kNone);
  }
  uint32_t number = row[column];
  if (number == kNone) [[unlikely]] {
    const TagSetId indexed = tags_.Indexed(tags);
    number = NewSeries(metric, indexed, time);
    // Looked up again: making an overflow series may have moved the rows.
    RowOf(indexed)[column] = number;
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

void Accumulator::KeepPoint(MetricId metric, TagSetId tags, double value, absl::Time time) {
  if (points_.size() >= config_.max_points) {
    ++refused_points_;
    return;
  }
  points_.push_back({.unix_nanos = absl::ToUnixNanos(time),
                     .metric = static_cast<uint32_t>(metric),
                     .tag_set = static_cast<uint32_t>(tags),
                     .value = value});
}

void Accumulator::Add(MetricId metric, TagSetId tags, double value, absl::Time time) {
  AddTo(RowOf(tags_.Indexed(tags)), metric, tags, value, time);
}

void Accumulator::AddMany(TagSetId tags, absl::Time time, absl::Span<const MetricValue> values) {
  const TagSetId indexed = tags_.Indexed(tags);
  for (const MetricValue& each : values) {
    AddTo(RowOf(indexed), each.metric, tags, each.value, time);
  }
}

Batch Accumulator::Seal() {
  Batch batch;
  std::vector<uint32_t> metrics(metrics_.size(), kNone);
  absl::flat_hash_map<uint32_t, uint32_t> tag_sets;
  const auto metric_index = [&](MetricId id) {
    uint32_t& index = metrics[static_cast<uint32_t>(id)];
    if (index == kNone) {
      index = static_cast<uint32_t>(batch.metrics.size());
      batch.metrics.push_back(metrics_.Get(id));
    }
    return index;
  };
  const auto tags_index = [&](TagSetId id) {
    const auto [it, added] =
        tag_sets.emplace(static_cast<uint32_t>(id), static_cast<uint32_t>(batch.tag_sets.size()));
    if (added) {
      batch.tag_sets.push_back(tags_.Get(id));
    }
    return it->second;
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
                            .tag_set = tags_index(series.tags),
                            .first_seen = series.first_seen,
                            .aggregate = std::move(sealed)});
  }
  touched_.clear();
  batch.ended = std::exchange(ended_, {});
  batch.points = std::exchange(points_, {});
  for (Point& point : batch.points) {
    point.metric = metric_index(MetricId{point.metric});
    point.tag_set = tags_index(TagSetId{point.tag_set});
  }
  for (ErrorRow& row : errors_.Rows()) {
    batch.errors.push_back(std::move(row.error));
  }
  batch.folded_errors = errors_.folded();
  errors_.Clear();
  batch.refused_points = std::exchange(refused_points_, 0);
  batch.refused_samples = std::exchange(refused_samples_, 0);
  batch.overflowed_series = std::exchange(overflowed_, 0) + tags_.overflowed() -
                            std::exchange(overflowed_sets_, tags_.overflowed());
  return batch;
}

}  // namespace lockstep::agent
