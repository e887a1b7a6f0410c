#include "agent/js/k6/csv.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

#include "agent/data/row_table.h"
#include "agent/js/bind/bound_methods.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/holder.h"
#include "agent/js/bind/owned_object.h"
#include "agent/js/bind/promises.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/data.h"
#include "agent/js/k6/fs.h"
#include "agent/js/k6/row_value.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

// What a script says about a file. Lines are its records, counted from 0, the header among them.
struct CsvOptions {
  RowSyntax syntax = {.header = false};  // with a header: rows as objects
  bool skip_first_line = false;
  int64_t from_line = 0;
  std::optional<int64_t> to_line;  // inclusive
};

// Rows of a file: `first` to before `end`.
struct CsvRows {
  const RowTable* table = nullptr;
  int64_t first = 0;
  int64_t end = 0;
};

absl::Status Wrong(Context context, absl::string_view key, v8::Local<v8::Value> value,
                   absl::string_view allowed) {
  v8::Local<v8::String> shown;
  const std::string text = v8::JSON::Stringify(context, value).ToLocal(&shown)
                               ? TextOf(context->GetIsolate(), shown)
                               : std::string("that");
  return absl::InvalidArgumentError(
      absl::StrCat(key, ": invalid value ", text, ": expected ", allowed));
}

absl::Status ReadBoolean(Context context, absl::string_view key, v8::Local<v8::Value> value,
                         bool* result) {
  *result = value->IsTrue();
  return value->IsBoolean() ? absl::OkStatus() : Wrong(context, key, value, "true or false");
}

absl::Status ReadLine(Context context, absl::string_view key, v8::Local<v8::Value> value,
                      int64_t* line) {
  const double number = value->IsNumber() ? value.As<v8::Number>()->Value() : -1;
  if (!(number >= 0 && number < 9e15) || std::trunc(number) != number) {
    return Wrong(context, key, value, "a whole number from 0 on");
  }
  *line = static_cast<int64_t>(number);
  return absl::OkStatus();
}

absl::Status ReadOption(Context context, ApiVu& vu, const std::string& key,
                        v8::Local<v8::Value> value, CsvOptions* options) {
  if (value->IsNullOrUndefined()) {
    return absl::OkStatus();
  }
  if (key == "delimiter") {
    const std::string text = TextIfString(context->GetIsolate(), value);
    if (text.size() != 1 || text == "\"" || text == "\n" || text == "\r") {
      return Wrong(context, key, value,
                   "one character of ASCII that is neither a quote nor a line end");
    }
    options->syntax.delimiter = text[0];
    return absl::OkStatus();
  }
  if (key == "asObjects") {
    return ReadBoolean(context, key, value, &options->syntax.header);
  }
  if (key == "skipFirstLine") {
    return ReadBoolean(context, key, value, &options->skip_first_line);
  }
  if (key == "fromLine") {
    return ReadLine(context, key, value, &options->from_line);
  }
  if (key == "toLine") {
    int64_t line = 0;
    LOCKSTEP_RETURN_IF_ERROR(ReadLine(context, key, value, &line));
    options->to_line = line;
    return absl::OkStatus();
  }
  WarnOfUnknown(vu, "k6/experimental/csv", "option", key,
                {"asObjects", "delimiter", "fromLine", "skipFirstLine", "toLine"});
  return absl::OkStatus();
}

absl::StatusOr<CsvOptions> ReadOptions(Context context, ApiVu& vu, v8::Local<v8::Value> value) {
  CsvOptions options;
  if (value->IsNullOrUndefined()) {
    return options;
  }
  if (!IsPlainObject(value)) {
    return absl::InvalidArgumentError("options: an object is expected");
  }
  LOCKSTEP_RETURN_IF_ERROR(ForEachOwnOrStatus(
      context, value.As<v8::Object>(), [&](const std::string& key, v8::Local<v8::Value> option) {
        return ReadOption(context, vu, key, option, &options);
      }));
  if (options.syntax.header && (options.skip_first_line || options.from_line > 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("asObjects: the first line names the columns, so it cannot be together with ",
                     options.skip_first_line ? "skipFirstLine" : "fromLine"));
  }
  if (options.to_line.has_value() && *options.to_line < options.from_line) {
    return absl::InvalidArgumentError(absl::StrCat("toLine: invalid value ", *options.to_line,
                                                   ": expected at least fromLine, which is ",
                                                   options.from_line));
  }
  return options;
}

// The file's rows by `syntax`, indexed if this VU is the first to ask.
absl::StatusOr<const RowTable*> FindTable(SharedFile& file, const RowSyntax& syntax) {
  using Made = absl::StatusOr<std::unique_ptr<const RowTable>>;
  const std::string key = absl::StrCat(absl::string_view(&syntax.delimiter, 1), syntax.header);
  return file.tables.FindOrMake(key, [&]() -> Made {
    LOCKSTEP_ASSIGN_OR_RETURN(RowTable table, RowTable::ParseShared(file.content, syntax));
    return std::make_unique<const RowTable>(std::move(table));
  });
}

