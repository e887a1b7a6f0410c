// From the typed words to a command, its flags and its arguments. What they mean is for
// read_commands.h.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "coordinator/cli/command_table.h"

namespace lockstep::coordinator {

struct ParsedWords {
  // Borrowed from the table; null: Lockstep itself is meant.
  const CommandSpec* command = nullptr;
  enum class Help { kNone, kBrief, kAll, kManual } help = Help::kNone;
  std::map<std::string, std::vector<Setting>> values = {};  // as FlagWords has them
  std::vector<std::string> arguments = {};
  // A line for each flag that nothing is known of, with what may have been meant, or whose value is
  // missing. With any, the arguments are not what they seem to be.
  std::vector<std::string> mistakes = {};
};

// InvalidArgument: a word that is not a command, with what may have been meant; an argument that is
// missing or one too many; mistakes in flags before the command. `args` are those without the
// program's name. On one thread at a time.
absl::StatusOr<ParsedWords> ParseWords(const std::vector<std::string>& args,
                                       const std::vector<CommandSpec>& commands);

}  // namespace lockstep::coordinator
