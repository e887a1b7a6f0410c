// Which flags the words of a command line hold. glibc's getopt_long reads them, which has the rules
// that k6's users know (those of pflag): --flag VALUE, --flag=VALUE, -fVALUE, several letters of
// switches in one word, flags anywhere among the arguments, and none after --.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "common/flags/flag.h"

namespace lockstep {

struct FlagWords {
  // flag -> what was given, each as the flag was spelt; switches: "true"
  std::map<std::string, std::vector<Setting>> values = {};
  std::vector<std::string> arguments = {};  // the words that are not flags
  std::vector<std::string> unknown = {};    // as they were spelt
  // As they were spelt, and what each wants. A last word only.
  std::vector<std::pair<std::string, const Flag*>> without_value = {};
  size_t end = 0;  // how many words were read: fewer than there are only with `until_argument`
};

// Reads `words`, all of them or until the first that is not a flag. The result borrows from
// `flags`. On one thread at a time.
FlagWords ReadFlagWords(const std::vector<std::string>& words, const std::vector<Flag>& flags,
                        bool until_argument = false);

// What is known of a flag that the command does not have, without its dashes; "": nothing.
using FlagHint = std::function<std::string(absl::string_view flag)>;

// What is wrong with the flags, a line a mistake: those that nothing is known of, with what `hint`
// says or else what may have been meant, and values that are missing. `command`: whose they are;
// `help`: what to type to read about it.
std::vector<std::string> MistakesIn(const FlagWords& words, const std::vector<Flag>& flags,
                                    absl::string_view command, absl::string_view help,
                                    const FlagHint& hint = nullptr);

}  // namespace lockstep
