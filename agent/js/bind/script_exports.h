// Modules whose larger part is a script of the program (embedded_scripts.h): the script gets the
// native functions that it stands on, and gives back what the module exports. `path` names the
// script; where a function returns nothing, an exception is pending.
#pragma once

#include <initializer_list>
#include <utility>
#include <vector>

#include <v8.h>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

#include "agent/js/bind/names.h"

namespace lockstep::agent {

using NativeFunctions = std::initializer_list<std::pair<const char*, v8::FunctionCallback>>;

// An object with these functions, each of which is called with `data`.
v8::Local<v8::Object> NativeObject(Context context, NativeFunctions functions,
                                   v8::Local<v8::Value> data);

// What the script evaluates to.
v8::MaybeLocal<v8::Value> Evaluated(Context context, absl::string_view path);

// What the script, a function expression, returns when it is called with `arguments`.
v8::MaybeLocal<v8::Value> ResultOf(Context context, absl::string_view path,
                                   std::vector<v8::Local<v8::Value>> arguments);

// Sets `name` of `native` to what the script returns when it is called with it: a part that later
// scripts find there.
void AddPart(Context context, v8::Local<v8::Object> native, const char* name,
             absl::string_view path);

// What a script returns that returns an object. An empty object where V8 ended it (out of memory,
// interrupted).
v8::Local<v8::Object> ExportsOf(Context context, absl::string_view path,
                                v8::Local<v8::Object> native);

// The object that `make` makes, once in a context; `name` is its own there.
v8::MaybeLocal<v8::Object> MadeOnce(Context context, absl::string_view name,
                                    absl::FunctionRef<v8::MaybeLocal<v8::Value>()> make);

}  // namespace lockstep::agent
