#include "agent/data/row_table.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "agent/data/json/scan.h"
#include "agent/data/json/validate.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

// Splits CSV into fields and rows.
class CsvReader {
 public:
  CsvReader(absl::string_view text, char delimiter) : text_(text), delimiter_(delimiter) {}

  bool AtEnd() const { return at_ >= text_.size(); }
  size_t position() const { return at_; }
  int64_t line() const { return line_; }

  // Reads the row at the present position, and goes behind its line end. `fields` may be null. The
  // number of fields; 0 for an empty line. InvalidArgument: a quote that is not closed.
  absl::StatusOr<size_t> Row(std::vector<std::string>* fields) {
    if (SkipLineEnd()) {
      return 0;
    }
    for (size_t count = 1;; ++count) {
      std::string field;
      LOCKSTEP_RETURN_IF_ERROR(Field(fields == nullptr ? nullptr : &field));
      if (fields != nullptr) {
        fields->push_back(std::move(field));
      }
      if (!AtEnd() && text_[at_] == delimiter_) {
        ++at_;
      } else {
        SkipLineEnd();
        return count;
      }
    }
  }

 private:
  bool SkipLineEnd() {
    const size_t start = at_;
    if (!AtEnd() && text_[at_] == '\r') {
      ++at_;
    }
    if (!AtEnd() && text_[at_] == '\n') {
      ++at_;
    }
    line_ += at_ > start ? 1 : 0;
    return at_ > start;
  }

  absl::Status Field(std::string* field) {
    if (!AtEnd() && text_[at_] == '"') {
      LOCKSTEP_RETURN_IF_ERROR(Quoted(field));
    }
    // What stands behind a closing quote belongs to the field.
    const size_t start = at_;
    while (!AtEnd() && text_[at_] != delimiter_ && text_[at_] != '\r' && text_[at_] != '\n') {
      ++at_;
    }
    if (field != nullptr) {
      absl::StrAppend(field, text_.substr(start, at_ - start));
    }
    return absl::OkStatus();
  }

  absl::Status Quoted(std::string* field) {
    const int64_t opened = line_;
    for (++at_; !AtEnd(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        if (AtEnd() || text_[at_] != '"') {
          return absl::OkStatus();
        }
      }
      line_ += c == '\n' ? 1 : 0;
      if (field != nullptr) {
        field->push_back(c);
      }
    }
    return absl::InvalidArgumentError(
        absl::StrCat("line ", opened, ": a quote is opened and not closed"));
  }

  const absl::string_view text_;
  const char delimiter_;
  size_t at_ = 0;
  int64_t line_ = 1;
};

}  // namespace

std::optional<RowFormat> ParseRowFormat(absl::string_view name) {
  for (const auto& [known, format] :
       {std::pair("csv", RowFormat::kCsv), std::pair("json", RowFormat::kJson),
        std::pair("jsonl", RowFormat::kJsonLines)}) {
    if (name == known) {
      return format;
    }
  }
  return std::nullopt;
}

absl::StatusOr<RowTable> RowTable::Parse(std::string text, const RowSyntax& syntax) {
  auto owned = std::make_unique<const std::string>(std::move(text));
  LOCKSTEP_ASSIGN_OR_RETURN(RowTable table, ParseShared(*owned, syntax));
  table.owned_ = std::move(owned);
  return table;
}

absl::StatusOr<RowTable> RowTable::ParseShared(absl::string_view text, const RowSyntax& syntax) {
  RowTable table;
  table.syntax_ = syntax;
  table.text_ = absl::StripPrefix(text, "\xef\xbb\xbf");  // a byte order mark
  switch (syntax.format) {
    case RowFormat::kCsv:
      LOCKSTEP_RETURN_IF_ERROR(table.IndexCsv());
      break;
    case RowFormat::kJson:
      LOCKSTEP_RETURN_IF_ERROR(table.IndexJson());
      break;
    case RowFormat::kJsonLines:
      LOCKSTEP_RETURN_IF_ERROR(table.IndexJsonLines());
      break;
  }
  table.rows_.shrink_to_fit();
  return table;
}

absl::Status RowTable::IndexCsv() {
  CsvReader reader(text_, syntax_.delimiter);
  size_t width = 0;
  bool names_wanted = syntax_.header;
  while (!reader.AtEnd()) {
    const size_t begin = reader.position();
    const int64_t line = reader.line();
    LOCKSTEP_ASSIGN_OR_RETURN(const size_t fields, reader.Row(names_wanted ? &columns_ : nullptr));
    if (fields == 0) {
      continue;
    }
    if (width == 0) {
      width = fields;
    } else if (fields != width) {
      return absl::InvalidArgumentError(absl::StrCat("line ", line, ": a row of ", fields,
                                                     " fields, where the first one has ", width));
    }
    if (!std::exchange(names_wanted, false)) {
      rows_.push_back({begin, reader.position() - begin});
      continue;
    }
    for (auto name = columns_.begin(); name != columns_.end(); ++name) {
      if (std::find(columns_.begin(), name, *name) != name) {
        return absl::InvalidArgumentError(
            absl::StrCat("line ", line, ": two columns are named \"", *name, "\""));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status RowTable::IndexJson() {
  LOCKSTEP_RETURN_IF_ERROR(ValidateJson(text_));
  const absl::string_view array = TrimJson(text_);
  if (array.front() != '[') {
    return absl::InvalidArgumentError("an array of rows is expected");
  }
  ForEachElement(array, [this](absl::string_view element) {
    rows_.push_back({static_cast<size_t>(element.data() - text_.data()), element.size()});
    return true;
  });
  return absl::OkStatus();
}

absl::Status RowTable::IndexJsonLines() {
  size_t begin = 0;
  for (int64_t line = 1; begin < text_.size(); ++line) {
    size_t end = text_.find('\n', begin);
    end = end == absl::string_view::npos ? text_.size() : end;
    const absl::string_view value = TrimJson(text_.substr(begin, end - begin));
    if (!value.empty()) {
      if (const absl::Status status = ValidateJson(value); !status.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("line ", line, " is not a JSON value: ", status.message()));
      }
      rows_.push_back({static_cast<size_t>(value.data() - text_.data()), value.size()});
    }
    begin = end + 1;
  }
  return absl::OkStatus();
}

std::vector<std::string> RowTable::Fields(int64_t row) const {
  std::vector<std::string> fields;
  // The row was read before: it has no fault.
  CsvReader(Text(row), syntax_.delimiter).Row(&fields).IgnoreError();
  return fields;
}

absl::string_view RowTable::Text(int64_t row) const {
  const Span& span = rows_[static_cast<size_t>(row)];
  return text_.substr(span.begin, span.size);
}

}  // namespace lockstep::agent
