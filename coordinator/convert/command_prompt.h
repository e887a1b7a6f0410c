// The words of a command line, by the rules of Windows' command prompt (cmd), as browsers copy for
// it. Internal to coordinator/convert.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "coordinator/convert/shell_words.h"

namespace lockstep::coordinator {

// Whether carets escape quotes and line ends in it, as they do nowhere else.
bool IsForCommandPrompt(absl::string_view line);
// The first command of such a line. InvalidArgument if quotes are not closed.
absl::StatusOr<ShellCommand> ParsePromptCommand(absl::string_view line);

}  // namespace lockstep::coordinator
