// Scripts that are part of the program, embedded by CMake (CMakeLists.txt beside this). Each says
// in its first lines what it evaluates to.
#pragma once

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// The text of a script, by its path below agent/js: "k6/grpc.js". There must be one.
absl::string_view EmbeddedScript(absl::string_view path);
// What vendor/swc.js runs on: a module of WebAssembly, compressed with Brotli.
absl::string_view SwcWasmBrotli();

}  // namespace lockstep::agent
