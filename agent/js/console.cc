#include "agent/js/console.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/world.h"

namespace lockstep::agent {
namespace {

// As deep as a fibre's stack allows, and as long as a line of a log may sensibly be; k6 has no
// limits.
constexpr int kMaxDepth = 50;
constexpr size_t kMaxText = size_t{1} << 20;

class Formatter {
 public:
  explicit Formatter(Context context) : context_(context), isolate_(context->GetIsolate()) {}

  std::string Format(v8::Local<v8::Value> value, int depth) {
    if (value->IsString()) {
      const std::string text = TextOf(isolate_, value.As<v8::String>());
      printed_ += text.size();
      return depth == 0 ? text : absl::StrCat("\"", text, "\"");
    }
    if (value->IsFunction()) {
      return "[object Function]";
    }
    if (value->IsUndefined() && depth > 0) {
      return "null";
    }
    if (!value->IsObject()) {
      std::string text = Primitive(value);
      printed_ += text.size();
      return text;
    }
    const v8::Local<v8::Object> object = value.As<v8::Object>();
    if (value->IsNativeError() || value->IsDate() || value->IsRegExp()) {
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
    if (value->IsSymbol()) {
      value = value.As<v8::Symbol>()->Description(isolate_);
      return TextIfString(isolate_, value);
    }
    v8::Local<v8::String> text;
    return value->ToDetailString(context_).ToLocal(&text) ? TextOf(isolate_, text) : "";
  }

  std::string Special(v8::Local<v8::Object> object) {
    if (object->IsDate()) {
      return DateText(object.As<v8::Date>()->ValueOf());
    }
    if (object->IsRegExp()) {
      return RegExpText(object.As<v8::RegExp>());
    }
    const std::string name = TextProperty(object, "name");
    const std::string message = TextProperty(object, "message");
    return absl::StrCat(name, name.empty() || message.empty() ? "" : ": ", message);
  }

  // As its toString, which a script may have replaced: the flags in the alphabet's order.
  std::string RegExpText(v8::Local<v8::RegExp> expression) {
    static constexpr std::pair<v8::RegExp::Flags, char> kFlags[] = {
        {v8::RegExp::kHasIndices, 'd'}, {v8::RegExp::kGlobal, 'g'}, {v8::RegExp::kIgnoreCase, 'i'},
        {v8::RegExp::kMultiline, 'm'},  {v8::RegExp::kDotAll, 's'}, {v8::RegExp::kUnicode, 'u'},
        {v8::RegExp::kSticky, 'y'}};
    std::string text = absl::StrCat("/", TextOf(isolate_, expression->GetSource()), "/");
    for (const auto& [flag, letter] : kFlags) {
      if ((expression->GetFlags() & flag) != 0) {
        text += letter;
      }
    }
    return text;
  }

  // "" unless it is a string.
  std::string TextProperty(v8::Local<v8::Object> object, absl::string_view name) {
    v8::Local<v8::Value> value;
    return object->GetRealNamedProperty(context_, JsName(isolate_, name)).ToLocal(&value)
               ? TextIfString(isolate_, value)
               : "";
  }

  // As Date's toISOString, which a script may have replaced.
  static std::string DateText(double milliseconds) {
    if (!std::isfinite(milliseconds)) {
      return "{}";
    }
    return absl::FormatTime("\"%E4Y-%m-%dT%H:%M:%E3SZ\"",
                            absl::FromUnixMillis(static_cast<int64_t>(milliseconds)),
                            absl::UTCTimeZone());
  }

  std::string Container(v8::Local<v8::Object> object, int depth) {
    if (IsList(object)) {
      return List(object, depth);
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

  std::string List(v8::Local<v8::Object> array, int depth) {
    v8::Local<v8::Value> length;
    std::vector<std::string> items;
    if (!GetProperty(context_, array, "length", &length) || !length->IsUint32()) {
      return "[]";
    }
    const uint32_t count = length.As<v8::Uint32>()->Value();
    for (uint32_t i = 0; i < count && HasRoom(count - i, &items); ++i) {
      v8::Local<v8::Value> item;
      items.push_back(array->Get(context_, i).ToLocal(&item) ? Format(item, depth + 1) : "null");
    }
    return items.empty() ? "[]" : absl::StrCat("[ ", absl::StrJoin(items, ", "), " ]");
  }

  std::string Numbers(v8::Local<v8::TypedArray> array, int depth) {
    std::vector<std::string> items;
    const uint32_t length = static_cast<uint32_t>(array->Length());
    for (uint32_t i = 0; i < length && HasRoom(length - i, &items); ++i) {
      v8::Local<v8::Value> item;
      if (array->Get(context_, i).ToLocal(&item)) {
        items.push_back(Format(item, depth + 1));
      }
    }
    return absl::StrCat(
        TextOf(isolate_, array->GetConstructorName()), "(", length, ") ",
        items.empty() ? "[]" : absl::StrCat("[ ", absl::StrJoin(items, ", "), " ]"));
  }

  // Of an ArrayBuffer or a DataView.
  std::string Bytes(v8::Local<v8::Object> object) {
    const std::string bytes = BytesOf(object).value_or("");
    std::vector<std::string> items;
    constexpr size_t kMaxBytes = 100;
    for (size_t i = 0; i < bytes.size() && i < kMaxBytes; ++i) {
      items.push_back(absl::StrCat(absl::Hex(static_cast<uint8_t>(bytes[i]), absl::kZeroPad2)));
    }
    std::string rest;
    if (bytes.size() > kMaxBytes) {
      rest = absl::StrCat(" ... ", bytes.size() - kMaxBytes, " more bytes");
    }
    return absl::StrCat(TextOf(isolate_, object->GetConstructorName()), " { [Uint8Contents]: <",
                        absl::StrJoin(items, " "), rest, ">, byteLength: ", bytes.size(), " }");
  }

  std::string Pairs(v8::Local<v8::Array> flat, absl::string_view name, int depth) {
    std::vector<std::string> items;
    for (uint32_t i = 0; i + 1 < flat->Length() && HasRoom((flat->Length() - i) / 2, &items);
         i += 2) {
      v8::Local<v8::Value> key;
      v8::Local<v8::Value> value;
      if (flat->Get(context_, i).ToLocal(&key) && flat->Get(context_, i + 1).ToLocal(&value)) {
        items.push_back(absl::StrCat(Format(key, depth + 1), " => ", Format(value, depth + 1)));
      }
    }
    return items.empty() ? absl::StrCat(name, " {}")
                         : absl::StrCat(name, " { ", absl::StrJoin(items, ", "), " }");
  }

  std::string Fields(v8::Local<v8::Object> object, int depth) {
    v8::Local<v8::Array> names;
    if (!object->GetOwnPropertyNames(context_).ToLocal(&names)) {
      return "{}";
    }
    std::vector<std::string> items;
    for (uint32_t i = 0; i < names->Length() && HasRoom(names->Length() - i, &items); ++i) {
      v8::Local<v8::Value> name;
      v8::Local<v8::Value> value;
      if (names->Get(context_, i).ToLocal(&name)) {
        items.push_back(absl::StrCat(
            Primitive(name), ": ",
            object->Get(context_, name).ToLocal(&value) ? Format(value, depth + 1) : "null"));
      }
    }
    return items.empty() ? "{}" : absl::StrCat("{ ", absl::StrJoin(items, ", "), " }");
  }

  // Whether another item may be printed; if not, `items` says how many are left out.
  bool HasRoom(uint32_t left, std::vector<std::string>* items) {
    constexpr size_t kSeparator = 2;
    printed_ += kSeparator;
    if (printed_ <= kMaxText) {
      return true;
    }
    items->push_back(absl::StrCat("... ", left, " more"));
    return false;
  }

  Context context_;
  v8::Isolate* isolate_;
  size_t printed_ = 0;                       // bytes so far, roughly
  std::vector<v8::Local<v8::Object>> path_;  // the containers around the present value
};

template <LogLevel level>
void Print(const Info& info) {
  const Context context = info.GetIsolate()->GetCurrentContext();
  std::vector<std::string> parts;
  for (int i = 0; i < info.Length(); ++i) {
    parts.push_back(FormatForConsole(context, info[i]));
  }
  World::Of(context).site().console().Log(level, absl::StrJoin(parts, " "),
                                          {{"source", "console"}});
}

void Assert(const Info& info) {
  if (info[0]->BooleanValue(info.GetIsolate())) {
    return;
  }
  const Context context = info.GetIsolate()->GetCurrentContext();
  std::string text = "Assertion failed";
  for (int i = 1; i < info.Length(); ++i) {
    absl::StrAppend(&text, i == 1 ? ": " : " ", FormatForConsole(context, info[i]));
  }
  World::Of(context).site().console().Log(LogLevel::kError, text, {{"source", "console"}});
}

}  // namespace

std::string FormatForConsole(Context context, v8::Local<v8::Value> value) {
  const v8::TryCatch ignored(context->GetIsolate());
  return Formatter(context).Format(value, 0);
}

v8::Local<v8::Object> MakeConsole(Context context) {
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
  return console;
}

}  // namespace lockstep::agent
