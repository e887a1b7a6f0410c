// Promises that are settled from the start, of functions that are asynchronous for scripts and have
// nothing to wait for; and errors to reject promises with.
#pragma once

#include <v8.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "agent/js/bind/names.h"

namespace lockstep::agent {

// They cannot fail unless the script is being ended.
v8::MaybeLocal<v8::Promise> Resolved(Context context, v8::Local<v8::Value> value);
v8::MaybeLocal<v8::Promise> Rejected(Context context, v8::Local<v8::Value> error);
// Both return the promise to the function's caller.
void ReturnResolved(const Info& info, v8::Local<v8::Value> value);
void ReturnRejected(const Info& info, v8::Local<v8::Value> error);

// A TypeError, RangeError or Error if `name` says so; otherwise an Error with this name.
v8::Local<v8::Object> MakeError(v8::Isolate* isolate, absl::string_view name,
                                absl::string_view message);
// What ThrowStatus (errors.h) would throw.
v8::Local<v8::Object> MakeError(v8::Isolate* isolate, const absl::Status& status);

}  // namespace lockstep::agent
