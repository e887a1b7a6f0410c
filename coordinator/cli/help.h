// The help as text: Lockstep's own page, a command's page that fits a screen or has all flags, and
// manual pages.
#pragma once

#include <string>
#include <vector>

#include "coordinator/cli/command_table.h"

namespace lockstep::coordinator {

// "lockstep run [FLAGS] SCRIPT".
std::string UsageOf(const CommandSpec& command);
// What lockstep says without any word: the commands.
std::string RootHelp(const std::vector<CommandSpec>& commands);
// At most 80 columns; without `all`, only what most people need.
std::string CommandHelp(const CommandSpec& command, const std::vector<CommandSpec>& commands,
                        bool all);
// A page of section 1 for man(1); `command` null: Lockstep's own.
std::string ManualPage(const CommandSpec* command, const std::vector<CommandSpec>& commands);

// A group of flags, as a page has them.
struct FlagGroup {
  std::string title;
  std::vector<const Flag*> flags;
};
// What the command's page shows: no flag that would do nothing.
std::vector<FlagGroup> GroupsOf(const CommandSpec& command, bool all);

}  // namespace lockstep::coordinator
