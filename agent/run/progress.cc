#include "agent/run/progress.h"

#include <algorithm>

#include "common/health/lag.h"

namespace lockstep::agent {

v1::Progress ProgressOf(const EngineSnapshot& snapshot) {
  v1::Progress progress;
  progress.set_vus_active(snapshot.vus_active);
  progress.set_vus_initialised(snapshot.vus_initialised);
  progress.set_start_lateness_ns(absl::ToInt64Nanoseconds(snapshot.start_lateness));
  for (const ScenarioSnapshot& part : snapshot.scenarios) {
    v1::ScenarioProgress& scenario = *progress.add_scenarios();
    scenario.set_name(part.name);
    scenario.set_state(part.state);
    scenario.set_vus(part.vus_active);
    scenario.set_started(part.iterations_started);
    scenario.set_full(part.iterations_full);
    scenario.set_interrupted(part.iterations_interrupted);
    scenario.set_dropped(part.iterations_dropped);
    scenario.set_max_vus(part.vus_max);
    scenario.set_allocated_vus(part.vus_allocated);
    scenario.set_planned(part.iterations_planned);
    scenario.set_progress(std::clamp(part.progress, 0.0, 1.0));
    scenario.set_rate_per_s(part.rate_per_s);
    scenario.set_max_lateness_ns(part.lateness.max_ns());
    scenario.set_elapsed_ns(absl::ToInt64Nanoseconds(part.elapsed));
  }
  return progress;
}

v1::Health HealthOf(v1::Health of_process, const EngineSnapshot& snapshot) {
  v1::Health health = std::move(of_process);
  for (const ScenarioSnapshot& part : snapshot.scenarios) {
    MergeLag(part.lateness, health.mutable_lateness());
    health.set_starts_without_vu(health.starts_without_vu() + part.starts_without_vu);
  }
  health.set_starts_planned(static_cast<int64_t>(LagCount(health.lateness())) +
                            health.starts_without_vu());
  return health;
}

}  // namespace lockstep::agent
