// A run as its progress shows it: what the renderers of progress.h and progress_rows.h draw.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lockstep/v1/status.pb.h"

#include "common/plan/plan.h"

namespace lockstep::coordinator {

struct ScenarioProgressView {
  std::string name;
  v1::ScenarioProgress::State state = v1::ScenarioProgress::WAITING;
  double progress = 0;  // 0 to 1
  int64_t vus = 0;      // at work
  int64_t max_vus = 0;  // of an arrival rate: those that it has got so far
  absl::Duration elapsed = absl::ZeroDuration();    // since the scenario's start
  absl::Duration total = absl::ZeroDuration();      // regular duration; infinite: until stopped
  absl::Duration starts_in = absl::ZeroDuration();  // while waiting
  int64_t iterations = 0;                           // full ones
  int64_t planned = -1;                             // iterations; -1: not known beforehand
  double per_s = 0;                                 // iterations that ended in the last second
  double wanted_per_s = 0;  // that an arrival rate wants now; 0: there is no rate
  double failed_per_s = 0;  // requests, likewise
};

struct AgentProgressView {
  std::string name;
  v1::AgentStatus::State state = v1::AgentStatus::CONNECTED;
  int64_t vus = 0;
  int64_t max_vus = 0;
  double requests_per_s = 0;
  double failed_per_s = 0;
  double cpu = -1;  // of the processors that it may use, 0 to 1; -1: not known
  absl::Duration lag = absl::ZeroDuration();           // p(99) of its workers' loops
  absl::Duration clock_within = absl::ZeroDuration();  // how well its clock is known
};

struct ThresholdProgressView {
  std::string metric;
  std::string expression;
  v1::ThresholdStatus::Verdict verdict = v1::ThresholdStatus::NO_DATA;
  std::string value;  // "12.6ms"
};

struct ProgressView {
  v1::RunStatus::State state = v1::RunStatus::RUNNING;
  bool final = false;                              // nothing changes any more
  absl::Duration in_state = absl::ZeroDuration();  // how long it has been in it
  int interrupts = 0;                              // signals to end so far
  // Of a run that stops: how long what is still going on may take; 0: it is interrupted already.
  absl::Duration stop_within = absl::ZeroDuration();
  int64_t agents = 0;
  int64_t agents_wanted = 0;
  int64_t vus_wanted = 0;  // that are initialised before the start

  absl::Duration elapsed = absl::ZeroDuration();  // since T0
  absl::Duration total = absl::ZeroDuration();    // regular duration of all scenarios
  bool paused = false;
  int64_t vus = 0;
  int64_t max_vus = 0;
  int64_t complete = 0;
  int64_t interrupted = 0;
  double requests_per_s = 0;
  double failed_per_s = 0;
  std::vector<ScenarioProgressView> scenarios;
  std::vector<AgentProgressView> agent_lines;          // empty: not wanted
  std::vector<ThresholdProgressView> threshold_lines;  // likewise
};

// What is to be seen beside the scenarios.
struct ProgressParts {
  bool agents = false;
  bool thresholds = false;
};

// The view of a run's status. `plan` is that of the whole run; null before it is known. Scenarios
// that have not come to their end are interrupted ones once the run has.
ProgressView MakeProgressView(const v1::RunStatus& status, const InstancePlan* plan,
                              ProgressParts parts = {});

}  // namespace lockstep::coordinator
