// Batches off the wire: nothing of them is believed before it is checked.
#include <climits>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lockstep/v1/metrics.pb.h"

#include "common/base/status_macros.h"
#include "common/metrics/batch.h"

namespace lockstep {
namespace {

// Of one batch: far more than any agent runs, and sums of them stay far from the end of 64 bits.
constexpr int64_t kMostIterations = 1'000'000'000'000'000;

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat("batch: ", parts...));
}

absl::StatusOr<ExactSum> DecodeSum(const v1::ExactSum& sum) {
  return ExactSum::FromCanonical(sum.base(),
                                 {sum.limbs().data(), static_cast<size_t>(sum.limbs_size())});
}

absl::Status DecodeBuckets(bool negative, const google::protobuf::RepeatedField<int32_t>& indices,
                           const google::protobuf::RepeatedField<uint64_t>& counts,
                           Histogram* out) {
  if (indices.size() != counts.size()) {
    return Invalid("a histogram has ", indices.size(), " bucket indices but ", counts.size(),
                   " counts");
  }
  int64_t index = 0;
  for (int i = 0; i < indices.size(); ++i) {
    if (i > 0 && indices[i] <= 0) {
      return Invalid("a histogram's buckets are not in ascending order");
    }
    index += indices[i];
    absl::Status added = out->AddBucket(negative, index, counts[i]);
    if (!added.ok()) {
      return Invalid(added.message());
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Trend> DecodeTrend(const v1::TrendDelta& delta) {
  if (!delta.has_histogram()) {
    for (double value : delta.values()) {
      if (!std::isfinite(value)) {
        return Invalid("a trend's value is ", value, ", which is not a finite number");
      }
    }
    return Trend::FromValues({delta.values().begin(), delta.values().end()});
  }
  if (delta.values_size() > 0) {
    return Invalid("a trend has both values and a histogram");
  }
  const v1::Histogram& histogram = delta.histogram();
  Trend::Folded folded;
  LOCKSTEP_RETURN_IF_ERROR(DecodeBuckets(false, histogram.positive_index(),
                                         histogram.positive_count(), &folded.histogram));
  LOCKSTEP_RETURN_IF_ERROR(DecodeBuckets(true, histogram.negative_index(),
                                         histogram.negative_count(), &folded.histogram));
  LOCKSTEP_RETURN_IF_ERROR(folded.histogram.AddZeros(histogram.zeros()));
  LOCKSTEP_ASSIGN_OR_RETURN(folded.sum, DecodeSum(histogram.sum()));
  folded.min = histogram.min();
  folded.max = histogram.max();
  if (!std::isfinite(folded.min) || !std::isfinite(folded.max) || folded.min > folded.max) {
    return Invalid("a trend reaches from ", folded.min, " to ", folded.max);
  }
  if (folded.histogram.count() == 0) {
    return Invalid("a trend's histogram is empty");
  }
  return Trend::FromFolded(std::move(folded));
}

absl::StatusOr<Aggregate> DecodeGauge(const v1::GaugeDelta& delta) {
  if (!std::isfinite(delta.last()) || !std::isfinite(delta.min()) || !std::isfinite(delta.max()) ||
      delta.min() > delta.last() || delta.last() > delta.max() || delta.samples() == 0) {
    return Invalid("a gauge of ", delta.samples(), " samples is ", delta.last(), ", from ",
                   delta.min(), " to ", delta.max());
  }
  return Aggregate(Gauge{.last = delta.last(),
                         .time = absl::FromUnixNanos(delta.last_unix_ns()),
                         .min = delta.min(),
                         .max = delta.max(),
                         .samples = delta.samples()});
}

absl::StatusOr<Aggregate> DecodeAggregate(const v1::SeriesDelta& delta) {
  switch (delta.aggregate_case()) {
    case v1::SeriesDelta::kCounter: {
      LOCKSTEP_ASSIGN_OR_RETURN(ExactSum sum, DecodeSum(delta.counter().sum()));
      return Aggregate(Counter::Make(std::move(sum), delta.counter().samples()));
    }
    case v1::SeriesDelta::kGauge:
      return DecodeGauge(delta.gauge());
    case v1::SeriesDelta::kRate:
      if (delta.rate().trues() > delta.rate().total()) {
        return Invalid("a rate has ", delta.rate().trues(), " of ", delta.rate().total());
      }
      return Aggregate(Rate{.trues = delta.rate().trues(), .total = delta.rate().total()});
    case v1::SeriesDelta::kTrend: {
      LOCKSTEP_ASSIGN_OR_RETURN(Trend trend, DecodeTrend(delta.trend()));
      return Aggregate(std::move(trend));
    }
    case v1::SeriesDelta::AGGREGATE_NOT_SET:
      break;
  }
  return Invalid("a series has no aggregate");
}

absl::Status DecodeMetrics(const v1::MetricBatch& message, Batch* batch) {
  absl::flat_hash_map<absl::string_view, bool> names;
  for (const v1::MetricDefinition& metric : message.metrics()) {
    if (!IsValidMetricName(metric.name()) || !names.emplace(metric.name(), true).second) {
      return Invalid("metric name '", metric.name(), "' is invalid or there twice");
    }
    if (!v1::MetricKind_IsValid(metric.kind()) || !v1::MetricContents_IsValid(metric.contents())) {
      return Invalid("metric '", metric.name(), "' has the unknown type ",
                     static_cast<int>(metric.kind()), " or unit ",
                     static_cast<int>(metric.contents()));
    }
    batch->metrics.push_back({.name = metric.name(),
                              .type = static_cast<MetricType>(metric.kind()),
                              .contains = static_cast<ValueType>(metric.contents())});
  }
  return absl::OkStatus();
}

absl::Status DecodeTags(const v1::MetricBatch& message, Batch* batch) {
  for (const v1::TagSet& set : message.tag_sets()) {
    TagList tags;
    size_t bytes = 0;
    if (set.strings_size() % 2 != 0 ||
        static_cast<size_t>(set.strings_size()) > 2 * Batch::kMostTags) {
      return Invalid("a tag set has ", set.strings_size(), " strings; an even number up to ",
                     2 * Batch::kMostTags, " is allowed");
    }
    for (int i = 0; i < set.strings_size(); i += 2) {
      for (uint32_t index : {set.strings(i), set.strings(i + 1)}) {
        if (index >= static_cast<uint32_t>(message.strings_size())) {
          return Invalid("a tag is string ", index, " of ", message.strings_size());
        }
        bytes += message.strings(static_cast<int>(index)).size();
      }
      const std::string& name = message.strings(static_cast<int>(set.strings(i)));
      if (!tags.empty() && tags.back().first >= name) {
        return Invalid("the tags of a set are not sorted: '", name, "' follows '",
                       tags.back().first, "'");
      }
      tags.emplace_back(name, message.strings(static_cast<int>(set.strings(i + 1))));
    }
    if (bytes > Batch::kMostTagBytes) {
      return Invalid("a tag set has ", bytes, " bytes; ", Batch::kMostTagBytes, " are allowed");
    }
    batch->tag_sets.push_back(std::move(tags));
  }
  return absl::OkStatus();
}

absl::Status DecodeErrors(const v1::MetricBatch& message, Batch* batch) {
  for (const v1::ErrorDelta& delta : message.errors()) {
    for (uint32_t index : {delta.cause(), delta.method(), delta.name()}) {
      if (index >= static_cast<uint32_t>(message.strings_size())) {
        return Invalid("an error's text is string ", index, " of ", message.strings_size());
      }
      const size_t bytes = message.strings(static_cast<int>(index)).size();
      if (bytes > ErrorTable::kMostTextBytes) {
        return Invalid("an error's text has ", bytes, " bytes; ", ErrorTable::kMostTextBytes,
                       " are allowed");
      }
    }
    if (delta.count() == 0) {
      return Invalid("an error has the count 0");
    }
    batch->errors.push_back({.cause = message.strings(static_cast<int>(delta.cause())),
                             .method = message.strings(static_cast<int>(delta.method())),
                             .name = message.strings(static_cast<int>(delta.name())),
                             .count = delta.count(),
                             .first_unix_nanos = delta.first_unix_ns()});
  }
  return absl::OkStatus();
}

absl::Status DecodeEnded(const v1::MetricBatch& message, Batch* batch) {
  for (const v1::EndedIterations& ended : message.ended()) {
    for (const int64_t count : {ended.full(), ended.interrupted(), ended.dropped()}) {
      if (count < 0 || count > kMostIterations) {
        return Invalid("scenario ", ended.scenario(), " has ended ", count, " iterations; 0 to ",
                       kMostIterations, " are allowed");
      }
    }
    batch->ended.push_back({.scenario = ended.scenario(),
                            .full = ended.full(),
                            .interrupted = ended.interrupted(),
                            .dropped = ended.dropped()});
  }
  return absl::OkStatus();
}

absl::Status CheckIndices(const Batch& batch, absl::string_view what, uint32_t metric,
                          uint32_t tag_set) {
  if (metric >= batch.metrics.size()) {
    return Invalid(what, " is of metric ", metric, " of ", batch.metrics.size());
  }
  if (tag_set >= batch.tag_sets.size()) {
    return Invalid(what, " is of tag set ", tag_set, " of ", batch.tag_sets.size());
  }
  return absl::OkStatus();
}

absl::Status DecodeSeries(const v1::MetricBatch& message, Batch* batch) {
  for (const v1::SeriesDelta& delta : message.series()) {
    LOCKSTEP_RETURN_IF_ERROR(CheckIndices(*batch, "a series", delta.metric(), delta.tag_set()));
    LOCKSTEP_ASSIGN_OR_RETURN(Aggregate aggregate, DecodeAggregate(delta));
    const Metric& metric = batch->metrics[delta.metric()];
    if (aggregate.type() != metric.type) {
      return Invalid("metric '", metric.name, "' is a ", MetricTypeName(metric.type),
                     " but has the aggregate of a ", MetricTypeName(aggregate.type()));
    }
    batch->series.push_back(
        {.metric = delta.metric(),
         .tag_set = delta.tag_set(),
         .first_seen = {.unix_nanos = delta.first_unix_ns(), .ordinal = delta.first_ordinal()},
         .aggregate = std::move(aggregate)});
  }
  return absl::OkStatus();
}

absl::Status DecodePoints(const v1::Points& points, Batch* batch) {
  const int count = points.value_size();
  if (points.unix_ns_size() != count || points.metric_size() != count ||
      points.tag_set_size() != count) {
    return Invalid("the columns of ", count, " points differ in length");
  }
  if (static_cast<size_t>(count) > Batch::kMostPoints) {
    return Invalid(count, " points; ", Batch::kMostPoints, " are allowed");
  }
  uint64_t nanos = 0;  // wraps instead of overflowing
  for (int i = 0; i < count; ++i) {
    LOCKSTEP_RETURN_IF_ERROR(CheckIndices(*batch, "a point", points.metric(i), points.tag_set(i)));
    if (!std::isfinite(points.value(i))) {
      return Invalid("a point's value is ", points.value(i), ", which is not a finite number");
    }
    nanos += static_cast<uint64_t>(points.unix_ns(i));
    batch->points.push_back({.unix_nanos = static_cast<int64_t>(nanos),
                             .metric = points.metric(i),
                             .tag_set = points.tag_set(i),
                             .value = points.value(i)});
  }
  return absl::OkStatus();
}

absl::Status CheckSize(absl::string_view what, int size, size_t most) {
  return static_cast<size_t>(size) > most ? Invalid(size, " ", what, "; ", most, " are allowed")
                                          : absl::OkStatus();
}

}  // namespace

absl::StatusOr<Batch> DecodeBatch(absl::string_view encoded) {
  v1::MetricBatch message;
  if (encoded.size() > static_cast<size_t>(INT_MAX) ||
      !message.ParseFromArray(encoded.data(), static_cast<int>(encoded.size()))) {
    return Invalid(encoded.size(), " bytes that are not a MetricBatch");
  }
  LOCKSTEP_RETURN_IF_ERROR(CheckSize("metrics", message.metrics_size(), Batch::kMostMetrics));
  LOCKSTEP_RETURN_IF_ERROR(CheckSize("tag sets", message.tag_sets_size(), Batch::kMostTagSets));
  LOCKSTEP_RETURN_IF_ERROR(CheckSize("series", message.series_size(), Batch::kMostSeries));
  LOCKSTEP_RETURN_IF_ERROR(CheckSize("errors", message.errors_size(), Batch::kMostErrors));
  LOCKSTEP_RETURN_IF_ERROR(CheckSize("scenarios", message.ended_size(), Batch::kMostScenarios));
  Batch batch;
  batch.number = message.number();
  batch.begin = absl::FromUnixNanos(message.begin_unix_ns());
  batch.end = absl::FromUnixNanos(message.end_unix_ns());
  if (batch.end < batch.begin) {
    return Invalid("it ends before it begins");
  }
  LOCKSTEP_RETURN_IF_ERROR(DecodeMetrics(message, &batch));
  LOCKSTEP_RETURN_IF_ERROR(DecodeTags(message, &batch));
  LOCKSTEP_RETURN_IF_ERROR(DecodeSeries(message, &batch));
  LOCKSTEP_RETURN_IF_ERROR(DecodePoints(message.points(), &batch));
  LOCKSTEP_RETURN_IF_ERROR(DecodeErrors(message, &batch));
  LOCKSTEP_RETURN_IF_ERROR(DecodeEnded(message, &batch));
  batch.refused_points = message.refused_points();
  batch.refused_samples = message.refused_samples();
  batch.overflowed_series = message.overflowed_series();
  batch.folded_errors = message.folded_errors();
  return batch;
}

}  // namespace lockstep
