#include "agent/js/console.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"

#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/world.h"

namespace lockstep::agent {
namespace {

constexpr int kMaxDepth = 4;
constexpr uint32_t kMaxEntries = 100;

class Formatter {
 public:
  explicit Formatter(v8::Local<v8::Context> context)
      : context_(context), isolate_(context->GetIsolate()) {}

  std::string Format(v8::Local<v8::Value> value, int depth) {
    if (value->IsString()) {
      const std::string text = TextOf(isolate_, value.As<v8::String>());
      return depth == 0 ? text
                        : absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\\\""}}), "\"");
    }
    if (value->IsFunction()) {
      return "[object Function]";
    }
    if (value->IsUndefined() && depth > 0) {
      return "null";
    }
    if (!value->IsObject()) {
      return Primitive(value);
    }
    const v8::Local<v8::Object> object = value.As<v8::Object>();
    if (value->IsNativeError() || value->IsDate() || value->IsPromise() || value->IsProxy() ||
        value->IsRegExp()) {
      return Special(object);
    }
    for (const v8::Local<v8::Object>& outer : path_) {
      if (outer == object) {
        return "[Circular]";
      }
    }
    if (depth >= kMaxDepth) {
      return value->IsArray() ? "[Array]" : "[Object]";
    }
    path_.push_back(object);
    std::string text = Container(object, depth);
    path_.pop_back();
    return text;
  }

 private:
  std::string Primitive(v8::Local<v8::Value> value) {
    v8::Local<v8::String> text;
    return value->ToDetailString(context_).ToLocal(&text) ? TextOf(isolate_, text) : "";
  }

  std::string Special(v8::Local<v8::Object> object) {
    if (object->IsPromise()) {
      return "[object Promise]";
    }
    if (object->IsProxy()) {
      return "[object Proxy]";
    }
    if (object->IsDate()) {
      return DateText(object.As<v8::Date>()->ValueOf());
    }
    if (object->IsRegExp()) {
      return absl::StrCat("/", TextOf(isolate_, object.As<v8::RegExp>()->GetSource()), "/");
    }
    const std::string name = TextProperty(object, "name");
    const std::string message = TextProperty(object, "message");
    return absl::StrCat(name, name.empty() || message.empty() ? "" : ": ", message);
  }

  // "" unless it is a string.
  std::string TextProperty(v8::Local<v8::Object> object, absl::string_view name) {
    v8::Local<v8::Value> value;
    return object->GetRealNamedProperty(context_, JsName(isolate_, name)).ToLocal(&value) &&
                   value->IsString()
               ? TextOf(isolate_, value.As<v8::String>())
               : "";
  }

  // As Date's toISOString, which a script may have replaced.
  static std::string DateText(double milliseconds) {
    if (!std::isfinite(milliseconds)) {
      return "Invalid Date";
    }
    return absl::FormatTime("\"%E4Y-%m-%dT%H:%M:%E3SZ\"",
                            absl::FromUnixMillis(static_cast<int64_t>(milliseconds)),
                            absl::UTCTimeZone());
  }

  std::string Container(v8::Local<v8::Object> object, int depth) {
    if (object->IsArray()) {
      return List(object.As<v8::Array>(), depth);
    }
    if (object->IsMap()) {
      return Pairs(object.As<v8::Map>()->AsArray(), "Map", depth);
    }
    if (object->IsSet()) {
      return absl::StrCat("Set ", List(object.As<v8::Set>()->AsArray(), depth));
    }
    if (object->IsTypedArray()) {
      return Numbers(object.As<v8::TypedArray>(), depth);
    }
    if (object->IsArrayBuffer() || object->IsArrayBufferView()) {
      return Bytes(object);
    }
    return Fields(object, depth);
  }

  std::string List(v8::Local<v8::Array> array, int depth) {
    std::vector<std::string> items;
    for (uint32_t i = 0; i < array->Length() && i < kMaxEntries; ++i) {
      v8::Local<v8::Value> item;
      if (!array->GetRealNamedProperty(context_, Index(i)).ToLocal(&item)) {
        item = v8::Undefined(isolate_);
      }
      items.push_back(Format(item, depth + 1));
    }
    AddRest(array->Length(), &items);
    return items.empty() ? "[]" : absl::StrCat("[ ", absl::StrJoin(items, ", "), " ]");
  }

  std::string Numbers(v8::Local<v8::TypedArray> array, int depth) {
    std::vector<std::string> items;
    const uint32_t length = static_cast<uint32_t>(array->Length());
    for (uint32_t i = 0; i < length && i < kMaxEntries; ++i) {
      v8::Local<v8::Value> item;
      if (array->Get(context_, i).ToLocal(&item)) {
        items.push_back(Format(item, depth + 1));
      }
    }
    AddRest(length, &items);
    return absl::StrCat(
        TextOf(isolate_, array->GetConstructorName()), "(", length, ") ",
        items.empty() ? "[]" : absl::StrCat("[ ", absl::StrJoin(items, ", "), " ]"));
  }

  // Of an ArrayBuffer or a DataView.
  std::string Bytes(v8::Local<v8::Object> object) {
    const std::string bytes = BytesOf(object).value_or("");
    std::vector<std::string> items;
    for (size_t i = 0; i < bytes.size() && i < kMaxEntries; ++i) {
      items.push_back(absl::StrCat(absl::Hex(static_cast<uint8_t>(bytes[i]), absl::kZeroPad2)));
    }
    std::string rest;
    if (bytes.size() > kMaxEntries) {
      rest = absl::StrCat(" ... ", bytes.size() - kMaxEntries, " more bytes");
    }
    return absl::StrCat(TextOf(isolate_, object->GetConstructorName()), " { [Uint8Contents]: <",
                        absl::StrJoin(items, " "), rest, ">, byteLength: ", bytes.size(), " }");
  }

  std::string Pairs(v8::Local<v8::Array> flat, absl::string_view name, int depth) {
    std::vector<std::string> items;
    for (uint32_t i = 0; i + 1 < flat->Length() && i < 2 * kMaxEntries; i += 2) {
      v8::Local<v8::Value> key;
      v8::Local<v8::Value> value;
      if (flat->Get(context_, i).ToLocal(&key) && flat->Get(context_, i + 1).ToLocal(&value)) {
        items.push_back(absl::StrCat(Format(key, depth + 1), " => ", Format(value, depth + 1)));
      }
    }
    AddRest(flat->Length() / 2, &items);
    return items.empty() ? absl::StrCat(name, " {}")
                         : absl::StrCat(name, " { ", absl::StrJoin(items, ", "), " }");
  }

  std::string Fields(v8::Local<v8::Object> object, int depth) {
    v8::Local<v8::Array> names;
    if (!object->GetOwnPropertyNames(context_).ToLocal(&names)) {
      return "{}";
    }
    std::vector<std::string> items;
    for (uint32_t i = 0; i < names->Length() && i < kMaxEntries; ++i) {
      v8::Local<v8::Value> name;
      if (names->Get(context_, i).ToLocal(&name)) {
        items.push_back(absl::StrCat(Primitive(name), ": ", Field(object, name, depth)));
      }
    }
    AddRest(names->Length(), &items);
    return items.empty() ? "{}" : absl::StrCat("{ ", absl::StrJoin(items, ", "), " }");
  }

  std::string Field(v8::Local<v8::Object> object, v8::Local<v8::Value> name, int depth) {
    v8::Local<v8::Value> descriptor;
    if (name->IsName() &&
        object->GetOwnPropertyDescriptor(context_, name.As<v8::Name>()).ToLocal(&descriptor) &&
        descriptor->IsObject()) {
      v8::Local<v8::Value> getter;
      if (GetProperty(context_, descriptor.As<v8::Object>(), "get", &getter) &&
          getter->IsFunction()) {
        return "[Getter]";
      }
    }
    v8::Local<v8::Value> value;
    return object->Get(context_, name).ToLocal(&value) ? Format(value, depth + 1) : "undefined";
  }

  v8::Local<v8::Name> Index(uint32_t i) { return JsText(isolate_, absl::StrCat(i)); }

  static void AddRest(uint32_t length, std::vector<std::string>* items) {
    if (length > kMaxEntries) {
      items->push_back(absl::StrCat("... ", length - kMaxEntries, " more"));
    }
  }

  v8::Local<v8::Context> context_;
  v8::Isolate* isolate_;
  std::vector<v8::Local<v8::Object>> path_;  // the containers around the present value
};

