// What a run leaves behind: the summary in all its forms, the verdict on the generator, and the
// exit code.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/exit_code.h"
#include "common/base/log.h"
#include "coordinator/app/commands.h"
#include "coordinator/core/run.h"
#include "coordinator/output/report_file.h"
#include "coordinator/output/run_outputs.h"
#include "coordinator/results/results.h"

namespace lockstep::coordinator {

// Logs why a run ended, if not well.
void LogOutcome(const RunOutcome& outcome, const Clock& clock, Logger& logger);

// Loop-bound.
class Ending {
 public:
  struct Parts {
    const Run& run;
    const Results& results;
    RunOutputs& outputs;
    const Clock& clock;
    Logger& logger;
  };

  // All parts are borrowed. `script` is its name, for reports.
  Ending(Parts parts, const RunSettingsFlags& flags, std::string script, bool color)
      : parts_(parts), flags_(flags), script_(std::move(script)), color_(color) {}

  // Whether the file of --summary-export can be written; Unavailable, naming it, if not.
  absl::Status Reserve();
  // Ends the outputs and writes the summary: what handleSummary returned, or without it the text.
  void WriteSummary(const std::optional<std::map<std::string, std::string>>& outputs);
  // Logs what is to be said of the end.
  ExitCode Judge(const RunOutcome& outcome);

 private:
  Summary MakeSummary(std::vector<std::string> lost) const;
  void ReportValidity(bool in_text);

  const Parts parts_;
  const RunSettingsFlags& flags_;
  const std::string script_;
  const bool color_;
  std::optional<ReportFile> export_;  // of --summary-export
  bool unwritten_ = false;            // a report or the export could not be written
};

}  // namespace lockstep::coordinator
