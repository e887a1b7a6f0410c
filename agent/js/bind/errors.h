// JavaScript exceptions that C++ throws.
#pragma once

#include <v8.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

void ThrowTypeError(v8::Isolate* isolate, absl::string_view message);
void ThrowError(v8::Isolate* isolate, absl::string_view message);
// Of a status that is not OK. Cancelled says that an exception is pending already: nothing else is
// thrown then. InvalidArgument is a TypeError, OutOfRange a RangeError, anything else an Error.
// `what` is the call that failed, "io()";
// empty: the message says it.
void ThrowStatus(v8::Isolate* isolate, const absl::Status& status, absl::string_view what = "");
// The same, always as an Error.
void ThrowErrorOf(v8::Isolate* isolate, const absl::Status& status);

}  // namespace lockstep::agent
