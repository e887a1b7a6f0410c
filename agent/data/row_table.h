// The rows of a data file: where each begins and ends in the file's text, which is kept as it is. A
// row becomes values only when a VU gets it, so a file of millions of rows costs a process its size
// and 16 bytes a row, whatever the number of VUs. Immutable, thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

enum class RowFormat { kCsv, kJson, kJsonLines };
// "csv", "json", "jsonl"; nothing for other names.
std::optional<RowFormat> ParseRowFormat(absl::string_view name);

struct RowSyntax {
  RowFormat format = RowFormat::kCsv;
  char delimiter = ',';  // CSV only
  bool header = true;    // CSV only: the first row names the columns
  bool operator==(const RowSyntax&) const = default;
};

class RowTable {
 public:
  // CSV is that of RFC 4180, with any kind of line end; empty lines are skipped. JSON is an array,
  // JSON lines one value a line. InvalidArgument names the first line that is wrong: a quote that
  // is not closed, a row of a different width than the first, a value that is not JSON.
  static absl::StatusOr<RowTable> Parse(std::string text, const RowSyntax& syntax);
  // The same of a text that outlives the table.
  static absl::StatusOr<RowTable> ParseShared(absl::string_view text, const RowSyntax& syntax);
  RowTable(RowTable&&) = default;
  RowTable& operator=(RowTable&&) = default;

  int64_t size() const { return static_cast<int64_t>(rows_.size()); }
  const RowSyntax& syntax() const { return syntax_; }
  // Of a CSV file with a header.
  const std::vector<std::string>& columns() const { return columns_; }
  // The fields of a row of CSV; 0 <= row < size().
  std::vector<std::string> Fields(int64_t row) const;
  // A row as it is written: JSON text.
  absl::string_view Text(int64_t row) const;

 private:
  struct Span {
    size_t begin = 0;
    size_t size = 0;
  };
  RowTable() = default;
  absl::Status IndexCsv();
  absl::Status IndexJson();
  absl::Status IndexJsonLines();

  RowSyntax syntax_;
  std::unique_ptr<const std::string> owned_;  // null: the text is somebody else's
  absl::string_view text_;
  std::vector<Span> rows_;
  std::vector<std::string> columns_;
};

}  // namespace lockstep::agent
