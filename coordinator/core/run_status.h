// What a run shows of itself, as a function of what is known about it. Pure; cheap enough for each
// second.
#pragma once

#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lockstep/v1/status.pb.h"

#include "common/health/judge.h"
#include "coordinator/core/fleet.h"
#include "coordinator/core/roster.h"
#include "coordinator/core/run_outcome.h"
#include "coordinator/core/run_parts.h"

namespace lockstep::coordinator {

// Borrowed, for one call.
struct RunFacts {
  v1::RunStatus::State state = v1::RunStatus::WAITING_FOR_AGENTS;
  bool paused = false;
  absl::Duration elapsed;  // since T0; 0 before
  absl::Duration in_state = absl::ZeroDuration();
  absl::Duration stop_within = absl::ZeroDuration();  // see RunStatus
  int interrupts = 0;
  bool work_moves = false;   // and T0 has come
  size_t agents_wanted = 0;  // to share the work
  absl::string_view script_url;
  const std::optional<TestPlan>& plan;
  const RunOutcome& outcome;
  const Roster& roster;
  const Fleet& fleet;
  const std::vector<Standstill>& standstills;
};
// Everything but thresholds, metrics and loads, which are known to those who have the results.
v1::RunStatus DescribeRun(const RunFacts& facts);

// How many VUs a test has at once whose work moves, by its plan and what people have asked for
// since.
int64_t MostVus(const TestPlan& plan);

// Whether the agents were steady rulers so far, the lost ones as far as they told. `elapsed`: since
// T0; UNKNOWN before, unless something is wrong already.
Judgement JudgeRoster(const Roster& roster, const std::vector<Standstill>& standstills,
                      absl::Duration elapsed);

}  // namespace lockstep::coordinator
