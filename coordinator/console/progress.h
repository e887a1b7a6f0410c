// The head of a run's output and its progress, as pure functions from values to lines. The final
// state is drawn by the same functions from the run's final status, so it cannot miss anything.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lockstep/v1/status.pb.h"

#include "common/options/options.h"
#include "common/plan/plan.h"
#include "common/segment/execution_segment.h"

namespace lockstep::coordinator {

struct HeaderFacts {
  std::string execution = "local";  // or "3 agents"
  std::string script;
  std::vector<std::string> outputs;  // empty: "-"
};

// The block with execution, script and outputs, and the list of scenarios as `segment` runs them.
// Ends with an empty line. `plan` is that of `scenarios` for `segment`.
std::string RenderHeader(const HeaderFacts& facts, const std::vector<ScenarioConfig>& scenarios,
                         const InstancePlan& plan, const SegmentTuple& segment);

struct ScenarioProgressView {
  std::string name;
  v1::ScenarioProgress::State state = v1::ScenarioProgress::WAITING;
  double progress = 0;       // 0 to 1
  int64_t vus = 0;           // at work
  int64_t max_vus = 0;       // of an arrival rate: those that it has got so far
  absl::Duration elapsed;    // since the scenario's start
  absl::Duration total;      // regular duration; infinite: until stopped
  absl::Duration starts_in;  // while waiting
  int64_t iterations = 0;    // full ones
  int64_t planned = -1;      // iterations; -1: not known beforehand
};

struct ProgressView {
  absl::Duration elapsed;  // since T0
  absl::Duration total;    // regular duration of all scenarios
  bool paused = false;
  int64_t vus = 0;
  int64_t max_vus = 0;
  int64_t complete = 0;
  int64_t interrupted = 0;
  std::vector<ScenarioProgressView> scenarios;
};

// The view of a run's status. `plan` is that of the whole run.
ProgressView MakeProgressView(const v1::RunStatus& status, const InstancePlan& plan);

// "running (0m12.3s/1m0s), 05/10 VUs, 123 complete and 0 interrupted iterations".
std::string RenderRunLine(const ProgressView& view);

// The lines of a terminal `width` columns wide: the run's and one for each scenario, columns
// aligned: name (at most 30 columns), state sign, bar (a percentage or nothing if too narrow), VUs,
// time, iterations.
std::vector<std::string> RenderTerminalLines(const ProgressView& view, int width, bool color);

// The lines for output that is not a terminal: columns aligned, percentages for bars.
std::vector<std::string> RenderPlainLines(const ProgressView& view);

}  // namespace lockstep::coordinator
