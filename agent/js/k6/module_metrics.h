// The metrics of a module that k6 does not have: they are there in runs whose script imports it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

struct MetricDefinition {
  absl::string_view name;
  MetricType type = MetricType::kCounter;
  ValueType contains = ValueType::kDefault;
};

class ModuleMetrics {
 public:
  // Registers them, but for those without a name, which are not written. One that the script has
  // defined before as something else stays the script's, with a warning, and is not written.
  ModuleMetrics(ApiVu& vu, absl::Span<const MetricDefinition> definitions) : vu_(vu) {
    for (const MetricDefinition& each : definitions) {
      if (each.name.empty()) {
        ids_.emplace_back();
        continue;
      }
      const absl::StatusOr<MetricId> id =
          vu.sink().metrics().Register(each.name, each.type, each.contains);
      ids_.push_back(id.ok() ? std::optional(*id) : std::nullopt);
      if (!id.ok()) {
        vu.logger().Warn(std::string(id.status().message()));
      }
    }
  }

  // `index` is that of the definition.
  void Add(size_t index, double value, const TagSet& tags) {
    if (ids_[index]) {
      vu_.sink().Add(*ids_[index], tags, value, vu_.loop().clock().Wall());
    }
  }
  // How long ago `since` is.
  void AddTime(size_t index, MonoTime since, const TagSet& tags) {
    Add(index, absl::ToDoubleMilliseconds(vu_.loop().clock().Mono() - since), tags);
  }

 private:
  ApiVu& vu_;
  std::vector<std::optional<MetricId>> ids_;
};

}  // namespace lockstep::agent
