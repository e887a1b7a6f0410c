// The text of sucrase.js, embedded by CMake.
#pragma once

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// Defines the global `sucrase`.
absl::string_view SucraseSource();

}  // namespace lockstep::agent
