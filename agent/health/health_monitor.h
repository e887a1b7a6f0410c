// An agent's health from what its workers note and what the kernel counts of the process.
// Conductor's loop only.
#pragma once

#include <cstdint>
#include <optional>

#include "agent/health/cgroup.h"
#include "agent/health/health_source.h"
#include "agent/health/run_health.h"
#include "common/base/clock.h"

namespace lockstep::agent {

class HealthMonitor final : public HealthSource {
 public:
  // Both are borrowed. `workers`: threads that host VUs.
  HealthMonitor(const Clock& clock, RunHealth& run, int64_t workers)
      : clock_(clock), run_(run), workers_(workers) {}

  void Begin() override;
  void End() override;
  v1::Health Read() override;

 private:
  // Running totals.
  struct Totals {
    MonoTime time;
    absl::Duration cpu;
    absl::Duration throttled;
    absl::Duration pressure;
  };
  Totals Now() const;

  const Clock& clock_;
  RunHealth& run_;
  const int64_t workers_;
  const CpuCgroup cgroup_;
  std::optional<Totals> began_;
  std::optional<v1::Health> ended_;
};

}  // namespace lockstep::agent
