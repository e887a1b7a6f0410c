// The scripts that `lockstep new` writes, embedded by CMake.
#pragma once

#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

// coordinator/convert/templates/minimal.js and full.js.
absl::string_view MinimalTemplate();
absl::string_view FullTemplate();

}  // namespace lockstep::coordinator
