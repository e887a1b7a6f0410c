#include "coordinator/journal/journal.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>

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

// Writes go to a log beside the file, so that others may read meanwhile; see Decisions in
// README.md.
constexpr char kPragmas[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;";
// The tables of what a run needs to be gone on with: what it was made of, and what has become of
// it.
constexpr absl::string_view kOfTest[] = {"test", "file", "missing_file"};
constexpr absl::string_view kOfState[] = {"kept",   "state", "message", "aggregate",
                                          "counts", "error", "output",  "chart"};

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
    : path_(path), lock_(lock), reserve_(absl::StrCat(path, "-reserve")) {}

absl::StatusOr<std::unique_ptr<Journal>> Journal::OpenFile(const std::string& path, Use use) {
  const bool write = use != Use::kRead;
  const bool create = use == Use::kWrite;
  int lock = -1;
  bool made = false;
  if (write) {
    lock = create ? open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    made = lock >= 0;
    if (!made) {
      lock = open(path.c_str(), O_RDWR | (create ? O_CREAT : 0) | O_CLOEXEC, 0600);
    }
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
        absl::StrCat("journal ", path, ": it is empty, and not a journal of lockstep"));
  }
  journal->made_ = made;
  journal->of_no_use_ = made;
  LOCKSTEP_ASSIGN_OR_RETURN(journal->database_, Database::Open(path, create));
  LOCKSTEP_RETURN_IF_ERROR(journal->CheckSchema(use));
  journal->of_no_use_ = false;
  return journal;
}

Journal::~Journal() {
  database_.reset();
  for (const char* part : {"", "-wal", "-shm"}) {
    if (of_no_use_) {
      unlink((path_ + part).c_str());
    }
  }
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
        absl::StrCat("journal ", path(), ": it is a database, but not a journal of lockstep"));
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
  of_no_use_ = made_;  // until it has begun
  LOCKSTEP_RETURN_IF_ERROR(ForgetEnded());
  LOCKSTEP_RETURN_IF_ERROR(database_->Run(
      "INSERT INTO run (script, test_hash, version, boot, agents, settings, begun_ns) "
      "VALUES (?,?,?,?,?,?,?)",
      {identity.script, identity.test_hash, identity.version, identity.boot, identity.agents,
       identity.settings, absl::ToUnixNanos(identity.begun)}));
  LOCKSTEP_RETURN_IF_ERROR(StartKeeping(database_->last_id()));
  made_ = false;
  of_no_use_ = false;
  return absl::OkStatus();
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
    bundle.ForEachMissing([&](const std::string& url, const absl::Status& why) {
      status.Update(database_->Run(
          "INSERT OR REPLACE INTO missing_file (run, url, code, why) VALUES (?,?,?,?)",
          {run_, url, static_cast<int64_t>(why.code()), std::string(why.message())}));
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

absl::Status Journal::StillThere() const {
  struct stat ours = {};
  struct stat named = {};
  const bool same = fstat(lock_, &ours) == 0 && stat(path_.c_str(), &named) == 0 &&
                    ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
  return same
             ? absl::OkStatus()
             : absl::UnavailableError(absl::StrCat(
                   "journal ", path_, ": the file was taken away, or another one is in its place"));
}

absl::Status Journal::Write(const SqlChanges& changes) {
  if (absl::Status there = StillThere(); !there.ok()) {
    broken_off_ = true;
    return there;
  }
  absl::Status written = database_->Transaction([&] { return changes.RunOn(*database_); });
  if (broken_off_ == written.ok()) {
    broken_off_ = !written.ok();
    reserve_.Note(run_, written.message());
  }
  return written;
}

absl::Status Journal::End(const RunRecord& record, const std::string& result,
                          const std::string& shown) {
  LOCKSTEP_RETURN_IF_ERROR(StillThere());
  absl::Status ended = Finish(record, result, shown);
  reserve_.Release();
  if (!ended.ok()) {
    ended = Finish(record, result, shown);
  }
  if (!ended.ok()) {  // nobody must take it for a run whose coordinator was lost
    Finish(record, "", "").IgnoreError();
    return ended;
  }
  ForgetEnded().IgnoreError();  // where there is no room for that now, the next run does it
  return absl::OkStatus();
}

absl::Status Journal::KeepAlive(int64_t run, std::optional<MonoTime> now) {
  return database_->Run("UPDATE run SET alive_ns = ? WHERE id = ?",
                        {now.has_value() ? SqlValue(now->nanos()) : SqlValue(), run});
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
