// The journal of a run (--journal): whether a run that it holds is gone on with, what is kept while
// the run goes on, and what stays of it. Without the flag nothing of it does anything.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "common/base/exit_code.h"
#include "common/base/log.h"
#include "common/base/timer.h"
#include "common/result/result.h"
#include "coordinator/app/planned_test.h"
#include "coordinator/app/recorder.h"
#include "coordinator/app/rig.h"
#include "coordinator/app/run_inputs.h"
#include "coordinator/app/test_loader.h"
#include "coordinator/core/run.h"
#include "coordinator/journal/journal.h"
#include "coordinator/journal/journal_writer.h"
#include "coordinator/journal/keeper.h"
#include "coordinator/output/run_outputs.h"

namespace lockstep::coordinator {

// Of the command line, what recovery needs.
struct KeptSettings {
  std::vector<std::string> outputs;
  SummaryMode summary_mode = SummaryMode::kCompact;
  std::string summary_export;
  bool no_thresholds = false;
  RunInputs inputs = {};  // what the test has read
  std::string ToJson() const;
  // DataLoss: it is no such text.
  static absl::StatusOr<KeptSettings> FromJson(const std::string& text);
};

// The row of the history that a run with this end gets.
RunRecord RecordOf(int64_t run, const RunResult& result, ExitCode code);

// The verdict of a run that has ended, with its reason, as a line.
std::string EndLine(const RunRecord& run);

// Loop-bound.
class JournalHost {
 public:
  struct Parts {  // all borrowed
    Rig& rig;
    RunOutputs& outputs;
    Recorder& recorder;
    Logger& logger;
  };
  JournalHost(Parts parts, const RunRequest& request, const TestFiles& files);

  // Opens the journal and looks for a run to go on with. Errors name the file. `outputs`: those
  // wanted, as in OnTest.
  absl::Status Open(const std::vector<std::string>& outputs);
  // Where the test has just been run, and its process was gone before it gave its exit code: what
  // that was, once the end has been told again. Nothing: there is a run to play.
  std::optional<ExitCode> AnswerForEnded();
  // Begins the run, or goes on with the one that was found.
  absl::Status Begin(Run::Events events);

  // Whether another process may go on with the run.
  bool may_outlive() const { return journal_ != nullptr; }
  // Of files of samples that a former process has begun, by their output: the bytes that count.
  const std::map<std::string, int64_t>& written() const { return written_; }
  // What a former process has recorded of the run, once OnTest has been called; nothing: it is
  // nowhere.
  std::optional<History> TakeCharts() { return std::exchange(charts_, std::nullopt); }

  // ---- of Run::Events ----
  // The test is planned, and the results are configured for it: puts back what was measured, or
  // begins a row of the history. FailedPrecondition: the test is not the one that was begun.
  absl::Status OnTest(const PlannedTest& test, const std::vector<std::string>& outputs);
  void OnState(RunState state);
  // `result`: nothing if nothing was run; `shown`: summary and verdict, as plain text.
  void OnDone(ExitCode code, const RunOutcome& outcome, const std::optional<RunResult>& result,
              const std::string& shown);
  // The run has ended, and the process stays, until OnExit: nobody is to run the test again in its
  // place.
  void OnLinger();
  // The process is about to give its exit code.
  void OnExit();

 private:
  RunIdentity Identity(const std::vector<std::string>& outputs, RunInputs inputs) const;
  // Whether the run that has ended is to be answered for; tells of one that is not only because of
  // what its files or variables are now.
  bool MayAnswer(const RunRecord& ended, const std::vector<std::string>& outputs) const;
  // Tells of a run that did not end and is not gone on with, and why.
  void TellOf(const UnfinishedRun& unfinished, const absl::Status& why) const;
  void KeepEnd(ExitCode code, const RunOutcome& outcome, const std::optional<RunResult>& result,
               const std::string& shown);
  // Of what does not change any more: on the writer's thread, too.
  absl::Status KeepTest();
  void Write(const RunCheckpoint& run, const FleetCheckpoint& fleet, bool results,
             Keeper::Done done);

  const Parts parts_;
  const RunRequest& request_;
  const TestFiles& files_;
  std::unique_ptr<Journal> journal_;         // null: there is none
  std::optional<UnfinishedRun> unfinished_;  // that is gone on with
  std::optional<RunRecord> unanswered_;      // that is answered for
  std::map<std::string, int64_t> written_;
  std::optional<History> charts_;
  std::unique_ptr<Keeper> keeper_;
  bool begun_ = false;      // it has a row
  bool test_kept_ = false;  // beside the row; the writer's, once there is one
  Timer linger_timer_;
  std::unique_ptr<JournalWriter> writer_;  // last: it uses the others
};

}  // namespace lockstep::coordinator
