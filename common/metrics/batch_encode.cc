// Batches as they go over the wire; batch_decode.cc reads them.
#include "absl/strings/string_view.h"
#include "lockstep/v1/metrics.pb.h"

#include "common/base/utf8.h"
#include "common/metrics/batch.h"

namespace lockstep {
namespace {

// What metric.h promises: a metric's type and contents are cast to the protocol's and back.
template <class Ours, class Theirs>
constexpr bool Equal(Ours ours, Theirs theirs) {
  return static_cast<int>(ours) == static_cast<int>(theirs);
}
static_assert(Equal(MetricType::kCounter, v1::METRIC_KIND_COUNTER) &&
              Equal(MetricType::kGauge, v1::METRIC_KIND_GAUGE) &&
              Equal(MetricType::kRate, v1::METRIC_KIND_RATE) &&
              Equal(MetricType::kTrend, v1::METRIC_KIND_TREND));
static_assert(Equal(ValueType::kDefault, v1::METRIC_CONTENTS_DEFAULT) &&
              Equal(ValueType::kTime, v1::METRIC_CONTENTS_TIME) &&
              Equal(ValueType::kData, v1::METRIC_CONTENTS_DATA));

void EncodeSum(const ExactSum& sum, v1::ExactSum* out) {
  const ExactSum::Canonical canonical = sum.ToCanonical();
  out->set_base(canonical.base);
  out->mutable_limbs()->Add(canonical.limbs.begin(), canonical.limbs.end());
}

void EncodeBuckets(const Histogram::Buckets& buckets,
                   google::protobuf::RepeatedField<int32_t>* indices,
                   google::protobuf::RepeatedField<uint64_t>* counts) {
  int32_t last = 0;
  for (const auto& [index, count] : buckets) {
    indices->Add(index - last);
    counts->Add(count);
    last = index;
  }
}

void EncodeTrend(const Trend& trend, v1::TrendDelta* out) {
  if (trend.exact()) {
    const std::vector<double> values = trend.SortedValues();
    out->mutable_values()->Add(values.begin(), values.end());
    return;
  }
  const Trend::Folded folded = trend.ToFolded();
  v1::Histogram* histogram = out->mutable_histogram();
  EncodeBuckets(folded.histogram.positive(), histogram->mutable_positive_index(),
                histogram->mutable_positive_count());
  EncodeBuckets(folded.histogram.negative(), histogram->mutable_negative_index(),
                histogram->mutable_negative_count());
  histogram->set_zeros(folded.histogram.zeros());
  EncodeSum(folded.sum, histogram->mutable_sum());
  histogram->set_min(folded.min);
  histogram->set_max(folded.max);
}

void EncodeAggregate(const Aggregate& aggregate, v1::SeriesDelta* out) {
  switch (aggregate.type()) {
    case MetricType::kCounter:
      EncodeSum(aggregate.counter().exact_sum(), out->mutable_counter()->mutable_sum());
      out->mutable_counter()->set_samples(aggregate.counter().count());
      break;
    case MetricType::kGauge: {
      const Gauge& gauge = aggregate.gauge();
      v1::GaugeDelta* delta = out->mutable_gauge();
      delta->set_last(gauge.last);
      delta->set_last_unix_ns(absl::ToUnixNanos(gauge.time));
      delta->set_min(gauge.min);
      delta->set_max(gauge.max);
      delta->set_samples(gauge.samples);
      break;
    }
    case MetricType::kRate:
      out->mutable_rate()->set_trues(aggregate.rate().trues);
      out->mutable_rate()->set_total(aggregate.rate().total);
      break;
    case MetricType::kTrend:
      EncodeTrend(aggregate.trend(), out->mutable_trend());
      break;
  }
}

void EncodePoints(const std::vector<Point>& points, v1::Points* out) {
  int64_t last = 0;
  for (const Point& point : points) {
    out->add_unix_ns(static_cast<int64_t>(static_cast<uint64_t>(point.unix_nanos) -
                                          static_cast<uint64_t>(last)));
    out->add_metric(point.metric);
    out->add_tag_set(point.tag_set);
    out->add_value(point.value);
    last = point.unix_nanos;
  }
}

}  // namespace

std::string EncodeBatch(const Batch& batch) {
  v1::MetricBatch message;
  message.set_number(batch.number);
  message.set_begin_unix_ns(absl::ToUnixNanos(batch.begin));
  message.set_end_unix_ns(absl::ToUnixNanos(batch.end));
  for (const Metric& metric : batch.metrics) {
    v1::MetricDefinition* definition = message.add_metrics();
    definition->set_name(metric.name);
    definition->set_kind(static_cast<v1::MetricKind>(metric.type));
    definition->set_contents(static_cast<v1::MetricContents>(metric.contains));
  }
  absl::flat_hash_map<absl::string_view, uint32_t> strings;
  const auto string_index = [&](const std::string& text) {
    const auto [it, added] = strings.emplace(text, static_cast<uint32_t>(message.strings_size()));
    if (added) {
      message.add_strings(IsUtf8(text) ? text : ValidUtf8(text));
    }
    return it->second;
  };
  for (const TagList& tags : batch.tag_sets) {
    v1::TagSet* set = message.add_tag_sets();
    for (const auto& [name, value] : tags) {
      set->add_strings(string_index(name));
      set->add_strings(string_index(value));
    }
  }
  for (const SeriesDelta& delta : batch.series) {
    v1::SeriesDelta* out = message.add_series();
    out->set_metric(delta.metric);
    out->set_tag_set(delta.tag_set);
    out->set_first_unix_ns(delta.first_seen.unix_nanos);
    out->set_first_ordinal(delta.first_seen.ordinal);
    EncodeAggregate(delta.aggregate, out);
  }
  if (!batch.points.empty()) {
    EncodePoints(batch.points, message.mutable_points());
  }
  message.set_refused_points(batch.refused_points);
  message.set_refused_samples(batch.refused_samples);
  message.set_overflowed_series(batch.overflowed_series);
  for (const ErrorCount& errors : batch.errors) {
    v1::ErrorDelta* out = message.add_errors();
    out->set_cause(string_index(errors.cause));
    out->set_method(string_index(errors.method));
    out->set_name(string_index(errors.name));
    out->set_count(errors.count);
    out->set_first_unix_ns(errors.first_unix_nanos);
  }
  message.set_folded_errors(batch.folded_errors);
  for (const EndedIterations& ended : batch.ended) {
    v1::EndedIterations* out = message.add_ended();
    out->set_scenario(ended.scenario);
    out->set_full(ended.full);
    out->set_interrupted(ended.interrupted);
    out->set_dropped(ended.dropped);
  }
  return message.SerializeAsString();
}

}  // namespace lockstep
