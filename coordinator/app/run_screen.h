// What people see of a run while it goes on: the header with its plan, and the progress.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "common/base/environment.h"
#include "coordinator/app/rig.h"
#include "coordinator/console/progress_display.h"
#include "coordinator/console/terminal.h"

namespace lockstep::coordinator {

// On standard output. Progress is drawn in place, from the start on, at a terminal that can do it;
// elsewhere lines are written from the plan on; with --quiet nothing. Loop-bound.
class RunScreen {
 public:
  // All references are borrowed.
  RunScreen(const RunRequest& request, const Environment& environment, Rig& rig, RunLogger& logger);
  ~RunScreen() { logger_.WriteAbove(nullptr); }
  RunScreen(const RunScreen&) = delete;
  RunScreen& operator=(const RunScreen&) = delete;

  // Before the run: shows how it begins, where that can be drawn in place.
  void Start();
  // Shows what will run. `outputs`: where results go, in words.
  void OnPlanned(std::vector<std::string> outputs);
  // `quits`: this signal ends the process at once.
  void OnSignal(bool quits);
  // Whether the process is about to stop (Ctrl+Z), or goes on.
  void OnStandStill(bool still);
  // Lines of an output, above the progress. As WriteSamplesToStdout.
  bool WriteSamples(absl::string_view text);
  // Before the summary: shows the final state.
  void Finish();
  // The run has ended before there was anything to show. Nothing after Finish.
  void Abandon(bool interrupted);

 private:
  bool AtCapableTerminal() const;
  void StartProgress();
  ProgressView View();

  const RunRequest& request_;
  const Environment& environment_;
  Rig& rig_;
  RunLogger& logger_;
  Terminal terminal_;
  std::unique_ptr<ProgressDisplay> display_;  // null: nothing is shown
  bool planned_ = false;
};

}  // namespace lockstep::coordinator
