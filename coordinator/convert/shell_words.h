// The words of a command line, by a shell's rules of quotes, there and back.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

struct ShellCommand {
  std::vector<std::string> words;
  std::string rest;  // what follows it in the line: "| jq ." or "; exit", "" for nothing
};

// The first command of a line. Quotes, backslashes and $'...' as bash has them; nothing is
// expanded. InvalidArgument names the place of a quote that is not closed.
absl::StatusOr<ShellCommand> ParseShellCommand(absl::string_view line);

// The name of a file as people can type it: in quotes where a shell would change it, and never
// taken for a flag.
std::string ShellFile(absl::string_view path);

}  // namespace lockstep::coordinator
