// JavaScript exceptions that C++ throws.
#pragma once

#include <v8.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

void ThrowTypeError(v8::Isolate* isolate, absl::string_view message);
void ThrowError(v8::Isolate* isolate, absl::string_view message);
// InvalidArgument is a TypeError, OutOfRange a RangeError, anything else an Error.
void ThrowStatus(v8::Isolate* isolate, const absl::Status& status);

}  // namespace lockstep::agent
