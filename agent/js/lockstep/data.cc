#include "agent/js/lockstep/data.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "agent/js/bind/errors.h"
#include "agent/js/bind/holder.h"
#include "agent/js/bind/owned_object.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/row_value.h"
#include "common/base/message_limits.h"
#include "common/base/safe_integer.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

struct RowsData {
  ApiVu& vu;
  RowStore& store;
  ScriptFiles files;
};

enum class AtEnd { kThrow, kNull, kWrap };

// What a script says about its rows.
struct RowsOptions {
  std::string file;
  std::string name;
  RowRules rules;
  AtEnd at_end = AtEnd::kThrow;
};

// One VU's Rows.
struct Rows {
  RowDealer* dealer;
  std::string file;
  std::string name;  // of the fleet's queue
  AtEnd at_end;
  uint64_t calls = 0;
};

absl::Status Wrong(absl::string_view key, absl::string_view value, absl::string_view allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat("Rows: ", key, ": invalid value ", value, ": expected ", allowed));
}

// One option. Cancelled: an exception is pending.
absl::Status ReadOption(Context context, const std::string& key, v8::Local<v8::Value> value,
                        RowsOptions* options, std::optional<RowFormat>* format) {
  v8::Isolate* isolate = context->GetIsolate();
  std::string text;
  if (!ToText(context, value, &text)) {
    return absl::CancelledError();
  }
  const std::string shown = absl::StrCat("\"", text, "\"");
  RowRules& rules = options->rules;
  if (key == "file" || key == "name") {
    (key == "file" ? options->file : options->name) = text;
    return text.empty() || text.size() > kMostNameBytes
               ? Wrong(key, text.empty() ? shown : absl::StrCat("of ", text.size(), " bytes"),
                       absl::StrCat("a text of 1 to ", kMostNameBytes, " bytes"))
               : absl::OkStatus();
  }
  if (key == "format") {
    *format = ParseRowFormat(text);
    return format->has_value() ? absl::OkStatus() : Wrong(key, shown, "csv, json or jsonl");
  }
  if (key == "order") {
    const std::optional<RowOrder> order = ParseRowOrder(text);
    rules.order = order.value_or(rules.order);
    return order.has_value() ? absl::OkStatus() : Wrong(key, shown, "unique, queue, vu or random");
  }
  if (key == "atEnd") {
    const bool known = text == "throw" || text == "null" || text == "wrap";
    options->at_end = text == "null" ? AtEnd::kNull : text == "wrap" ? AtEnd::kWrap : AtEnd::kThrow;
    rules.wrap = text == "wrap";
    return known ? absl::OkStatus() : Wrong(key, shown, "throw, null or wrap");
  }
  if (key == "delimiter") {
    if (text.size() != 1 || text == "\"" || text == "\n" || text == "\r") {
      return Wrong(key, shown, "one character that is neither a quote nor a line end");
    }
    rules.syntax.delimiter = text[0];
    return absl::OkStatus();
  }
  if (key == "header") {
    rules.syntax.header = value->BooleanValue(isolate);
    return value->IsBoolean() ? absl::OkStatus() : Wrong(key, shown, "true or false");
  }
  if (key == "seed") {
    const double number = value->IsNumber() ? value.As<v8::Number>()->Value() : -1;
    if (!(number >= 0 && number <= static_cast<double>(kMostExactInteger)) ||
        number != static_cast<double>(static_cast<uint64_t>(number))) {
      return Wrong(key, shown, "a whole number from 0 on");
    }
    rules.seed = static_cast<uint64_t>(number);
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("Rows: unknown option \"", key,
                                                 "\"; there are file, name, format, order, atEnd, ",
                                                 "delimiter, header and seed"));
}

absl::Status ReadOptions(Context context, v8::Local<v8::Value> value, RowsOptions* options) {
  if (!IsPlainObject(value)) {
    return absl::InvalidArgumentError(
        "Rows: options are expected: new Rows({ file: 'users.csv' })");
  }
  std::optional<RowFormat> format;
  LOCKSTEP_RETURN_IF_ERROR(ForEachOwnOrStatus(
      context, value.As<v8::Object>(), [&](const std::string& key, v8::Local<v8::Value> option) {
        return option->IsUndefined() ? absl::OkStatus()
                                     : ReadOption(context, key, option, options, &format);
      }));
  if (options->file.empty()) {
    return absl::InvalidArgumentError("Rows: file: missing");
  }
  if (!format.has_value()) {
    const std::string ending =
        absl::AsciiStrToLower(options->file.substr(options->file.rfind('.') + 1));
    format = ending == "ndjson" ? RowFormat::kJsonLines : ParseRowFormat(ending);
    if (!format.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("Rows: format: missing, and \"", options->file,
                       "\" ends in none of .csv, .json, .jsonl, .ndjson"));
    }
  }
  options->rules.syntax.format = *format;
  return absl::OkStatus();
}

absl::StatusOr<RowTable> LoadTable(RowsData& data, const std::string& url,
                                   const RowSyntax& syntax) {
  LOCKSTEP_ASSIGN_OR_RETURN(std::string text, data.files.load(url));
  return RowTable::Parse(std::move(text), syntax);
}

