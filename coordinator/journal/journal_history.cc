// What a journal has of runs that are over, or were broken off.
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "coordinator/journal/journal.h"

namespace lockstep::coordinator {
namespace {

constexpr char kRunColumns[] =
    "SELECT id, script, test_hash, version, boot, agents, settings, begun_ns, ended_ns, "
    "duration_ns, exit_code, verdict, reason, validity, requests, failed, iterations, "
    "result IS NOT NULL, alive_ns FROM run ";

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
  if (!row.IsNull(18)) {
    record.alive = MonoTime::FromNanos(row.Int(18));
  }
  return record;
}

}  // namespace

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

absl::StatusOr<std::string> Journal::ShownOf(int64_t run) {
  LOCKSTEP_RETURN_IF_ERROR(RecordOfRun(run).status());
  std::string shown;
  LOCKSTEP_RETURN_IF_ERROR(database_->Query("SELECT shown FROM run WHERE id = ?", {run},
                                            [&](const SqlRow& row) { shown = row.Text(0); }));
  return shown;
}

absl::StatusOr<std::optional<RunRecord>> Journal::FindUnanswered() {
  LOCKSTEP_ASSIGN_OR_RETURN(std::vector<RunRecord> last, Runs(1));
  return last.empty() || !last.front().ended.has_value() || !last.front().alive.has_value()
             ? std::nullopt
             : std::make_optional(std::move(last.front()));
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
                         parsed = run->inspected.ParseFromString(row.Text(0));
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
  LOCKSTEP_RETURN_IF_ERROR(database_->Query(
      "SELECT url, code, why FROM missing_file WHERE run = ?", {run->id}, [&](const SqlRow& row) {
        run->bundle.AddMissing(
            row.Text(0), absl::Status(static_cast<absl::StatusCode>(row.Int(1)), row.Text(2)));
      }));
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

absl::Status Journal::Finish(const RunRecord& record, const std::string& result,
                             const std::string& shown) {
  return database_->Run(
      "UPDATE run SET ended_ns = ?, duration_ns = ?, exit_code = ?, verdict = ?, reason = ?, "
      "validity = ?, requests = ?, failed = ?, iterations = ?, result = ?, shown = ?, alive_ns = ? "
      "WHERE id = ?",
      {record.ended.has_value() ? SqlValue(absl::ToUnixNanos(*record.ended)) : SqlValue(),
       absl::ToInt64Nanoseconds(record.duration), static_cast<int64_t>(record.exit_code),
       record.verdict, record.reason, record.validity, static_cast<int64_t>(record.requests),
       static_cast<int64_t>(record.failed), static_cast<int64_t>(record.iterations),
       result.empty() ? SqlValue() : SqlValue(result), shown,
       record.alive.has_value() ? SqlValue(record.alive->nanos()) : SqlValue(), record.id});
}

absl::Status Journal::KeepRecovered(const RunRecord& record, const std::string& result) {
  return Finish(record, result, /*shown=*/"");
}

}  // namespace lockstep::coordinator
