#include "coordinator/output/remote_write.h"

#include <bit>
#include <map>
#include <utility>

#include <snappy.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "sinks/remote_write.pb.h"

#include "common/base/utf8.h"
#include "common/summary/trend_statistic.h"

namespace lockstep::coordinator {
namespace {

namespace prom = lockstep::sinks::prometheus;

constexpr uint64_t kStaleNan = 0x7ff0000000000002;
constexpr char kMetricName[] = "__name__";

// "p(99.9)" -> "p99_9"; the other statistics are their own names.
std::string StatSuffix(absl::string_view stat) {
  return absl::StrReplaceAll(stat, {{"p(", "p"}, {")", ""}, {".", "_"}});
}

// Names that begin with two underscores are Prometheus' own, of which there is one in each series.
std::string LabelName(absl::string_view tag) {
  std::string name(tag);
  for (char& c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c))) {
      c = '_';
    }
  }
  return absl::ascii_isdigit(static_cast<unsigned char>(name[0])) || name == kMetricName
             ? "_" + name
             : name;
}

class RemoteWriteEncoder {
 public:
  RemoteWriteEncoder(const RemoteWriteConfig& config, absl::Time time, bool stale)
      : config_(config), millis_(absl::ToUnixMillis(time)), stale_(stale) {}

  void Add(const SeriesBook::Series& series) {
    const std::string name = absl::StrCat(config_.prefix, series.metric.name);
    switch (series.metric.type) {
      case MetricType::kCounter:
        AddSample(series, name + "_total", series.total.counter().sum());
        break;
      case MetricType::kGauge:
        AddSample(series, name, Scaled(series, series.total.gauge().last));
        break;
      case MetricType::kRate:
        AddSample(series, name + "_rate", series.total.rate().rate());
        break;
      case MetricType::kTrend:
        if (config_.native_histograms) {
          AddHistogram(series, name);
        } else {
          AddStatistics(series, name);
        }
        break;
    }
  }

  std::string Encoded() const { return request_.SerializeAsString(); }

 private:
  static double Scaled(const SeriesBook::Series& series, double value) {
    return series.metric.contains == ValueType::kTime ? value / 1000 : value;
  }

  prom::TimeSeries* AddLabels(const SeriesBook::Series& series, const std::string& name) {
    std::map<std::string, std::string> labels = {{kMetricName, name}};
    for (const auto& [key, value] : series.tags) {
      if (key.empty()) {
        continue;
      }
      // Tags whose names become one label share it, as OpenTelemetry asks of attributes
      // ("Prometheus and OpenMetrics Compatibility", Metric Attributes): two series must not look
      // like one.
      const auto [label, is_new] = labels.emplace(LabelName(key), ValidUtf8(value));
      if (!is_new) {
        absl::StrAppend(&label->second, ";", ValidUtf8(value));
      }
    }
    prom::TimeSeries* target = request_.add_timeseries();
    for (auto& [key, value] : labels) {
      prom::Label* label = target->add_labels();
      label->set_name(key);
      label->set_value(std::move(value));
    }
    return target;
  }

  void AddSample(const SeriesBook::Series& series, const std::string& name, double value) {
    prom::Sample* sample = AddLabels(series, name)->add_samples();
    sample->set_value(stale_ ? std::bit_cast<double>(kStaleNan) : value);
    sample->set_timestamp(millis_);
  }

  void AddStatistics(const SeriesBook::Series& series, const std::string& name) {
    const std::vector<double> values = TrendStatistics(series.total.trend(), config_.trend_stats);
    for (size_t i = 0; i < values.size(); ++i) {
      const std::string& stat = config_.trend_stats[i];
      AddSample(series, absl::StrCat(name, "_", StatSuffix(stat)),
                stat == "count" ? values[i] : Scaled(series, values[i]));
    }
  }

  void AddHistogram(const SeriesBook::Series& series, const std::string& name) {
    const bool time = series.metric.contains == ValueType::kTime;
    const char* unit = time                                         ? "_seconds"
                       : series.metric.contains == ValueType::kData ? "_bytes"
                                                                    : "";
    if (stale_) {
      AddSample(series, name + unit, 0);
      return;
    }
    const Trend::Folded folded = series.total.trend().ToFolded();
    prom::Histogram* histogram = AddLabels(series, name + unit)->add_histograms();
    histogram->set_count_int(folded.histogram.count());
    histogram->set_sum(Scaled(series, folded.sum.Value()));
    histogram->set_schema(Histogram::kSchema);
    histogram->set_zero_count_int(folded.histogram.zeros());
    histogram->set_timestamp(millis_);
    AddBuckets(folded.histogram.positive(), time, histogram->mutable_positive_spans(),
               histogram->mutable_positive_deltas());
    AddBuckets(folded.histogram.negative(), time, histogram->mutable_negative_spans(),
               histogram->mutable_negative_deltas());
  }

  template <typename Spans, typename Deltas>
  static void AddBuckets(const Histogram::Buckets& buckets, bool to_seconds, Spans* spans,
                         Deltas* deltas) {
    std::map<int32_t, uint64_t> counts;
    for (const auto& [index, count] : buckets) {
      counts[to_seconds ? Histogram::IndexOf(Histogram::Representative(index) / 1000) : index] +=
          count;
    }
    int64_t previous_count = 0;
    int32_t next = 0;  // index behind the last bucket
    for (const auto& [index, count] : counts) {
      if (spans->empty() || index != next) {
        prom::BucketSpan* span = spans->Add();
        span->set_offset(spans->size() == 1 ? index : index - next);
      }
      prom::BucketSpan& span = *spans->rbegin();
      span.set_length(span.length() + 1);
      deltas->Add(static_cast<int64_t>(count) - previous_count);
      previous_count = static_cast<int64_t>(count);
      next = index + 1;
    }
  }

  const RemoteWriteConfig& config_;
  const int64_t millis_;
  const bool stale_;
  prom::WriteRequest request_;
};

std::string EncodeAll(const RemoteWriteConfig& config,
                      absl::Span<const SeriesBook::Series* const> series, absl::Time time,
                      bool stale) {
  RemoteWriteEncoder encoder(config, time, stale);
  for (const SeriesBook::Series* each : series) {
    encoder.Add(*each);
  }
  return encoder.Encoded();
}

}  // namespace

std::string EncodeRemoteWrite(const RemoteWriteConfig& config,
                              absl::Span<const SeriesBook::Series* const> series, absl::Time time) {
  return EncodeAll(config, series, time, /*stale=*/false);
}

std::string EncodeStaleMarkers(const RemoteWriteConfig& config,
                               absl::Span<const SeriesBook::Series* const> series,
                               absl::Time time) {
  return EncodeAll(config, series, time, /*stale=*/true);
}

std::string SnappyCompressed(const std::string& body) {
  std::string compressed;
  snappy::Compress(body.data(), body.size(), &compressed);
  return compressed;
}

}  // namespace lockstep::coordinator
