#include "agent/exec/progress.h"

#include <algorithm>

namespace lockstep::agent {

double PlannedProgress(const ScenarioPlan& plan, absl::Duration elapsed, int64_t iterations) {
  double progress = 0;
  if (!plan.by_clock()) {
    progress = plan.iterations > 0
                   ? static_cast<double>(iterations) / static_cast<double>(plan.iterations)
                   : 0;
  } else if (plan.regular_duration > absl::ZeroDuration() &&
             plan.regular_duration < absl::InfiniteDuration()) {
    progress = absl::FDivDuration(elapsed, plan.regular_duration);
  }
  return std::clamp(progress, 0.0, 1.0);
}

}  // namespace lockstep::agent
