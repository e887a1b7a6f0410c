#include "agent/exec/lease_size.h"

#include <algorithm>
#include <cmath>

namespace lockstep::agent {

int64_t IterationsAhead(int64_t begun, absl::Duration elapsed) {
  const absl::Duration measured = std::max(elapsed, kLeaseAhead / 4);
  return static_cast<int64_t>(
      std::ceil(static_cast<double>(begun) * absl::FDivDuration(kLeaseAhead, measured)));
}

}  // namespace lockstep::agent
