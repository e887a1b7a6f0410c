// How far a scenario of one instance is, as people and scripts are told. Pure.
#pragma once

#include <cstdint>

#include "absl/time/time.h"

#include "common/plan/plan.h"

namespace lockstep::agent {

// From 0 to 1: of `iterations` against those of `plan`, or of the time `elapsed` since the
// scenario's start against its duration. 0 for a scenario without end.
double PlannedProgress(const ScenarioPlan& plan, absl::Duration elapsed, int64_t iterations);

}  // namespace lockstep::agent