template <LogLevel level>
void Print(const v8::FunctionCallbackInfo<v8::Value>& info) {
  const v8::Local<v8::Context> context = info.GetIsolate()->GetCurrentContext();
  std::vector<std::string> parts;
  for (int i = 0; i < info.Length(); ++i) {
    parts.push_back(FormatForConsole(context, info[i]));
  }
  World::Of(context).site().console().Log(level, absl::StrJoin(parts, " "),
                                          {{"source", "console"}});
}

void Assert(const v8::FunctionCallbackInfo<v8::Value>& info) {
  if (info[0]->BooleanValue(info.GetIsolate())) {
    return;
  }
  const v8::Local<v8::Context> context = info.GetIsolate()->GetCurrentContext();
  std::string text = "Assertion failed";
  for (int i = 1; i < info.Length(); ++i) {
    absl::StrAppend(&text, i == 1 ? ": " : " ", FormatForConsole(context, info[i]));
  }
  World::Of(context).site().console().Log(LogLevel::kError, text, {{"source", "console"}});
}

}  // namespace

std::string FormatForConsole(v8::Local<v8::Context> context, v8::Local<v8::Value> value) {
  const v8::TryCatch ignored(context->GetIsolate());
  return Formatter(context).Format(value, 0);
}

void InstallConsole(v8::Local<v8::Context> context) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> console = v8::Object::New(isolate);
  SetFunction(context, console, "log", &Print<LogLevel::kInfo>);
  SetFunction(context, console, "info", &Print<LogLevel::kInfo>);
  SetFunction(context, console, "dir", &Print<LogLevel::kInfo>);
  SetFunction(context, console, "table", &Print<LogLevel::kInfo>);
  SetFunction(context, console, "debug", &Print<LogLevel::kDebug>);
  SetFunction(context, console, "trace", &Print<LogLevel::kDebug>);
  SetFunction(context, console, "warn", &Print<LogLevel::kWarn>);
  SetFunction(context, console, "error", &Print<LogLevel::kError>);
  SetFunction(context, console, "assert", &Assert);
  SetProperty(context, context->Global(), "console", console);
}

}  // namespace lockstep::agent
