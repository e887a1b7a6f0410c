#include "coordinator/core/ranges.h"

#include <algorithm>
#include <numeric>

namespace lockstep::coordinator {

int64_t Ranges::count() const {
  return std::accumulate(ranges_.begin(), ranges_.end(), int64_t{0},
                         [](int64_t sum, const Range& range) { return sum + range.count; });
}

Range Ranges::Take(int64_t most) {
  Range& front = ranges_.front();
  const Range taken{front.first, std::min(most, front.count)};
  front.first += taken.count;
  front.count -= taken.count;
  if (front.count == 0) {
    ranges_.erase(ranges_.begin());
  }
  return taken;
}

bool Ranges::Remove(const Range& part) {
  const int64_t end = part.first + part.count;
  const auto found = std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& range) {
    return range.first <= part.first && range.first + range.count >= end;
  });
  if (found == ranges_.end()) {
    return false;
  }
  const Range whole = *found;
  auto next = ranges_.erase(found);
  if (whole.first + whole.count > end) {
    next = ranges_.insert(next, {end, whole.first + whole.count - end});
  }
  if (whole.first < part.first) {
    ranges_.insert(next, {whole.first, part.first - whole.first});
  }
  return true;
}

void Ranges::PutFirst(const Ranges& others) {
  ranges_.insert(ranges_.begin(), others.ranges_.begin(), others.ranges_.end());
}

}  // namespace lockstep::coordinator
