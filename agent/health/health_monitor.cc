#include "agent/health/health_monitor.h"

#include <algorithm>
#include <fstream>
#include <string>

#include <sys/resource.h>

#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"

#include "common/base/processors.h"

namespace lockstep::agent {
namespace {

// "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234", in µs; zero where the kernel has none.
absl::Duration Pressure() {
  std::ifstream file("/proc/pressure/cpu");
  std::string word;
  for (int i = 0; i < 5 && file >> word; ++i) {
    absl::string_view text = word;
    int64_t micros = 0;
    if (absl::ConsumePrefix(&text, "total=") && absl::SimpleAtoi(text, &micros)) {
      return absl::Microseconds(micros);
    }
  }
  return absl::ZeroDuration();
}

}  // namespace

HealthMonitor::Totals HealthMonitor::Now() const {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {
      .time = clock_.Mono(),
      .cpu = absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime),
      .throttled = cgroup_.Throttled(),
      .pressure = Pressure()};
}

void HealthMonitor::Begin() {
  ended_.reset();
  began_ = Now();
  run_.Start();
}

void HealthMonitor::End() {
  ended_ = Read();
  run_.Stop();
}

v1::Health HealthMonitor::Read() {
  if (ended_.has_value()) {
    return *ended_;
  }
  v1::Health health;
  if (!began_.has_value()) {
    return health;
  }
  const Totals now = Now();
  health.set_measured_s(absl::ToDoubleSeconds(now.time - began_->time));
  health.set_workers(workers_);
  health.set_cpu_s(absl::ToDoubleSeconds(now.cpu - began_->cpu));
  health.set_cores(std::min<double>(Processors(), cgroup_.cores()));
  health.set_throttled_s(absl::ToDoubleSeconds(now.throttled - began_->throttled));
  health.set_pressure_s(absl::ToDoubleSeconds(now.pressure - began_->pressure));
  run_.Fill(&health);
  return health;
}

}  // namespace lockstep::agent