// Reads the options; the dealer of what they name, built if this VU is the first to ask.
absl::StatusOr<RowDealer*> FindDealer(Context context, v8::Local<v8::Value> value, RowsData& data,
                                      RowsOptions* options) {
  LOCKSTEP_RETURN_IF_ERROR(ReadOptions(context, value, options));
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string url, data.files.url_of(options->file));
  // Without a name the file itself is meant, and shared with all that deal it out in the same
  // order.
  if (options->name.empty()) {
    constexpr const char* kOrders[] = {"unique", "queue", "vu", "random"};
    options->name = absl::StrCat(url, " ", kOrders[static_cast<int>(options->rules.order)]);
  }
  using Made = absl::StatusOr<std::unique_ptr<RowDealer>>;
  LOCKSTEP_ASSIGN_OR_RETURN(
      RowDealer* const dealer, data.store.FindOrMake(options->name, [&]() -> Made {
        absl::StatusOr<RowTable> table = LoadTable(data, url, options->rules.syntax);
        if (!table.ok()) {
          return absl::Status(table.status().code(), absl::StrCat("Rows: ", options->file, ": ",
                                                                  table.status().message()));
        }
        return std::make_unique<RowDealer>(*std::move(table), options->rules);
      }));
  if (dealer->rules() != options->rules) {
    return absl::InvalidArgumentError(
        absl::StrCat("Rows: name: \"", options->name,
                     "\" is dealt with other options already; give this one a name of its own"));
  }
  return dealer;
}

void ConstructRows(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  RowsData& data = *OwnedBy<RowsData>(info.Data().As<v8::Object>());
  if (!info.IsConstructCall()) {
    ThrowTypeError(isolate, "Rows are made with `new`");
    return;
  }
  if (!data.vu.in_init()) {
    ThrowError(isolate, "new Rows must be called in the init context");
    return;
  }
  RowsOptions options;
  const absl::StatusOr<RowDealer*> dealer = FindDealer(context, info[0], data, &options);
  if (!dealer.ok()) {
    ThrowStatus(isolate, dealer.status());
    return;
  }
  const RowTable& table = (*dealer)->table();
  SetProperty(context, info.This(), "length", table.size());
  v8::Local<v8::Array> columns = v8::Array::New(isolate);
  for (const std::string& column : table.columns()) {
    AppendTo(context, columns, JsText(isolate, column));
  }
  SetProperty(context, info.This(), "columns", columns);
  AttachOwned(isolate, info.This(),
              std::make_unique<Rows>(Rows{*dealer, options.file, options.name, options.at_end}));
}

// Takes the next row of the fleet's queue; waits for the coordinator, if need be. False: the VU was
// interrupted.
bool TakeFromQueue(ApiVu& vu, Rows& rows, std::optional<int64_t>* row) {
  RowDealer& dealer = *rows.dealer;
  for (;;) {
    int64_t taken = 0;
    switch (dealer.Take(&taken)) {
      case RowDealer::Turn::kTaken:
        *row = taken;
        return true;
      case RowDealer::Turn::kNoMore:
        return true;
      case RowDealer::Turn::kWait:
        break;
    }
    const bool go_on = vu.Park([&](ApiVu::Task wake) {
      EventLoop& loop = vu.loop();
      const bool ask = dealer.WaitForBlock(
          [&loop, wake = std::move(wake)]() mutable { loop.Post(std::move(wake)); });
      if (ask) {
        vu.LeaseRows(rows.name, dealer);
      }
    });
    if (!go_on) {
      return false;
    }
  }
}

void Next(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  ApiVu& vu = OwnedBy<RowsData>(info.Data().As<v8::Object>())->vu;
  Rows& rows = *OwnedBy<Rows>(info.This());
  if (RefusedInInit(vu, isolate, "taking rows")) {
    return;
  }
  std::optional<int64_t> row;
  switch (rows.dealer->rules().order) {
    case RowOrder::kUnique:
      if (!vu.work_moves()) {
        row = rows.dealer->NextUnique(vu.segment());
      } else if (!TakeFromQueue(vu, rows, &row)) {
        return;
      }
      break;
    case RowOrder::kQueue:
      if (!TakeFromQueue(vu, rows, &row)) {
        return;
      }
      break;
    case RowOrder::kVu:
      row = rows.dealer->OfVu(vu.vu().id_in_test);
      break;
    case RowOrder::kRandom:
      row = rows.dealer->Random(vu.vu().id_in_test, rows.calls++);
      break;
  }
  if (row.has_value()) {
    v8::Local<v8::Value> value;
    if (RowValue(context, rows.dealer->table(), *row).ToLocal(&value)) {
      info.GetReturnValue().Set(value);
    }
  } else if (rows.at_end == AtEnd::kNull) {
    info.GetReturnValue().SetNull();
  } else {
    ThrowError(isolate,
               absl::StrCat("Rows: ", rows.file, ": there is no row left for this VU; it has ",
                            rows.dealer->table().size(), " rows"));
  }
}

}  // namespace

v8::Local<v8::Object> MakeRowsModule(Context context, ApiVu& vu, RowStore& store,
                                     ScriptFiles files) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> exports = v8::Object::New(isolate);
  v8::Local<v8::Object> data;
  if (!MakeHolder(context, std::make_unique<RowsData>(RowsData{vu, store, std::move(files)}))
           .ToLocal(&data)) {
    return exports;
  }
  const v8::Local<v8::FunctionTemplate> made =
      v8::FunctionTemplate::New(isolate, ConstructRows, data);
  made->SetClassName(JsName(isolate, "Rows"));
  made->InstanceTemplate()->SetInternalFieldCount(2);
  made->PrototypeTemplate()->Set(
      JsName(isolate, "next"),
      v8::FunctionTemplate::New(isolate, Next, data, v8::Signature::New(isolate, made), 0,
                                v8::ConstructorBehavior::kThrow));  // no receiver, no rows
  v8::Local<v8::Function> constructor;
  if (made->GetFunction(context).ToLocal(&constructor)) {
    SetProperty(context, exports, "Rows", constructor);
  }
  return exports;
}

}  // namespace lockstep::agent
