// Completions of commands and flags for shells, as scripts that they read.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "coordinator/cli/command_table.h"

namespace lockstep::coordinator {

// InvalidArgument for a shell that is none of bash, zsh and fish.
absl::StatusOr<std::string> CompletionFor(absl::string_view shell,
                                          const std::vector<CommandSpec>& commands);

}  // namespace lockstep::coordinator
