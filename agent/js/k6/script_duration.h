// Durations as scripts give them.
#pragma once

#include <v8.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace lockstep::agent {

// A duration of the API: a number of milliseconds, or a string with units. InvalidArgument names
// `key`; Cancelled with a pending exception.
absl::StatusOr<absl::Duration> DurationOf(v8::Local<v8::Context> context, absl::string_view key,
                                          v8::Local<v8::Value> value);

}  // namespace lockstep::agent
