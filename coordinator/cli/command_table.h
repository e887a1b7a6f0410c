// The commands that there are, with the words that each takes: what the parser, the help, the
// completions and the manual pages are made of.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "common/flags/flag.h"

namespace lockstep::coordinator {

// A word that is not a flag.
struct Argument {
  const char* name;  // "SCRIPT"
  bool required;
  const char* missing = "";  // what to say of one that is not there
};

struct CommandSpec {
  std::string name;     // "run", "certs init"
  const char* section;  // where the list of commands has it
  const char* summary;  // what it does, for that list
  std::vector<Argument> arguments;
  std::vector<Flag> flags;  // all that it accepts
  // The flag of this name, or null.
  const Flag* Find(absl::string_view flag) const;
};

// In the order of the help. One whose name is a first word of others ("certs") takes none itself.
std::vector<CommandSpec> AllCommands();
// Null if there is none.
const CommandSpec* FindCommand(const std::vector<CommandSpec>& commands, absl::string_view name);
// Whether other commands begin with this one's name: it is their heading.
bool IsHeading(const std::vector<CommandSpec>& commands, absl::string_view name);

}  // namespace lockstep::coordinator
