// Writes metrics in Prometheus' text exposition format, version 0.0.4. A value; any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace lockstep {

class PrometheusText {
 public:
  static constexpr char kContentType[] = "text/plain; version=0.0.4; charset=utf-8";
  using Labels = std::vector<std::pair<std::string, std::string>>;

  // One sample. `family` is a valid name; the family's help and type ("counter", "gauge",
  // "summary") are those of its first sample. `suffix` is appended to the sample's name: "_sum".
  // Samples of a family may come at any time; they are written together, as the format wants them.
  void Add(absl::string_view family, absl::string_view type, absl::string_view help,
           const Labels& labels, double value, absl::string_view suffix = "");
  // CPU time, memory, start and descriptors of this process, under the names that all exporters
  // use.
  void AddProcess();
  // Everything, families in the order of their first samples.
  std::string Text() const;

  // `name`, with '_' in place of each character that a metric name may not contain.
  static std::string Name(absl::string_view name);

 private:
  struct Family {
    std::string head;
    std::string samples;
  };
  std::vector<Family> families_;
  absl::flat_hash_map<std::string, size_t> index_;
};

}  // namespace lockstep
