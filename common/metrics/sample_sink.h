// Where measured values go. A VU, an executor and the HTTP layer write samples through this
// interface; an agent's worker implements it with its own aggregates (agent/report), a test with a
// list.
#pragma once

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

#include "common/metrics/metric.h"
#include "common/metrics/tag_set.h"

namespace lockstep {

struct MetricValue {
  MetricId metric;
  double value;
};

// Used on one thread. The ids belong to `metrics()` and `tags()` of the same sink.
class SampleSink {
 public:
  virtual ~SampleSink() = default;
  // Counters add `value`, gauges take it, rates count it as true unless it is 0, trends record it.
  // `time` is when it was measured, on the wall clock.
  virtual void Add(MetricId metric, const TagSet& tags, double value, absl::Time time) = 0;
  // Several metrics of one tag set at once, as an HTTP request has them: the same as Add for each,
  // and cheaper.
  virtual void AddMany(const TagSet& tags, absl::Time time, absl::Span<const MetricValue> values) {
    for (const MetricValue& each : values) {
      Add(each.metric, tags, each.value, time);
    }
  }
  // One thing failed: a row of the table of errors (error_table.h), whatever tags the test keeps. A
  // sink without a table leaves it out.
  virtual void AddError(absl::string_view /*cause*/, absl::string_view /*method*/,
                        absl::string_view /*name*/, absl::Time /*time*/) {}
  // Whether anybody wants single samples; otherwise nobody will see metadata.
  virtual bool keeps_points() const { return true; }
  virtual MetricRegistry& metrics() = 0;
  virtual TagSetTable& tags() = 0;
};

}  // namespace lockstep
