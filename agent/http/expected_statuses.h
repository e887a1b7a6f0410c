// The statuses that a script expects: what `http.expectedStatuses(200, {min: 300, max: 399})`
// stands for. A value.
#pragma once

#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"

namespace lockstep::agent {

class ExpectedStatuses {
 public:
  // 200 to 399, as without a response callback.
  static ExpectedStatuses Default() { return ExpectedStatuses(200, 399); }
  // Inclusive ranges.
  explicit ExpectedStatuses(const std::vector<std::pair<int, int>>& ranges)
      : ranges_(ranges.begin(), ranges.end()) {}

  bool Contains(int status) const {
    for (const auto& [min, max] : ranges_) {
      if (status >= min && status <= max) {
        return true;
      }
    }
    return false;
  }

 private:
  ExpectedStatuses(int min, int max) : ranges_({{min, max}}) {}

  absl::InlinedVector<std::pair<int, int>, 2> ranges_;  // a copy of the usual ones costs nothing
};

}  // namespace lockstep::agent
