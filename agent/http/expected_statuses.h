// The statuses that a script expects: what `http.expectedStatuses(200, {min: 300, max: 399})`
// stands for. A value.
#pragma once

#include <utility>
#include <vector>

namespace lockstep::agent {

class ExpectedStatuses {
 public:
  // 200 to 399, as without a response callback.
  static ExpectedStatuses Default() { return ExpectedStatuses({{200, 399}}); }
  // Inclusive ranges.
  explicit ExpectedStatuses(std::vector<std::pair<int, int>> ranges) : ranges_(std::move(ranges)) {}

  bool Contains(int status) const {
    for (const auto& [min, max] : ranges_) {
      if (status >= min && status <= max) {
        return true;
      }
    }
    return false;
  }

 private:
  std::vector<std::pair<int, int>> ranges_;
};

}  // namespace lockstep::agent
