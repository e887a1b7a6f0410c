// What a run leaves behind: the summary in all its forms, the exit code, and the verdict at a glance,
// which is the last thing that people see.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/exit_code.h"
#include "common/base/log.h"
#include "common/result/result.h"
#include "common/result/verdict.h"
#include "common/timeline/history.h"
#include "coordinator/app/commands.h"
#include "coordinator/core/run.h"
#include "coordinator/output/report_file.h"
#include "coordinator/output/run_outputs.h"
#include "coordinator/results/results.h"

namespace lockstep::coordinator {

// Logs why a run ended, if not well.
void LogOutcome(const RunOutcome& outcome, const Clock& clock, Logger& logger);

// What is known of a run at its end, beside its results.
struct EndFacts {
  absl::Duration measured;  // by which rates per second are
  absl::Duration elapsed;   // since T0; 0: it never came
  int64_t iterations = 0;   // full ones
  RunOutcome outcome;
  Judgement judgement;
  v1::SetupValue setup;
  absl::Time begin;
  absl::Time end;
};
EndFacts FactsOf(const Run& run, const Clock& clock);

// Loop-bound.
class Ending {
 public:
  struct Parts {
    const Results& results;
    RunOutputs& outputs;
    const Clock& clock;
    Logger& logger;
  };

  struct Looks {
    VerdictLook out;                   // of standard output
    std::optional<VerdictLook> error;  // of standard error, if that is a terminal
  };

  // All parts are borrowed. `script` is its name, for reports.
  Ending(Parts parts, const RunSettingsFlags& flags, std::string script, Looks looks)
      : parts_(parts),
        flags_(flags),
        script_(std::move(script)),
        look_(looks.out),
        error_look_(looks.error) {}

  // Whether the file of --summary-export can be written; Unavailable, naming it, if not.
  absl::Status Reserve();
  // Ends the outputs and writes the summary: what handleSummary returned, or without it the text.
  // `history`: null if nobody recorded it. Returns the run's result.
  RunResult WriteSummary(const EndFacts& facts,
                         const std::optional<std::map<std::string, std::string>>& outputs,
                         const History* history);
  // Logs what is to be said of the end and, after a summary, shows the verdict: below the summary's
  // text. Where a script has put something else on standard output, or nothing is wanted there, that
  // stays as it is: people see the verdict on their terminal, and a log gets bad news.
  ExitCode Judge(const RunOutcome& outcome, const Judgement& judgement);
  // After Judge; unset: nothing was run.
  const std::optional<EndVerdict>& verdict() const { return verdict_; }

 private:
  Summary MakeSummary(absl::Duration measured, std::vector<std::string> lost) const;
  // Bad news, for where nobody sees the block.
  void LogVerdict(const EndVerdict& verdict);

  const Parts parts_;
  const RunSettingsFlags& flags_;
  const std::string script_;
  const VerdictLook look_;
  const std::optional<VerdictLook> error_look_;
  std::optional<Summary> summary_;  // unset: nothing was run
  std::optional<EndVerdict> verdict_;
  bool text_shown_ = false;           // the summary's own text, on standard output
  std::optional<ReportFile> export_;  // of --summary-export
  bool unwritten_ = false;            // a file of the run could not be written whole
};

}  // namespace lockstep::coordinator
