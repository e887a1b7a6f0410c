// The words of a command line, by a shell's rules of quotes.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

// Quotes, backslashes and $'...' as bash has them; nothing is expanded. InvalidArgument names the place of a quote that
// is not closed.
absl::StatusOr<std::vector<std::string>> SplitShellWords(absl::string_view line);

}  // namespace lockstep::coordinator
