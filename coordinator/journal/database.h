// SQLite, as far as the journal needs it: statements that are prepared once, values, transactions,
// and errors as sentences that name the file. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include <sqlite3.h>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace lockstep::coordinator {

// The bytes of a protobuf message.
struct Blob {
  std::string bytes;
  friend bool operator==(const Blob&, const Blob&) = default;
};
// What a place in a table holds; std::monostate: NULL.
using SqlValue = std::variant<std::monostate, int64_t, double, std::string, Blob>;

// A row of a result, for as long as its visitor runs.
class SqlRow {
 public:
  explicit SqlRow(sqlite3_stmt* statement) : statement_(statement) {}
  int64_t Int(int column) const { return sqlite3_column_int64(statement_, column); }
  double Real(int column) const { return sqlite3_column_double(statement_, column); }
  bool IsNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::string Text(int column) const;
  SqlValue Value(int column) const;

 private:
  sqlite3_stmt* const statement_;
};

class Database {
 public:
  // `create`: makes the file, which only its owner can read, if there is none. Errors name it:
  // NotFound; InvalidArgument: it is not a database; Unavailable: it cannot be opened.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path, bool create);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // One statement or several, without values and without a result.
  absl::Status Execute(const char* sql);
  // `sql` is a literal: it is prepared once. DataLoss: the file is damaged; ResourceExhausted:
  // there is no room for it; Unavailable: it cannot be written for another reason.
  absl::Status Run(const char* sql, absl::Span<const SqlValue> values = {});
  absl::Status Query(const char* sql, absl::Span<const SqlValue> values,
                     absl::FunctionRef<void(const SqlRow&)> visit);
  // All that `body` does, or nothing.
  absl::Status Transaction(absl::FunctionRef<absl::Status()> body);
  // The key of the row that was inserted last.
  int64_t last_id() const { return sqlite3_last_insert_rowid(database_); }
  const std::string& path() const { return path_; }

 private:
  explicit Database(std::string path) : path_(std::move(path)) {}
  absl::StatusOr<sqlite3_stmt*> Prepared(const char* sql, absl::Span<const SqlValue> values);
  absl::Status ErrorOf(int code) const;

  const std::string path_;
  sqlite3* database_ = nullptr;
  absl::flat_hash_map<std::string, sqlite3_stmt*> statements_;
};

}  // namespace lockstep::coordinator
