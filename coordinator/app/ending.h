// What a run leaves behind: the summary in all its forms, the exit code, and the verdict at a
// glance, which is the last thing that people see.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/exit_code.h"
#include "common/base/log.h"
#include "common/result/result.h"
#include "common/result/verdict.h"
#include "common/timeline/history.h"
#include "coordinator/app/commands.h"
#include "coordinator/app/named_files.h"
#include "coordinator/console/log_sink.h"
#include "coordinator/core/run.h"
#include "coordinator/output/report_file.h"
#include "coordinator/output/run_outputs.h"
#include "coordinator/results/results.h"

namespace lockstep::coordinator {

// Logs why a run ended, if not well and if that has not been logged before.
void LogOutcome(const RunOutcome& outcome, const Clock& clock, Logger& logger);

// What is known of a run at its end, beside its results.
struct EndFacts {
  absl::Duration measured;  // by which rates per second are
  absl::Duration elapsed;   // since T0; 0: it never came
  int64_t iterations = 0;   // full ones
  RunOutcome outcome;
  Judgement judgement;
  v1::SetupValue setup;
  absl::Time begin = absl::UnixEpoch();
  absl::Time end = absl::UnixEpoch();
};
EndFacts FactsOf(const Run& run, const Clock& clock);

// Loop-bound.
class Ending {
 public:
  struct Parts {
    Results& results;
    RunOutputs& outputs;
    const Clock& clock;
    RunLogger& logger;
  };

  struct Looks {
    VerdictLook out;                   // of standard output
    std::optional<VerdictLook> error;  // of standard error, if that is a terminal
  };

  // All parts are borrowed. `script` is its name, for reports.
  Ending(Parts parts, const RunSettingsFlags& flags, std::string script, Looks looks);

  // Whether the file of --summary-export can be written; Unavailable, naming it, if not.
  absl::Status Reserve();
  // What handleSummary() must not write over.
  void Protect(std::vector<NamedFile> inputs) { inputs_ = std::move(inputs); }
  // Ends the outputs and writes the summary: what handleSummary returned, or without it the text.
  // `history`: nothing if nobody recorded it.
  void WriteSummary(EndFacts facts,
                    const std::optional<std::map<std::string, std::string>>& outputs,
                    std::optional<History> history);
  // The end itself, after a summary, if there is one. How the run ended is settled here once:
  // nothing but what comes from here on can fail any more. From that, reports are written, the end
  // is logged, and people see the verdict: below the summary's text, or where a script has put
  // something else on standard output, or nothing is wanted there, on their terminal; a log gets
  // bad news. Where even a report or the verdict cannot be written, the exit code says so, and
  // whatever is still to come.
  ExitCode End(const RunOutcome& outcome, const Judgement& judgement);
  // After End, with the verdict; unset: nothing was run.
  const std::optional<RunResult>& result() const { return result_; }
  // After End: the summary's text and the verdict, plain, whatever was shown; "": nothing was run.
  std::string Text() const;

 private:
  // What of all that was written until now has not got to where it was to go.
  absl::Status Written() const;
  // The reports of the end with this outcome; the first one that cannot be written.
  absl::Status Report(const RunOutcome& outcome, const Judgement& judgement);
  void ShowVerdict(const RunOutcome& last, const Judgement& judgement) const;
  // Bad news, for where nobody sees the block: below its cause, and no error, as who reads logs
  // takes the last error for the run's.
  void LogVerdict(const EndVerdict& verdict);

  const Parts parts_;
  const RunSettingsFlags& flags_;
  const std::string script_;
  const VerdictLook look_;
  const std::optional<VerdictLook> error_look_;
  std::optional<Summary> summary_;  // unset: nothing was run
  EndFacts facts_;                  // with the summary
  std::vector<NamedFile> inputs_;
  std::optional<History> history_;
  std::optional<RunResult> result_;
  bool text_shown_ = false;           // the summary's own text, on standard output
  std::optional<ReportFile> export_;  // of --summary-export
  absl::Status files_;  // of the first file of the run that could not be written whole
};

}  // namespace lockstep::coordinator
