#include "common/metrics/batch.h"

#include <algorithm>

namespace lockstep {

void BatchBuilder::Add(Batch worker) {
  batch_.refused_points += worker.refused_points;
  batch_.refused_samples += worker.refused_samples;
  batch_.overflowed_series += worker.overflowed_series;
  AddEnded(worker.ended, batch_.ended);
  errors_.AddFolded(worker.folded_errors);
  for (const ErrorCount& errors : worker.errors) {
    errors_.Add(errors, /*agent=*/"");
  }
  const std::vector<std::optional<uint32_t>> metrics = PlacesOf(std::move(worker.metrics));
  const std::vector<uint32_t> tag_sets = PlacesOf(std::move(worker.tag_sets));
  for (SeriesDelta& delta : worker.series) {
    const std::optional<uint32_t> metric = metrics[delta.metric];
    if (!metric) {
      batch_.refused_samples += delta.aggregate.count();
      continue;
    }
    delta.metric = *metric;
    delta.tag_set = tag_sets[delta.tag_set];
    AddSeries(std::move(delta));
  }
  for (const Point& point : worker.points) {
    if (const std::optional<uint32_t> metric = metrics[point.metric]; metric) {
      batch_.points.push_back({.unix_nanos = point.unix_nanos,
                               .metric = *metric,
                               .tag_set = tag_sets[point.tag_set],
                               .value = point.value});
    }
  }
}

std::vector<std::optional<uint32_t>> BatchBuilder::PlacesOf(std::vector<Metric> metrics) {
  std::vector<std::optional<uint32_t>> places;
  places.reserve(metrics.size());
  for (Metric& metric : metrics) {
    const auto [it, added] =
        metrics_.emplace(metric.name, static_cast<uint32_t>(batch_.metrics.size()));
    if (added) {
      batch_.metrics.push_back(std::move(metric));
      places.emplace_back(it->second);
    } else if (batch_.metrics[it->second].type == metric.type) {
      places.emplace_back(it->second);
    } else {
      places.emplace_back(std::nullopt);
    }
  }
  return places;
}

std::vector<uint32_t> BatchBuilder::PlacesOf(std::vector<TagList> tag_sets) {
  std::vector<uint32_t> places;
  places.reserve(tag_sets.size());
  for (TagList& tags : tag_sets) {
    const auto [it, added] = tag_sets_.emplace(tags, static_cast<uint32_t>(batch_.tag_sets.size()));
    if (added) {
      batch_.tag_sets.push_back(std::move(tags));
    }
    places.push_back(it->second);
  }
  return places;
}

void BatchBuilder::AddSeries(SeriesDelta delta) {
  const auto [it, added] =
      series_.emplace(std::pair(delta.metric, delta.tag_set), batch_.series.size());
  if (added) {
    batch_.series.push_back(std::move(delta));
    return;
  }
  SeriesDelta& known = batch_.series[it->second];
  known.aggregate.Merge(delta.aggregate);
  known.first_seen = std::min(known.first_seen, delta.first_seen);
}

Batch BatchBuilder::Build(uint64_t number, absl::Time begin, absl::Time end) {
  Batch built = std::exchange(batch_, Batch{});
  metrics_.clear();
  tag_sets_.clear();
  series_.clear();
  for (ErrorRow& row : errors_.Rows()) {
    built.errors.push_back(std::move(row.error));
  }
  built.folded_errors = errors_.folded();
  errors_.Clear();
  built.number = number;
  built.begin = begin;
  built.end = std::max(begin, end);
  return built;
}

namespace {

// The points from `from` to `to` of `whole`, with the metrics and tags that they use.
Batch PointsOf(const Batch& whole, size_t from, size_t to) {
  Batch part;
  part.begin = whole.begin;
  part.end = whole.end;
  absl::flat_hash_map<uint32_t, uint32_t> metrics;
  absl::flat_hash_map<uint32_t, uint32_t> tag_sets;
  part.points.reserve(to - from);
  for (size_t i = from; i < to; ++i) {
    Point point = whole.points[i];
    const auto [metric, new_metric] =
        metrics.emplace(point.metric, static_cast<uint32_t>(part.metrics.size()));
    if (new_metric) {
      part.metrics.push_back(whole.metrics[point.metric]);
    }
    const auto [tags, new_tags] =
        tag_sets.emplace(point.tag_set, static_cast<uint32_t>(part.tag_sets.size()));
    if (new_tags) {
      part.tag_sets.push_back(whole.tag_sets[point.tag_set]);
    }
    point.metric = metric->second;
    point.tag_set = tags->second;
    part.points.push_back(point);
  }
  return part;
}

// Leaves the sets of tags that the batch still uses.
void DropUnusedTags(Batch* batch) {
  constexpr uint32_t kUnused = UINT32_MAX;
  std::vector<uint32_t> places(batch->tag_sets.size(), kUnused);
  std::vector<TagList> used;
  const auto keep = [&](uint32_t* tag_set) {
    uint32_t& place = places[*tag_set];
    if (place == kUnused) {
      place = static_cast<uint32_t>(used.size());
      used.push_back(std::move(batch->tag_sets[*tag_set]));
    }
    *tag_set = place;
  };
  for (SeriesDelta& delta : batch->series) {
    keep(&delta.tag_set);
  }
  for (Point& point : batch->points) {
    keep(&point.tag_set);
  }
  batch->tag_sets = std::move(used);
}

}  // namespace

std::vector<Batch> SplitPoints(Batch whole, size_t most) {
  std::vector<Batch> parts;
  const size_t count = whole.points.size();
  for (size_t from = most; from < count; from += most) {
    Batch& part = parts.emplace_back(PointsOf(whole, from, std::min(from + most, count)));
    part.number = whole.number + parts.size();
  }
  if (count > most) {
    whole.points.resize(most);
    DropUnusedTags(&whole);
  }
  parts.insert(parts.begin(), std::move(whole));
  return parts;
}

Batch VusBatch(absl::Time time, int64_t vus, int64_t vus_max, const TagList& tags) {
  Batch batch;
  batch.begin = time;
  batch.end = time;
  batch.tag_sets.push_back(tags);
  const std::pair<const char*, int64_t> samples[] = {{"vus", vus}, {"vus_max", vus_max}};
  for (const auto& [name, value] : samples) {
    const uint32_t metric = static_cast<uint32_t>(batch.metrics.size());
    const int64_t nanos = absl::ToUnixNanos(time);
    batch.metrics.push_back({.name = name, .type = MetricType::kGauge});
    Aggregate aggregate(MetricType::kGauge);
    aggregate.Add(static_cast<double>(value), time);
    batch.series.push_back({.metric = metric,
                            .tag_set = 0,
                            .first_seen = {.unix_nanos = nanos, .ordinal = metric},
                            .aggregate = std::move(aggregate)});
    batch.points.push_back(
        {.unix_nanos = nanos, .metric = metric, .tag_set = 0, .value = static_cast<double>(value)});
  }
  return batch;
}

}  // namespace lockstep
