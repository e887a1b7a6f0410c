// Files, as global functions: `open` and `require`.
#pragma once

#include <string>

#include <v8.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

// The URL of the file that `path` means in the init code: relative to the file whose top level
// runs. InvalidArgument: it has a scheme that cannot be read.
absl::StatusOr<std::string> UrlOfPath(v8::Isolate* isolate, absl::string_view path);

// `open(path, [mode])` and `require(specifier)`: in the init code only. Paths of require() are
// relative to the calling file, those of open() to the one whose top level runs.
void InstallFileAccess(v8::Local<v8::Context> context);

}  // namespace lockstep::agent
