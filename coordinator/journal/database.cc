#include "coordinator/journal/database.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"

namespace lockstep::coordinator {
namespace {

constexpr int kOwnerOnly = 0600;
// Another process that reads the history holds the file for a moment.
constexpr int kBusyMillis = 2000;

void Bind(sqlite3_stmt* statement, int place, const SqlValue& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    sqlite3_bind_int64(statement, place, *number);
  } else if (const auto* real = std::get_if<double>(&value)) {
    sqlite3_bind_double(statement, place, *real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    sqlite3_bind_text64(statement, place, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  } else if (const auto* blob = std::get_if<Blob>(&value)) {
    sqlite3_bind_blob64(statement, place, blob->bytes.data(), blob->bytes.size(), SQLITE_STATIC);
  } else {
    sqlite3_bind_null(statement, place);
  }
}

std::string SystemReason(int error) {
  return std::generic_category().message(error);
}

}  // namespace

std::string SqlRow::Text(int column) const {
  const auto* text = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const int bytes = sqlite3_column_bytes(statement_, column);
  return text == nullptr ? "" : std::string(text, static_cast<size_t>(bytes));
}

SqlValue SqlRow::Value(int column) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_INTEGER:
      return Int(column);
    case SQLITE_FLOAT:
      return Real(column);
    case SQLITE_TEXT:
      return Text(column);
    case SQLITE_BLOB:
      return Blob{Text(column)};
    default:
      return std::monostate();
  }
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path, bool create) {
  const int made = open(path.c_str(), O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), kOwnerOnly);
  if (made < 0) {
    const int error = errno;
    const std::string message = absl::StrCat("journal ", path, ": ", SystemReason(error));
    return error == ENOENT ? absl::NotFoundError(message) : absl::UnavailableError(message);
  }
  close(made);
  std::unique_ptr<Database> database(new Database(path));
  const int opened = sqlite3_open_v2(path.c_str(), &database->database_,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (opened != SQLITE_OK) {
    return database->ErrorOf(opened);
  }
  sqlite3_extended_result_codes(database->database_, 1);
  sqlite3_busy_timeout(database->database_, kBusyMillis);
  return database;
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) {
    sqlite3_finalize(statement);
  }
  sqlite3_close(database_);
}

absl::Status Database::ErrorOf(int code) const {
  const std::string reason =
      database_ == nullptr ? sqlite3_errstr(code) : std::string(sqlite3_errmsg(database_));
  const auto text = [&](const auto&... parts) {
    return absl::StrCat("journal ", path_, ": ", parts...);
  };
  const int system = database_ == nullptr ? 0 : sqlite3_system_errno(database_);
  switch (code & 0xff) {
    case SQLITE_NOTADB:
      return absl::InvalidArgumentError(
          text("it is neither a journal of lockstep nor any other database"));
    case SQLITE_CORRUPT:
      return absl::DataLossError(text("it is damaged: ", reason));
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(text("there is no room left on the disk"));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(text("another process holds it"));
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
      if (system == ENOSPC || system == EDQUOT) {
        return absl::ResourceExhaustedError(text("there is no room left on the disk"));
      }
      return absl::UnavailableError(
          text(reason, system == 0 ? "" : ": ", system == 0 ? "" : SystemReason(system)));
    default:
      return absl::UnavailableError(text(reason));
  }
}

absl::Status Database::Execute(const char* sql) {
  const int done = sqlite3_exec(database_, sql, nullptr, nullptr, nullptr);
  return done == SQLITE_OK ? absl::OkStatus() : ErrorOf(done);
}

absl::StatusOr<sqlite3_stmt*> Database::Prepared(const char* sql,
                                                 absl::Span<const SqlValue> values) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr) {
    const int prepared =
        sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (prepared != SQLITE_OK) {
      return ErrorOf(prepared);
    }
  }
  for (size_t i = 0; i < values.size(); ++i) {
    Bind(statement, static_cast<int>(i) + 1, values[i]);
  }
  return statement;
}

absl::Status Database::Run(const char* sql, absl::Span<const SqlValue> values) {
  return Query(sql, values, [](const SqlRow&) {});
}

absl::Status Database::Query(const char* sql, absl::Span<const SqlValue> values,
                             absl::FunctionRef<void(const SqlRow&)> visit) {
  LOCKSTEP_ASSIGN_OR_RETURN(sqlite3_stmt* const statement, Prepared(sql, values));
  int step = sqlite3_step(statement);
  for (; step == SQLITE_ROW; step = sqlite3_step(statement)) {
    visit(SqlRow(statement));
  }
  absl::Status status = step == SQLITE_DONE ? absl::OkStatus() : ErrorOf(step);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return status;
}

absl::Status Database::Transaction(absl::FunctionRef<absl::Status()> body) {
  LOCKSTEP_RETURN_IF_ERROR(Run("BEGIN IMMEDIATE"));
  absl::Status done = body();
  if (done.ok()) {
    done = Run("COMMIT");
  }
  if (!done.ok()) {
    Execute("ROLLBACK").IgnoreError();  // the reason is told already
  }
  return done;
}

}  // namespace lockstep::coordinator
