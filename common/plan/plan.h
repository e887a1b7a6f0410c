// Which part of a test one instance does: options x segment -> VUs over time, iterations,
// durations. Also what the head of the summary says about the scenarios. Used by the coordinator
// (how many VUs to prepare, `lockstep plan`) and by the agent's engine. Pure functions; nothing
// here knows a clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/options/options.h"
#include "common/schedule/arrival_times.h"
#include "common/schedule/vu_steps.h"
#include "common/segment/execution_segment.h"

namespace lockstep {

// What gives a VU its next iteration.
enum class IterationSource {
  kLoop,      // the end of the one before
  kSchedule,  // its time: arrival rates
  kPool,      // those that all VUs share, while there is one
  kOfEachVu,  // those that the VU has of its own, while there is one
};

// One scenario on one instance. Offsets are from the scenario's own start.
struct ScenarioPlan {
  std::string name;
  std::string description;  // "10 looping VUs for 1m0s (gracefulStop: 30s)"
  // False: this instance has no VU for it, or no iteration. Such a scenario is skipped, and the
  // rest here says zero.
  bool has_work = false;
  // By which the scenario's iterations are divided and numbered: after the VUs, where the executor
  // shares out work.
  SegmentTuple iterations_segment;
  // VUs that the schedule asks for over time, without graceful stops; ends with zero, unless the
  // scenario is endless. Of arrival rates: those that are initialised before the start.
  std::vector<VuStep> wanted;
  // What the stages of ramping-vus ask for: `wanted` without the end that the duration puts to it.
  std::vector<VuStep> ramp;
  // The whole test's schedule, of arrival rates; shared among instances by `iterations_segment`.
  std::optional<ArrivalTimes> arrivals;
  // VUs reserved over time, graceful stop and ramp-down included; ends with zero, unless the
  // scenario is endless.
  std::vector<VuStep> reserved;
  int64_t planned_vus = 0;  // the most that are reserved at once: initialised before the start
  int64_t max_vus = 0;      // with those that may be initialised while it runs
  int64_t iterations = -1;  // -1: not known beforehand
  IterationSource source = IterationSource::kLoop;
  int64_t iterations_per_vu = 0;    // where each VU has iterations of its own
  bool controlled = false;          // its VUs may be scaled while it runs
  absl::Duration start_time;        // offset of the scenario's start from T0
  absl::Duration regular_duration;  // without graceful stop; infinite: until stopped
  absl::Duration graceful_stop;
  std::optional<absl::Duration>
      first_start;  // of this instance's first iteration; nothing if there is none

  // It ends by the clock; false: once its iterations are done.
  bool by_clock() const {
    return source == IterationSource::kLoop || source == IterationSource::kSchedule;
  }
};

struct InstancePlan {
  std::vector<ScenarioPlan> scenarios;  // in the order of the options
  // The most that scenarios which overlap, graceful stops included, reserve together.
  int64_t planned_vus = 0;
  int64_t max_vus = 0;  // the same with VUs that may be initialised while running
  absl::Duration
      regular_duration;  // when the last scenario ends without graceful stops; infinite: never
  absl::Duration max_duration;  // the same with them
  int64_t scenarios_with_work() const;
};

// `scenario` is consolidated and validated. InvalidArgument, starting with `scenarios.NAME.`, for a
// schedule beyond what can be counted (see ArrivalTimes).
absl::StatusOr<ScenarioPlan> PlanScenario(const ScenarioConfig& scenario,
                                          const SegmentTuple& segment);
absl::StatusOr<InstancePlan> PlanInstance(const std::vector<ScenarioConfig>& scenarios,
                                          const SegmentTuple& segment);

// When the first iterations of this instance start, at most `most` of them, as far as the schedule
// decides it: with a closed loop, the first one of each VU. Offsets from the scenario's start.
std::vector<absl::Duration> FirstStarts(const ScenarioPlan& plan, size_t most);

// How many iterations the schedules give to `part` from `from` to `to` after T0, by scenario, if
// the work was divided anew at `from`; -1: that has no schedule. `part` is the plan of one
// instance.
std::vector<int64_t> StartsBetween(const InstancePlan& part, absl::Duration from,
                                   absl::Duration to);

// The head of the terminal output: "(50.00%) 2 scenarios, 10 max VUs, 1m30s max duration (incl.
// graceful stop)".
std::string DescribePlan(const InstancePlan& plan, const SegmentTuple& segment);

}  // namespace lockstep
