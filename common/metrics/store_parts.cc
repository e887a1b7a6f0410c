// A store taken apart and put together again, for results that outlive their process.
#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "common/metrics/aggregate_store.h"

namespace lockstep {
namespace {

TagList Zipped(const std::vector<std::string>& names, const std::vector<std::string>& values) {
  TagList tags;
  for (size_t i = 0; i < names.size(); ++i) {
    tags.emplace_back(names[i], values[i]);
  }
  std::sort(tags.begin(), tags.end());
  return tags;
}

// The values of `names` in `tags`; nothing if these are not just the same names.
std::vector<std::string> Unzipped(const std::vector<std::string>& names, const TagList& tags) {
  std::vector<std::string> values;
  for (const std::string& name : names) {
    const auto found = std::find_if(tags.begin(), tags.end(),
                                    [&name](const auto& tag) { return tag.first == name; });
    if (found != tags.end()) {
      values.push_back(found->second);
    }
  }
  return values.size() == names.size() && names.size() == tags.size() ? values
                                                                      : std::vector<std::string>();
}

}  // namespace

void AggregateStore::ForEachPart(absl::FunctionRef<bool(const Aggregate&)> wanted,
                                 absl::FunctionRef<void(const Part&)> visit) const {
  for (size_t i = 0; i < per_metric_.size(); ++i) {
    const PerMetric& per = per_metric_[i];
    Part part{.metric = &metrics_.Get(MetricId{static_cast<uint32_t>(i)}),
              .tags = {},
              .first_seen = {},
              .aggregate = &per.total};
    if (wanted(per.total)) {
      visit(part);
    }
    part.kind = Part::Kind::kSubmetric;
    for (const Sub& sub : per.subs) {
      if (wanted(sub.aggregate)) {
        part.key = &sub.key;
        part.aggregate = &sub.aggregate;
        visit(part);
      }
    }
    part.key = nullptr;
    part.kind = Part::Kind::kBreakdown;
    for (const auto& [place, aggregate] : per.breakdowns) {
      if (wanted(*aggregate)) {
        part.tags = Zipped(place.first, place.second);
        part.aggregate = aggregate;
        visit(part);
      }
    }
    part.kind = Part::Kind::kSeries;
    for (const auto& [tags, series] : per.series) {
      if (series.own != nullptr && wanted(*series.own)) {
        part.tags = tags;
        part.first_seen = series.first_seen;
        part.aggregate = series.own;
        visit(part);
      }
    }
  }
}

absl::StatusOr<const Aggregate*> AggregateStore::PutBack(Part::Kind kind, const Metric& metric,
                                                         absl::string_view submetric,
                                                         const TagList& tags, FirstSeen first_seen,
                                                         Aggregate aggregate) {
  LOCKSTEP_ASSIGN_OR_RETURN(const MetricId id,
                            metrics_.Register(metric.name, metric.type, metric.contains));
  Grow();
  PerMetric& per = At(id);
  Aggregate* place = nullptr;
  switch (kind) {
    case Part::Kind::kTotal:
      place = &per.total;
      break;
    case Part::Kind::kSubmetric:
      for (Sub& sub : per.subs) {
        place = sub.key.text == submetric ? &sub.aggregate : place;
      }
      break;
    case Part::Kind::kBreakdown:
      for (const std::vector<std::string>& names : config_.breakdown_tags) {
        if (std::vector<std::string> values = Unzipped(names, tags); !values.empty()) {
          Aggregate*& part = per.breakdowns[{names, std::move(values)}];
          if (part == nullptr) {
            part = &aggregates_.emplace_back(metric.type);
          }
          place = part;
        }
      }
      break;
    case Part::Kind::kSeries: {
      StoredSeries& series = SeriesFor(id, tags);
      series.first_seen = first_seen;
      place = series.own;
      break;
    }
  }
  if (place == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("metric ", metric.name, " has no part ", submetric, " in this test"));
  }
  *place = std::move(aggregate);
  return place;
}

void AggregateStore::PutBackCounts(const Counts& counts) {
  batches_ = counts.batches;
  samples_ = counts.samples;
  refused_points_ = counts.refused_points;
  refused_samples_ = counts.refused_samples;
}

}  // namespace lockstep
