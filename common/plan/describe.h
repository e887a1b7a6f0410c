// Scenarios in words, as the head of the terminal output shows them:
//
//      scenarios: (100.00%) 1 scenario, 10 max VUs, 1m30s max duration (incl. graceful stop):
//               * default: 10 looping VUs for 1m0s (gracefulStop: 30s)
#pragma once

#include <string>

#include "common/options/options.h"
#include "common/plan/plan.h"
#include "common/segment/execution_segment.h"

namespace lockstep {

// "10 looping VUs for 1m0s (gracefulStop: 30s)". `plan` is that of `scenario` for `segment`.
std::string DescribeScenario(const ScenarioConfig& scenario, const ScenarioPlan& plan,
                             const SegmentTuple& segment);

// "(50.00%) 2 scenarios, 10 max VUs, 1m30s max duration (incl. graceful stop)".
std::string DescribePlan(const InstancePlan& plan, const SegmentTuple& segment);

}  // namespace lockstep
