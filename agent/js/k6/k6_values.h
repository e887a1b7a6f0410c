// How k6's API takes values that are not what it wants: scripts compare its texts, and tags hold
// them.
#pragma once

#include <string>

#include <v8.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

// The name of all objects that have no other.
inline constexpr char kObjectType[] = "map[string]interface {}";

// What k6 calls the type of a value in its messages: "int64", "[]interface {}", "<nil>".
std::string K6TypeName(v8::Local<v8::Value> value);

// The bytes of what k6 takes as data: a string (UTF-8), an ArrayBuffer or a Uint8Array.
// InvalidArgument, in k6's words, for anything else; other views have elements whose order of bytes
// k6 does not want to guess.
absl::Status K6Bytes(v8::Isolate* isolate, v8::Local<v8::Value> value, std::string* bytes);

// What k6 says of a value that is not a duration: `time: invalid duration "abc"`. `text` is what
// `value` shows itself as.
std::string K6DurationFault(v8::Local<v8::Value> value, absl::string_view text);

}  // namespace lockstep::agent
