// Strings and bytes between V8 and C++.
#pragma once

#include <optional>
#include <string>

#include <v8.h>

#include "absl/strings/string_view.h"

#include "agent/js/bind/names.h"

namespace lockstep::agent {

// The longest UTF-8 that becomes a string, whatever is in it.
inline constexpr int64_t kMostTextBytes = v8::String::kMaxLength;

// A string; one byte a character where `text` is ASCII. Invalid UTF-8 becomes U+FFFD; what is
// longer than V8's limit, an empty string: whoever may have so much looks at kMostTextBytes first.
v8::Local<v8::String> JsText(v8::Isolate* isolate, absl::string_view text);
// The same for names of properties.
v8::Local<v8::String> JsName(v8::Isolate* isolate, absl::string_view text);
inline v8::Local<v8::Number> JsNumber(Context context, double number) {
  return v8::Number::New(context->GetIsolate(), number);
}
// An ArrayBuffer with a copy of `bytes`.
v8::Local<v8::ArrayBuffer> JsBytes(v8::Isolate* isolate, absl::string_view bytes);

// The UTF-8 of a string.
std::string TextOf(v8::Isolate* isolate, v8::Local<v8::String> text);
// "" of what is not a string.
std::string TextIfString(v8::Isolate* isolate, v8::Local<v8::Value> value);
// What `String(value)` says.
bool ToText(Context context, v8::Local<v8::Value> value, std::string* text);
// A wrong value, as an error shows it: a text of reasonable length in quotes, a number, true, null;
// of anything else what it is, "object", "function". Calls nothing of the script's.
std::string Shown(Context context, v8::Local<v8::Value> value);
// The bytes of an ArrayBuffer or a view on one; nothing for other values.
std::optional<std::string> BytesOf(v8::Local<v8::Value> value);
// The bytes of a string (UTF-8), ArrayBuffer or view. False without a pending exception for other
// values.
bool BytesOrText(v8::Isolate* isolate, v8::Local<v8::Value> value, std::string* bytes);

}  // namespace lockstep::agent
