#include "agent/health/health_monitor.h"

#include <algorithm>

#include <sys/resource.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "common/base/processors.h"

namespace lockstep::agent {
namespace {

// Of "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234\nfull ...", in µs, what "some" has.
std::optional<absl::Duration> TotalOf(const std::optional<std::string>& pressure) {
  for (absl::string_view word : absl::StrSplit(pressure.value_or(""), absl::ByAnyChar(" \n"))) {
    int64_t micros = 0;
    if (absl::ConsumePrefix(&word, "total=") && absl::SimpleAtoi(word, &micros)) {
      return absl::Microseconds(micros);
    }
  }
  return std::nullopt;
}

// How far a total has come. Nothing, unless it was known both times; one that went back was not the
// same.
std::optional<double> SecondsBetween(std::optional<absl::Duration> then,
                                     std::optional<absl::Duration> now) {
  return then.has_value() && now.has_value() && *then <= *now
             ? std::optional(absl::ToDoubleSeconds(*now - *then))
             : std::nullopt;
}

}  // namespace

HealthMonitor::Totals HealthMonitor::Now() const {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {
      .time = clock_.Mono(),
      .cpu = absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime),
      .throttled = cgroup_.Throttled(),
      .pressure = TotalOf(pressure_.Read())};
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
  if (const auto seconds = SecondsBetween(began_->throttled, now.throttled)) {
    health.set_throttled_s(*seconds);
  }
  if (const auto seconds = SecondsBetween(began_->pressure, now.pressure)) {
    health.set_pressure_s(*seconds);
  }
  run_.Fill(&health);
  return health;
}

}  // namespace lockstep::agent
