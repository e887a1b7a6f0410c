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
// `what` is the call that failed, "io()"; empty: the message says it.
void ThrowStatus(v8::Isolate* isolate, const absl::Status& status, absl::string_view what = "");
// The same, always as an Error.
void ThrowErrorOf(v8::Isolate* isolate, const absl::Status& status);

// Passes on what `caught` has caught, if anything, to whoever is around it; the caller returns at
// once. The termination of a script goes on by itself: thrown again it would be a null, which the
// script could catch.
void PassOn(v8::TryCatch& caught);

}  // namespace lockstep::agent
