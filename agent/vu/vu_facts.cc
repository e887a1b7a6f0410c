#include "agent/vu/vu_facts.h"

#include <algorithm>

#include "agent/exec/progress.h"

namespace lockstep::agent {
namespace {

absl::Duration Running(const RunShared& run, MonoTime now) {
  const int64_t t0 = run.t0_nanos.load();
  return t0 == 0 ? absl::ZeroDuration()
                 : std::max(now - MonoTime::FromNanos(t0), absl::ZeroDuration());
}

}  // namespace

ScenarioFacts ScenarioFactsOf(const RunShared& run, size_t scenario, const Iteration& iteration,
                              MonoTime now) {
  const ScenarioConfig& config = run.config.options.scenarios.at(scenario);
  return {.name = config.name,
          .executor = ExecutorTypeName(config.executor),
          .start = absl::FromUnixNanos(run.t0_wall_nanos.load()) + config.start_time,
          .progress = PlannedProgress(
              run.config.plan.scenarios.at(scenario), Running(run, now) - config.start_time,
              run.iterations_ended.at(scenario).load(std::memory_order_relaxed)),
          .iteration_in_instance = iteration.in_instance,
          .iteration_in_test = iteration.in_test};
}

InstanceFacts InstanceFactsOf(const RunShared& run, MonoTime now) {
  return {.running = Running(run, now),
          .iterations_completed = run.iterations_completed.load(std::memory_order_relaxed),
          .iterations_interrupted = run.iterations_interrupted.load(std::memory_order_relaxed),
          .vus_active = run.vus_active.load(std::memory_order_relaxed),
          .vus_initialized = run.vus_initialised.load(std::memory_order_relaxed)};
}

}  // namespace lockstep::agent
