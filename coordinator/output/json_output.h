// `-o json`: one JSON object a line: each metric before its first sample, then its samples.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"

#include "coordinator/output/output.h"
#include "coordinator/output/text_sink.h"

namespace lockstep::coordinator {

class JsonOutput final : public LinesOutput {
 public:
  // `argument`: a file name; empty for standard output.
  JsonOutput(absl::string_view argument, const OutputContext& context);
  void Write(const Batch& batch) override;

 private:
  const std::map<std::string, std::vector<ThresholdConfig>> thresholds_;
  absl::flat_hash_set<std::string> defined_;
};

}  // namespace lockstep::coordinator
