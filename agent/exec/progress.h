// How far a scenario of one instance is, as people and scripts are told. Pure.
#pragma once

#include <cstdint>

#include "common/options/options.h"
#include "common/plan/plan.h"

namespace lockstep::agent {

// Whether a scenario ends with its iterations; others end with their time.
bool CountsIterations(const ExecutorConfig& executor);

// From 0 to 1: of `iterations` against those of `plan`, or of the time `elapsed` since the
// scenario's start against its duration. 0 for a scenario without end.
double PlannedProgress(const ExecutorConfig& executor, const ScenarioPlan& plan,
                       absl::Duration elapsed, int64_t iterations);

}  // namespace lockstep::agent
