// The head of a run's output and its progress, as pure functions from values to lines. The final
// state is drawn by the same functions from the run's final status, so it cannot miss anything.
#pragma once

#include <string>
#include <vector>

#include "common/options/options.h"
#include "common/plan/plan.h"
#include "common/segment/execution_segment.h"
#include "coordinator/console/progress_view.h"
#include "coordinator/console/terminal.h"

namespace lockstep::coordinator {

struct HeaderFacts {
  std::string execution = "local";  // or "3 agents"
  std::string script;
  std::vector<std::string> outputs;  // empty: "-"
  int columns = 0;                   // of the terminal, for breaks between words; 0: whole lines
};

// The block with execution, script and outputs, and the list of scenarios as `segment` runs them.
// Ends with an empty line. `plan` is that of `scenarios` for `segment`.
std::string RenderHeader(const HeaderFacts& facts, const InstancePlan& plan,
                         const SegmentTuple& segment);

// What the run is doing: "connecting agents: 1 of 3", "initialising VUs: 20 of 100",
// "setup(): 0m03.2s", "running (0m12.3s/1m0s), 05/10 VUs, 123 complete and 0 interrupted
// iterations". The final state is told as running, as k6 does.
std::string RenderRunLine(const ProgressView& view);

// What happens after Ctrl+C, and what another one does; empty: there was none, or all is over.
std::string RenderStopNote(const ProgressView& view);

// The lines for a terminal of this size: the run's, one for each scenario once there is load
// (RenderScenarioRows), agents and thresholds if they are wanted, and the note. Where there are
// more than fit, finished scenarios give way first, then those that wait; a line says how many.
std::vector<std::string> RenderTerminalLines(const ProgressView& view, TerminalSize size,
                                             bool color);

// The lines for output that is not a terminal: columns aligned, percentages for bars.
std::vector<std::string> RenderPlainLines(const ProgressView& view);

}  // namespace lockstep::coordinator
