// An agent's health from what its workers note and what the kernel counts of the process.
// Conductor's loop only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/health/cgroup.h"
#include "agent/health/health_source.h"
#include "agent/health/kernel_file.h"
#include "agent/health/run_health.h"
#include "common/base/clock.h"

namespace lockstep::agent {

class HealthMonitor final : public HealthSource {
 public:
  // Both are borrowed. `workers`: threads that host VUs. /proc and /sys are below `root`, which is
  // a folder for tests.
  HealthMonitor(const Clock& clock, RunHealth& run, int64_t workers, const std::string& root = "")
      : clock_(clock),
        run_(run),
        workers_(workers),
        cgroup_(root),
        pressure_(root + "/proc/pressure/cpu") {}

  void Begin() override;
  void End() override;
  v1::Health Read() override;

 private:
  // Running totals; nothing: the kernel did not tell.
  struct Totals {
    MonoTime time;
    absl::Duration cpu;
    std::optional<absl::Duration> throttled;
    std::optional<absl::Duration> pressure;
  };
  Totals Now() const;

  const Clock& clock_;
  RunHealth& run_;
  const int64_t workers_;
  const CpuCgroup cgroup_;
  const KernelFile pressure_;
  std::optional<Totals> began_;
  std::optional<v1::Health> ended_;
};

}  // namespace lockstep::agent
