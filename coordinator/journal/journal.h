// The journal: an SQLite file that keeps what a coordinator has measured and what it needs to go
// on, second by second, and the history of the runs of one machine. Its tables are in schema.h.
//
// One process at a time writes to it; others may read the history meanwhile. Every write is a
// transaction in the write-ahead log: a process that is killed loses nothing that was committed, a
// machine that loses its power at most the last moments, and never the file. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/metrics/aggregate_store.h"
#include "common/metrics/error_table.h"
#include "coordinator/core/bundle.h"
#include "coordinator/core/checkpoint.h"
#include "coordinator/journal/database.h"
#include "coordinator/journal/disk_reserve.h"
#include "coordinator/journal/kept_charts.h"
#include "coordinator/journal/kept_results.h"
#include "coordinator/journal/sql_changes.h"
#include "coordinator/journal/state_rows.h"

namespace lockstep::coordinator {

// What is known of a run when it begins.
struct RunIdentity {
  std::string script = {};     // as the user named it
  std::string test_hash = {};  // of all that the test was made of: the same test has the same
  std::string version = {};    // of Lockstep
  std::string boot = {};       // of the machine's start, by which its monotonic clock counts
  int64_t agents = 1;
  std::string settings = {};  // JSON: of the command line, what recovery needs
  absl::Time begun = {};
};

// A row of the history.
struct RunRecord {
  int64_t id = 0;
  RunIdentity identity;
  std::optional<absl::Time> ended = {};  // unset: it has not ended by itself, or goes on
  absl::Duration duration = {};          // of the load
  int exit_code = -1;                    // -1: none yet
  std::string verdict = {};              // PASSED, FAILED and so on; empty: none yet
  std::string reason = {};
  std::string validity = {};  // VALID, SUSPECT or INVALID
  uint64_t requests = 0;
  uint64_t failed = 0;  // of these
  uint64_t iterations = 0;
  bool has_result = false;
  // Of a run that has ended, while its process has not given its exit code: when that was last
  // known to be there.
  std::optional<MonoTime> alive = {};
};

// A run that did not end by itself, as of the last commit.
struct UnfinishedRun {
  int64_t id = 0;
  RunIdentity identity;
  absl::Time kept_at;        // by the wall clock
  MonoTime kept_mono;        // by the machine's monotonic clock
  std::string options_json;  // of the test, canonical; empty: it was never planned
  bool http_errors = false;  // whether they were asked for
  v1::Inspected inspected;   // empty: likewise
  RunCheckpoint run;         // nothing, of one that has not started
  FleetCheckpoint fleet;
  Bundle bundle;
  bool setup_begun = false;  // of a run that has not started
  std::string broken_off;  // why nothing later is kept, though the run went on; empty: all is kept
  std::map<std::string, int64_t> written;  // bytes of files of samples, by their output
};

class Journal {
 public:
  // What can be told to stand in the way of Open, before anything is written. Errors as below.
  static absl::Status Check(const std::string& path);
  // To write: nobody else does until this is gone. Makes the file if there is none. Each error
  // names it: InvalidArgument: it is not a journal; FailedPrecondition: another process writes to
  // it, or a newer Lockstep has written it; DataLoss: it is damaged; Unavailable: it cannot be
  // opened.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(const std::string& path);
  // The same for a file that is there: NotFound without it, InvalidArgument if it is empty.
  static absl::StatusOr<std::unique_ptr<Journal>> OpenKept(const std::string& path);
  // To look at the history, while others may write. NotFound without the file.
  static absl::StatusOr<std::unique_ptr<Journal>> OpenHistory(const std::string& path);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  const std::string& path() const { return path_; }

