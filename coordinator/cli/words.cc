#include "coordinator/cli/words.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace lockstep::coordinator {

std::vector<std::string> KeepEmptyValues(const std::vector<std::string>& words,
                                         const std::set<std::string>& switches) {
  std::vector<std::string> kept;
  bool flags = true;
  for (const std::string& word : words) {
    flags = flags && word != "--";
    const bool empty = flags && word.size() > 3 && absl::StartsWith(word, "--") &&
                       word.find('=') == word.size() - 1;
    if (!empty) {
      kept.push_back(word);
    } else if (switches.contains(word.substr(2, word.size() - 3))) {
      kept.push_back(word + kEmptyValue);
    } else {
      kept.push_back(word.substr(0, word.size() - 1));
      kept.emplace_back();
    }
  }
  return kept;
}

std::vector<std::string> HelpAsFlag(std::vector<std::string> words) {
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  return words;
}

std::string UnknownCommand(absl::string_view word, const std::vector<std::string>& commands) {
  absl::string_view hint;
  if (word == "archive") {
    hint = ". Archives are not built: run scripts from their folder";
  } else if (word == "new") {
    hint = ". Scripts are not made: write one as for k6";
  } else if (absl::EndsWith(word, ".js") || absl::EndsWith(word, ".ts")) {
    hint = ". To run a script: lockstep run SCRIPT";
  }
  return absl::StrCat("unknown command \"", word, "\"; there are ", absl::StrJoin(commands, ", "),
                      hint, "; see `lockstep --help`");
}

}  // namespace lockstep::coordinator
