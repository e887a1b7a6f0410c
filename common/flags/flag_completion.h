// Shell completions of a program without commands, made of its flags; and what those of a program
// with commands have in common with them. Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "common/flags/flag.h"

namespace lockstep {

// The words that a flag's value is one of, between `separator`; "": it may be anything.
std::string ChoicesOf(const Flag& flag, absl::string_view separator);
// As it may stand between single quotes; in a specification of zsh's, brackets and colons mean
// something besides.
std::string Quotable(absl::string_view text);
std::string ZshQuotable(absl::string_view text);
// One of zsh's specifications for _arguments: '--name=[help]:VALUE:_files'.
std::string ZshFlag(const Flag& flag);
// What follows the condition in fish's line of a flag: " -l name -s n -r -d 'help'".
std::string FishFlag(const Flag& flag);

// `shell`: bash, zsh or fish; InvalidArgument, naming `source`, which asked for another one.
absl::Status CheckShell(absl::string_view shell, absl::string_view source);
// A script for `shell`, which is one of them.
std::string CompletionOfFlags(absl::string_view shell, const std::string& program,
                              const std::vector<Flag>& flags);

}  // namespace lockstep