  // ---- history ----
  // The latest first.
  absl::StatusOr<std::vector<RunRecord>> Runs(int64_t most);
  // NotFound: no such run.
  absl::StatusOr<RunRecord> RecordOfRun(int64_t run);
  // The result of a run, as its file would have it. NotFound: there is none.
  absl::StatusOr<std::string> ResultOf(int64_t run);
  // Its summary and verdict, as plain text; "": nothing was shown. Errors as RecordOfRun.
  absl::StatusOr<std::string> ShownOf(int64_t run);
  // The last run of the file, if it has ended, and its process was gone before it gave its exit
  // code.
  absl::StatusOr<std::optional<RunRecord>> FindUnanswered();
  // The last run that has not ended by itself; `run` > 0: this one. Nothing: there is none.
  // NotFound: no such run; FailedPrecondition: it has ended.
  absl::StatusOr<std::optional<UnfinishedRun>> FindUnfinished(int64_t run = 0);
  // The results of such a run, into what is configured for its test.
  absl::Status ReadResults(int64_t run, AggregateStore* store, ErrorTable* errors);
  // Such a run over time, up to the last second but one that is kept; nothing: nobody recorded it.
  absl::StatusOr<std::optional<History>> ReadCharts(int64_t run);
  // Keeps what recovery has made of a run that has not ended: it stays unfinished.
  absl::Status KeepRecovered(const RunRecord& record, const std::string& result);

  // ---- the present run ----
  absl::Status Begin(const RunIdentity& identity);
  // Goes on with this one.
  absl::Status GoOn(const UnfinishedRun& unfinished);
  // Once the test is planned.
  absl::Status KeepTest(const v1::Inspected& inspected, const std::string& options_json,
                        bool http_errors);
  absl::Status KeepBundle(const Bundle& bundle);
  // What the run and the fleet are now and, with results, what has been measured, all of it or
  // nothing. `run` counts of each agent the batches that `results` hold. After an error the file
  // says that the run went on without it, and the next call, which needs results, writes everything
  // anew.
  struct ResultsNow {
    const AggregateStore& store;
    const ErrorTable& errors;
    std::map<std::string, int64_t> written = {};  // bytes of files of samples, by their output
    std::optional<ChartsNow> charts = {};         // where they are recorded
  };
  absl::Status Keep(const RunCheckpoint& run, const FleetCheckpoint& fleet,
                    const std::optional<ResultsNow>& results, absl::Time now, MonoTime mono) {
    return Write(Changes(run, fleet, results, now, mono));
  }
  // The same in two steps: what there is to write, which is quick and touches no file; and writing
  // it, on any thread, while nothing else of this is called.
  SqlChanges Changes(const RunCheckpoint& run, const FleetCheckpoint& fleet,
                     const std::optional<ResultsNow>& results, absl::Time now, MonoTime mono);
  absl::Status Write(const SqlChanges& changes);
  // The present run has ended: its row, its result (JSON; empty: nothing was measured) and what was
  // shown (plain text) stay, what it took to go on with it goes. Where there is no room on the
  // disk, the row stays rather than nothing; the error says then what is not kept. Also after an
  // error of Keep, as there may be room again.
  absl::Status End(const RunRecord& record, const std::string& result, const std::string& shown);
  // Of a run that has ended: its process is still there, or (nothing) is about to give the exit
  // code.
  absl::Status KeepAlive(int64_t run, std::optional<MonoTime> now);

  int64_t run() const { return run_; }

 private:
  Journal(int lock, const std::string& path);
  enum class Use { kWrite, kWriteKept, kRead, kLook };
  static absl::StatusOr<std::unique_ptr<Journal>> OpenFile(const std::string& path, Use use);
  absl::Status CheckSchema(Use use);
  // SQLite would go on writing into a file that nobody finds any more.
  absl::Status StillThere() const;
  absl::Status MakeSchema();
  // Takes out what it took to go on with runs that have ended.
  absl::Status ForgetEnded();
  absl::Status Finish(const RunRecord& record, const std::string& result, const std::string& shown);
  absl::Status StartKeeping(int64_t run);
  // What is written from now on is written whole.
  void StartWriting();
  void ForgetKept(SqlChanges& changes);
  absl::Status ReadTest(UnfinishedRun* run);

  const std::string path_;
  const int lock_;  // a descriptor that holds it, which closes after the database; -1: none
  std::unique_ptr<Database> database_;
  DiskReserve reserve_;      // while a run is kept
  int64_t run_ = 0;          // the present one; 0: none
  bool broken_off_ = false;  // the last Write has failed
  bool made_ = false;        // the file was not there before, and holds no run yet
  // Nothing could be begun in the file, which was made for that, and so goes again.
  bool of_no_use_ = false;
  int64_t last_aggregate_ = 0;
  std::unique_ptr<StateRows> state_;
  std::unique_ptr<KeptResults> results_;
  std::unique_ptr<KeptCharts> charts_;
};

}  // namespace lockstep::coordinator
