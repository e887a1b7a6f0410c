// What happens to the typed words before CLI11 reads them: `--flag=` becomes an empty value, which
// CLI11 would take for no value, and `help` and words that are not a command get their answer.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lockstep::coordinator {

// The value of a switch that was typed as `--switch=`. Nobody types it.
inline constexpr char kEmptyValue[] = "\x01";

// `--flag=` becomes `--flag` and an empty word, or `--flag=` and kEmptyValue if `switches` (long
// names without dashes) has it: a switch takes no word of its own. Words after `--` stay.
std::vector<std::string> KeepEmptyValues(const std::vector<std::string>& words,
                                         const std::set<std::string>& switches);

// `help a b` becomes `a b --help`; all else stays.
std::vector<std::string> HelpAsFlag(std::vector<std::string> words);

// What is wrong with `word` in place of a command: names it and the existing `commands`.
std::string UnknownCommand(absl::string_view word, const std::vector<std::string>& commands);

}  // namespace lockstep::coordinator