// What the arguments of parse() and of Parser mean. Cancelled: an exception is pending.
absl::StatusOr<CsvRows> FindRows(Context context, ApiVu& vu, v8::Local<v8::Value> file,
                                 v8::Local<v8::Value> options) {
  OpenFile* open = FileOf(context->GetIsolate(), file);
  if (open == nullptr) {
    return absl::InvalidArgumentError(
        "file: expected a File, as open() of k6/experimental/fs returns it");
  }
  LOCKSTEP_ASSIGN_OR_RETURN(const CsvOptions read, ReadOptions(context, vu, options));
  const absl::StatusOr<const RowTable*> table = FindTable(open->file(), read.syntax);
  if (!table.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat(open->path(), ": ", table.status().message()));
  }
  if (read.syntax.header && (*table)->columns().empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(open->path(), ": asObjects: there is no line that names the columns"));
  }
  const int64_t header = read.syntax.header ? 1 : 0;  // a line that is not a row
  const int64_t size = (*table)->size();
  const int64_t first =
      read.skip_first_line ? std::max<int64_t>(read.from_line, 1) : read.from_line;
  const int64_t end = read.to_line.has_value() ? *read.to_line + 1 - header : size;
  return CsvRows{.table = *table, .first = std::min(first, size), .end = std::min(end, size)};
}

void LoadRow(const Info& info) {
  const CsvRows& rows = *OwnedBy<CsvRows>(info.Data().As<v8::Object>());
  const auto index = static_cast<int64_t>(info[0].As<v8::Number>()->Value());
  Return(info, RowValue(ContextOf(info), *rows.table, rows.first + index));
}

void ParseFile(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = ContextOf(info);
  ApiVu& vu = ModuleOf<ApiVu>(info);
  const absl::StatusOr<CsvRows> rows =
      vu.in_init() ? FindRows(context, vu, info[0], info[1])
                   : absl::FailedPreconditionError("it must be called in the init context");
  if (absl::IsCancelled(rows.status())) {
    return;
  }
  if (!rows.ok()) {
    ReturnRejected(
        info,
        MakeError(isolate, absl::Status(rows.status().code(),
                                        absl::StrCat("csv.parse(): ", rows.status().message()))));
    return;
  }
  v8::Local<v8::Object> source;
  v8::Local<v8::Function> load;
  v8::Local<v8::Value> array;
  if (MakeHolder(context, std::make_unique<CsvRows>(*rows)).ToLocal(&source) &&
      v8::Function::New(context, LoadRow, source).ToLocal(&load) &&
      MakeSharedArray(context, load, std::max<int64_t>(rows->end - rows->first, 0))
          .ToLocal(&array)) {
    ReturnResolved(info, array);
  }
}

void ConstructParser(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  ApiVu& vu = ModuleOf<ApiVu>(info);
  if (!info.IsConstructCall()) {
    ThrowTypeError(isolate, "Parser is made with `new`");
    return;
  }
  const absl::StatusOr<CsvRows> rows =
      vu.in_init() ? FindRows(ContextOf(info), vu, info[0], info[1])
                   : absl::FailedPreconditionError("it must be made in the init context");
  if (!rows.ok()) {
    ThrowStatus(isolate, rows.status(), "csv.Parser");
    return;
  }
  AttachOwned(isolate, info.This(), std::make_unique<CsvRows>(*rows));
}

void NextRow(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = ContextOf(info);
  CsvRows& rows = *OwnedBy<CsvRows>(info.This());
  const bool done = rows.first >= rows.end;
  v8::Local<v8::Value> value = v8::Undefined(isolate);
  if (!done && !RowValue(context, *rows.table, rows.first++).ToLocal(&value)) {
    return;
  }
  const v8::Local<v8::Object> result = v8::Object::New(isolate);
  SetProperty(context, result, "done", done);
  SetProperty(context, result, "value", value);
  ReturnResolved(info, result);
}

}  // namespace

v8::Local<v8::Object> MakeCsvModule(Context context, ApiVu& vu) {
  SetModule(context, &vu);
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> exports = v8::Object::New(isolate);
  SetFunction(context, exports, "parse", ParseFile);
  const auto complete = [isolate](v8::Local<v8::FunctionTemplate> made) {
    made->InstanceTemplate()->SetInternalFieldCount(2);
    SetPrototypeMethods(isolate, made, {{"next", NextRow}});
  };
  v8::Local<v8::Function> constructor;
  if (ClassTemplate(isolate, "Parser", ConstructParser, complete)
          ->GetFunction(context)
          .ToLocal(&constructor)) {
    SetProperty(context, exports, "Parser", constructor);
  }
  return exports;
}

}  // namespace lockstep::agent
