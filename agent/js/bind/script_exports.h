// Modules whose larger part is a script of the program: the script gets the native functions that it
// stands on, and gives back what the module exports.
#pragma once

#include <initializer_list>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "v8.h"

namespace lockstep::agent {

using NativeFunctions = std::initializer_list<std::pair<const char*, v8::FunctionCallback>>;

// An object with these functions, each of which is called with `data`.
v8::Local<v8::Object> NativeObject(v8::Local<v8::Context> context, NativeFunctions functions,
                                   v8::Local<v8::Value> data);

// What `source`, a function expression, returns when it is called with `arguments`. Empty: an exception
// is pending.
v8::MaybeLocal<v8::Value> ResultOf(v8::Local<v8::Context> context, absl::string_view source,
                                   std::vector<v8::Local<v8::Value>> arguments);

// Sets `name` of `native` to what `source` returns when it is called with it: a part that later sources find there. Nothing is
// set where an exception is pending.
void AddPart(v8::Local<v8::Context> context, v8::Local<v8::Object> native, const char* name,
             absl::string_view source);

// What a script returns that returns an object. An empty object where V8 ended it (out of memory,
// interrupted).
v8::Local<v8::Object> ExportsOf(v8::Local<v8::Context> context, absl::string_view source,
                                v8::Local<v8::Object> native);

}  // namespace lockstep::agent
