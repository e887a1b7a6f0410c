// What each agent of a fleet would do, as `lockstep plan` prints it: as text for people, and as
// JSON (times in seconds from T0, null for "not known beforehand" and "never"):
//
//   { "partition": "striped", "max_vus": 10, "max_duration_s": 90.0,
//     "agents": [ { "agent": 1, "weight": 1, "segment": "0:1/3", "max_vus": 4,
//       "max_duration_s": 90.0,
//       "scenarios": [ { "name": "default", "executor": "constant-vus", "has_work": true,
//         "start_time_s": 0.0, "duration_s": 60.0, "graceful_stop_s": 30.0,
//         "planned_vus": 4, "max_vus": 4, "iterations": null,
//         "vu_ids_in_test": [1, 4, 7, 10],             the first five
//         "first_starts_s": [0.0, 0.0, 0.0, 0.0],      the first five; see FirstStarts
//         "vus": [ {"at_s": 0.0, "vus": 4}, {"at_s": 60.0, "vus": 0} ] } ] } ] }
//
// Pure functions.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

#include "common/options/options.h"
#include "common/plan/plan.h"
#include "common/segment/execution_segment.h"

namespace lockstep {

struct AgentPart {
  int64_t weight = 1;
  ExecutionSegment segment;
  SegmentTuple tuple;
  InstancePlan plan;
};

struct FleetPlan {
  Partition partition = Partition::kStriped;
  InstancePlan whole;  // of all parts together
  std::vector<AgentPart> agents;
};

// Cuts the test by the agents' weights, which are > 0. InvalidArgument for weights that cannot be
// divided exactly, and as PlanInstance.
absl::StatusOr<FleetPlan> PlanFleet(const std::vector<ScenarioConfig>& scenarios,
                                    const std::vector<int64_t>& weights, Partition partition);
// One agent that runs the segment `index` of `sequence`.
absl::StatusOr<FleetPlan> PlanPart(const std::vector<ScenarioConfig>& scenarios,
                                   const SegmentSequence& sequence, size_t index,
                                   Partition partition);

std::string FleetPlanText(const FleetPlan& plan);
// `scenarios` are those that the plan was made from.
nlohmann::ordered_json FleetPlanJson(const std::vector<ScenarioConfig>& scenarios,
                                     const FleetPlan& plan);

}  // namespace lockstep
