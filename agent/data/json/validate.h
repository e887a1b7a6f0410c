// Whether a text is JSON (RFC 8259). Pure.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

// InvalidArgument with what is wrong and where: `line 1, character 3: unexpected ...`. Nesting
// deeper than 10000 is an error, too.
absl::Status ValidateJson(absl::string_view text);

}  // namespace lockstep::agent
