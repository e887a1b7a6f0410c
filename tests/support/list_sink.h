// A sink of samples that a test looks into.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "common/metrics/sample_sink.h"

namespace lockstep::testing {

// Keeps what was added, by metric name.
class ListSink final : public SampleSink {
 public:
  struct Sample {
    TagSet tags;
    double value;
  };
  void Add(MetricId metric, const TagSet& tags, double value, absl::Time) override {
    samples[metrics_.Get(metric).name].push_back({tags, value});
  }
  void AddError(absl::string_view cause, absl::string_view method, absl::string_view name,
                absl::Time) override {
    errors.push_back(absl::StrCat(cause, " ", method, " ", name));
  }
  MetricRegistry& metrics() override { return metrics_; }
  TagSetTable& tags() override { return tags_; }

  std::map<std::string, std::vector<Sample>> samples;
  std::vector<std::string> errors;

 private:
  MetricRegistry metrics_;
  TagSetTable tags_;
};

}  // namespace lockstep::testing
