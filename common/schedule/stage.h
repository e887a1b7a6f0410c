// A straight piece of a ramp, of VUs or of a rate. Pure value.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace lockstep {

struct LinearStage {
  absl::Duration duration;  // >= 0; zero is a jump
  int64_t target = 0;       // reached at the end of `duration`; >= 0
};

// The durations of all stages together.
inline absl::Duration TotalDuration(const std::vector<LinearStage>& stages) {
  absl::Duration total;
  for (const LinearStage& stage : stages) {
    total += stage.duration;
  }
  return total;
}

}  // namespace lockstep
