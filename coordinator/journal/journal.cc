#include "coordinator/journal/journal.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "common/base/whole_file.h"
#include "coordinator/journal/schema.h"

namespace lockstep::coordinator {
namespace {

// A log of writes that nobody has brought into the file grows up to about this.
constexpr char kPragmas[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;";
// The tables of what a run needs to be gone on with: what it was made of, and what has become of it.
constexpr absl::string_view kOfTest[] = {"test", "file"};
constexpr absl::string_view kOfState[] = {"kept",   "state", "message", "aggregate",
                                          "counts", "error", "output",  "chart"};

constexpr char kRunColumns[] =
    "SELECT id, script, test_hash, version, boot, agents, settings, begun_ns, ended_ns, "
    "duration_ns, exit_code, verdict, reason, validity, requests, failed, iterations, "
    "result IS NOT NULL FROM run ";

RunRecord RecordOf(const SqlRow& row) {
  RunRecord record;
  record.id = row.Int(0);
  record.identity = {.script = row.Text(1),
                     .test_hash = row.Text(2),
                     .version = row.Text(3),
                     .boot = row.Text(4),
                     .agents = row.Int(5),
                     .settings = row.Text(6),
                     .begun = absl::FromUnixNanos(row.Int(7))};
  if (!row.IsNull(8)) {
    record.ended = absl::FromUnixNanos(row.Int(8));
  }
  record.duration = absl::Nanoseconds(row.Int(9));
  record.exit_code = static_cast<int>(row.Int(10));
  record.verdict = row.Text(11);
  record.reason = row.Text(12);
  record.validity = row.Text(13);
  record.requests = static_cast<uint64_t>(row.Int(14));
  record.failed = static_cast<uint64_t>(row.Int(15));
  record.iterations = static_cast<uint64_t>(row.Int(16));
  record.has_result = row.Int(17) != 0;
  return record;
}

}  // namespace

// ---- opening ----

absl::Status Journal::Check(const std::string& path) {
  struct stat file = {};
  if (stat(path.c_str(), &file) == 0 && file.st_size > 0) {
    return OpenFile(path, Use::kLook).status();
  }
  const absl::Status checked = CheckWholeFile(path);
  return checked.ok()
             ? checked
             : absl::UnavailableError(absl::StrCat("journal ", path, ": ", checked.message()));
}

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(const std::string& path) {
  return OpenFile(path, Use::kWrite);
}

absl::StatusOr<std::unique_ptr<Journal>> Journal::OpenKept(const std::string& path) {
  return OpenFile(path, Use::kWriteKept);
}

absl::StatusOr<std::unique_ptr<Journal>> Journal::OpenHistory(const std::string& path) {
  return OpenFile(path, Use::kRead);
}

Journal::Journal(int lock, const std::string& path)
    : lock_(lock), reserve_(absl::StrCat(path, "-reserve")) {}

absl::StatusOr<std::unique_ptr<Journal>> Journal::OpenFile(const std::string& path, Use use) {
  const bool write = use != Use::kRead;
  const bool create = use == Use::kWrite;
  int lock = -1;
  if (write) {
    lock = open(path.c_str(), O_RDWR | (create ? O_CREAT : 0) | O_CLOEXEC, 0600);
    const int opened = errno;
    if (lock < 0) {
      const std::string message =
          absl::StrCat("journal ", path, ": ", std::generic_category().message(opened));
      return opened == ENOENT && !create ? absl::NotFoundError(message)
                                         : absl::UnavailableError(message);
    }
  }
  std::unique_ptr<Journal> journal(new Journal(lock, path));
  // SQLite's own locks last as long as a transaction; this one, as long as the run.
  if (write && flock(lock, LOCK_EX | LOCK_NB) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("journal ", path, ": another process of lockstep is using it"));
  }
  struct stat file = {};
  if (write && !create && fstat(lock, &file) == 0 && file.st_size == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("journal ", path, ": it is empty, and no journal of lockstep"));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(journal->database_, Database::Open(path, create));
  LOCKSTEP_RETURN_IF_ERROR(journal->CheckSchema(use));
  return journal;
}

Journal::~Journal() {
  database_.reset();
  if (lock_ >= 0) {
    close(lock_);
  }
}

absl::Status Journal::CheckSchema(Use use) {
  int64_t application = 0;
  int64_t schema = 0;
  int64_t tables = 0;
  LOCKSTEP_RETURN_IF_ERROR(database_->Query("PRAGMA application_id", {},
                                            [&](const SqlRow& row) { application = row.Int(0); }));
  LOCKSTEP_RETURN_IF_ERROR(
      database_->Query("PRAGMA user_version", {}, [&](const SqlRow& row) { schema = row.Int(0); }));
  LOCKSTEP_RETURN_IF_ERROR(database_->Query("SELECT count(*) FROM sqlite_schema", {},
                                            [&](const SqlRow& row) { tables = row.Int(0); }));
  if (application == 0 && schema == 0 && tables == 0 && lock_ >= 0) {
    return use == Use::kLook ? absl::OkStatus() : MakeSchema();
  }
  if (application != kJournalApplication) {
    return absl::InvalidArgumentError(
        absl::StrCat("journal ", path(), ": it is a database, but no journal of lockstep"));
  }
  if (schema != kJournalSchema) {
    return absl::FailedPreconditionError(
        absl::StrCat("journal ", path(), ": ", schema > kJournalSchema ? "a newer" : "an older",
                     " lockstep has written it (schema ", schema, "); this one knows schema ",
                     kJournalSchema, ", so it needs another file, or that lockstep"));
  }
  if (use == Use::kLook) {
    return absl::OkStatus();  // all of it is read once, by whoever writes to it
  }
  std::string flaw;
  LOCKSTEP_RETURN_IF_ERROR(database_->Query("PRAGMA quick_check(1)", {},
                                            [&](const SqlRow& row) { flaw = row.Text(0); }));
  if (flaw != "ok") {
    return absl::DataLossError(absl::StrCat("journal ", path(), ": it is damaged: ", flaw,
                                            "; `sqlite3 ", path(),
                                            " .recover` may save some of it"));
  }
  if (lock_ < 0) {
    return absl::OkStatus();
  }
  return database_->Execute(kPragmas);
}

absl::Status Journal::MakeSchema() {
  LOCKSTEP_RETURN_IF_ERROR(database_->Execute(kPragmas));
  return database_->Transaction([this]() -> absl::Status {
    LOCKSTEP_RETURN_IF_ERROR(database_->Execute(kJournalTables));
    LOCKSTEP_RETURN_IF_ERROR(
        database_->Execute(absl::StrCat("PRAGMA application_id = ", kJournalApplication).c_str()));
    return database_->Execute(absl::StrCat("PRAGMA user_version = ", kJournalSchema).c_str());
  });
}

// ---- history ----

absl::StatusOr<std::vector<RunRecord>> Journal::Runs(int64_t most) {
  static const std::string sql = absl::StrCat(kRunColumns, "ORDER BY id DESC LIMIT ?");
  std::vector<RunRecord> runs;
  LOCKSTEP_RETURN_IF_ERROR(database_->Query(
      sql.c_str(), {most}, [&](const SqlRow& row) { runs.push_back(RecordOf(row)); }));
  return runs;
}

absl::StatusOr<RunRecord> Journal::RecordOfRun(int64_t run) {
  static const std::string sql = absl::StrCat(kRunColumns, "WHERE id = ?");
  std::optional<RunRecord> record;
  LOCKSTEP_RETURN_IF_ERROR(
      database_->Query(sql.c_str(), {run}, [&](const SqlRow& row) { record = RecordOf(row); }));
  if (!record.has_value()) {
    return absl::NotFoundError(absl::StrCat("journal ", path(), ": there is no run ", run));
  }
  return *std::move(record);
}

absl::StatusOr<std::string> Journal::ResultOf(int64_t run) {
  std::optional<std::string> result;
  LOCKSTEP_RETURN_IF_ERROR(
      database_->Query("SELECT result FROM run WHERE id = ? AND result IS NOT NULL", {run},
                       [&](const SqlRow& row) { result = row.Text(0); }));
  if (!result.has_value()) {
    return absl::NotFoundError(
        absl::StrCat("journal ", path(), ": run ", run, " has no result there"));
  }
  return *std::move(result);
}

absl::StatusOr<std::optional<UnfinishedRun>> Journal::FindUnfinished(int64_t run) {
  static const std::string latest =
      absl::StrCat(kRunColumns, "WHERE ended_ns IS NULL ORDER BY id DESC LIMIT 1");
  std::optional<RunRecord> record;
  if (run > 0) {
    LOCKSTEP_ASSIGN_OR_RETURN(record, RecordOfRun(run));
  } else {
    LOCKSTEP_RETURN_IF_ERROR(
        database_->Query(latest.c_str(), {}, [&](const SqlRow& row) { record = RecordOf(row); }));
  }
  if (!record.has_value()) {
    return std::nullopt;
  }
  if (record->ended.has_value()) {
    return absl::FailedPreconditionError(
        absl::StrCat("journal ", path(), ": run ", run, " has ended by itself, at ",
                     absl::FormatTime(absl::RFC3339_sec, *record->ended, absl::UTCTimeZone()),
                     ", with exit code ", record->exit_code, ": there is nothing to recover"));
  }
  UnfinishedRun unfinished;
  unfinished.id = record->id;
  unfinished.identity = std::move(record->identity);
  LOCKSTEP_RETURN_IF_ERROR(ReadTest(&unfinished));
  return unfinished;
}

absl::Status Journal::ReadTest(UnfinishedRun* run) {
  bool parsed = true;
  bool planned = false;
  bool kept = false;
  run->kept_at = run->identity.begun;
  LOCKSTEP_RETURN_IF_ERROR(
      database_->Query("SELECT inspected, options, http_errors FROM test WHERE run = ?", {run->id},
                       [&](const SqlRow& row) {
                         planned = true;
                         parsed = run->run.inspected.ParseFromString(row.Text(0));
                         run->options_json = row.Text(1);
                         run->http_errors = row.Int(2) != 0;
                       }));
  if (!parsed) {
    return absl::DataLossError(absl::StrCat(
        "journal ", path(), ": what it keeps of the test of run ", run->id, " cannot be read"));
  }
  LOCKSTEP_RETURN_IF_ERROR(database_->Query("SELECT wall_ns, mono_ns FROM kept WHERE run = ?",
                                            {run->id}, [&](const SqlRow& row) {
                                              kept = true;
                                              run->kept_at = absl::FromUnixNanos(row.Int(0));
                                              run->kept_mono = MonoTime::FromNanos(row.Int(1));
                                            }));
  LOCKSTEP_RETURN_IF_ERROR(
      database_->Query("SELECT url, content FROM file WHERE run = ?", {run->id},
                       [&](const SqlRow& row) { run->bundle.Add(row.Text(0), row.Text(1)); }));
  LOCKSTEP_RETURN_IF_ERROR(
      database_->Query("SELECT spec, bytes FROM output WHERE run = ?", {run->id},
                       [&](const SqlRow& row) { run->written[row.Text(0)] = row.Int(1); }));
  // Before the start, the test is kept with the beginning of setup().
  run->setup_begun = planned && !kept;
  run->broken_off = reserve_.NoteOf(run->id);
  return kept ? ReadStateRows(*database_, run->id, &run->run, &run->fleet) : absl::OkStatus();
}

absl::Status Journal::ReadResults(int64_t run, AggregateStore* store, ErrorTable* errors) {
  if (run == run_ && results_ != nullptr) {
    return results_->Read(store, errors);
  }
  int64_t last_id = 0;
  return KeptResults(*database_, run, last_id).Read(store, errors);
}

absl::StatusOr<std::optional<History>> Journal::ReadCharts(int64_t run) {
  return KeptCharts::Read(*database_, run);
}

absl::Status Journal::Finish(int64_t run, const RunRecord& record, const std::string& result) {
  return database_->Run(
      "UPDATE run SET ended_ns = ?, duration_ns = ?, exit_code = ?, verdict = ?, reason = ?, "
      "validity = ?, requests = ?, failed = ?, iterations = ?, result = ? WHERE id = ?",
      {record.ended.has_value() ? SqlValue(absl::ToUnixNanos(*record.ended)) : SqlValue(),
       absl::ToInt64Nanoseconds(record.duration), static_cast<int64_t>(record.exit_code),
       record.verdict, record.reason, record.validity, static_cast<int64_t>(record.requests),
       static_cast<int64_t>(record.failed), static_cast<int64_t>(record.iterations),
       result.empty() ? SqlValue() : SqlValue(result), run});
}

absl::Status Journal::KeepRecovered(const RunRecord& record, const std::string& result) {
  return Finish(record.id, record, result);
}

// ---- the present run ----

absl::Status Journal::StartKeeping(int64_t run) {
  run_ = run;
  broken_off_ = false;
  LOCKSTEP_RETURN_IF_ERROR(
      database_->Query("SELECT COALESCE(MAX(id), 0) FROM aggregate", {},
                       [this](const SqlRow& row) { last_aggregate_ = row.Int(0); }));
  StartWriting();
  reserve_.Take();
  return absl::OkStatus();
}

void Journal::StartWriting() {
  state_ = std::make_unique<StateRows>(run_);
  results_ = std::make_unique<KeptResults>(*database_, run_, last_aggregate_);
  charts_ = std::make_unique<KeptCharts>(run_);
}

void Journal::ForgetKept(SqlChanges& changes) {
  for (const absl::string_view table : kOfState) {
    changes.Add(absl::StrCat("DELETE FROM ", table, " WHERE run = ?"), {run_});
  }
}

absl::Status Journal::Begin(const RunIdentity& identity) {
  LOCKSTEP_RETURN_IF_ERROR(ForgetEnded());
  LOCKSTEP_RETURN_IF_ERROR(database_->Run(
      "INSERT INTO run (script, test_hash, version, boot, agents, settings, begun_ns) "
      "VALUES (?,?,?,?,?,?,?)",
      {identity.script, identity.test_hash, identity.version, identity.boot, identity.agents,
       identity.settings, absl::ToUnixNanos(identity.begun)}));
  return StartKeeping(database_->last_id());
}

absl::Status Journal::GoOn(const UnfinishedRun& unfinished) {
  return StartKeeping(unfinished.id);
}

absl::Status Journal::KeepTest(const v1::Inspected& inspected, const std::string& options_json,
                               bool http_errors) {
  return database_->Run(
      "INSERT OR REPLACE INTO test (run, inspected, options, http_errors) VALUES (?,?,?,?)",
      {run_, Blob{inspected.SerializeAsString()}, options_json, int64_t{http_errors ? 1 : 0}});
}

absl::Status Journal::KeepBundle(const Bundle& bundle) {
  return database_->Transaction([&]() -> absl::Status {
    absl::Status status;
    bundle.ForEach([&](const std::string& url, const std::string& content) {
      status.Update(database_->Run("INSERT OR REPLACE INTO file (run, url, content) VALUES (?,?,?)",
                                   {run_, url, Blob{content}}));
    });
    return status;
  });
}

SqlChanges Journal::Changes(const RunCheckpoint& run, const FleetCheckpoint& fleet,
                            const std::optional<ResultsNow>& results, absl::Time now,
                            MonoTime mono) {
  SqlChanges changes;
  if (broken_off_) {
    StartWriting();
    ForgetKept(changes);
  }
  state_->Write(run, fleet, changes);
  if (results.has_value()) {
    results_->Write(results->store, results->errors, changes);
    for (const auto& [spec, bytes] : results->written) {
      changes.Add("INSERT OR REPLACE INTO output (run, spec, bytes) VALUES (?,?,?)",
                  {run_, spec, bytes});
    }
    if (results->charts.has_value()) {
      charts_->Write(*results->charts, changes);
    }
  }
  changes.Add("INSERT OR REPLACE INTO kept (run, wall_ns, mono_ns) VALUES (?,?,?)",
              {run_, absl::ToUnixNanos(now), mono.nanos()});
  return changes;
}

absl::Status Journal::Write(const SqlChanges& changes) {
  const absl::Status written = database_->Transaction([&] { return changes.RunOn(*database_); });
  if (broken_off_ == written.ok()) {
    broken_off_ = !written.ok();
    reserve_.Note(run_, written.message());
  }
  return written;
}

absl::Status Journal::End(const RunRecord& record, const std::string& result) {
  absl::Status ended = Finish(run_, record, result);
  reserve_.Release();
  if (!ended.ok()) {
    ended = Finish(run_, record, result);
  }
  if (!ended.ok()) {  // nobody must take it for a run whose coordinator was lost
    Finish(run_, record, "").IgnoreError();
    return ended;
  }
  ForgetEnded().IgnoreError();  // where there is no room for that now, the next run does it
  return absl::OkStatus();
}

absl::Status Journal::ForgetEnded() {
  static const std::string sql = [] {
    std::string statements;
    const auto forget = [&statements](absl::string_view table) {
      absl::StrAppend(&statements, "DELETE FROM ", table,
                      " WHERE run IN (SELECT id FROM run WHERE ended_ns IS NOT NULL);");
    };
    std::for_each(std::begin(kOfTest), std::end(kOfTest), forget);
    std::for_each(std::begin(kOfState), std::end(kOfState), forget);
    return statements;
  }();
  return database_->Transaction([&] { return database_->Execute(sql.c_str()); });
}

}  // namespace lockstep::coordinator
