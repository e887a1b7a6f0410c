#include "common/flags/flag_completion.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

#include "common/base/nearest.h"

namespace lockstep {
namespace {

bool TakesAValue(const Flag& flag) {
  return flag.kind != FlagSpec::Kind::kSwitch;
}

std::string Bash(const std::string& program, const std::vector<Flag>& flags) {
  std::vector<std::string> names;
  std::vector<std::string> valued;
  for (const Flag& flag : flags) {
    names.push_back(absl::StrCat("--", flag.name));
    if (TakesAValue(flag)) {
      valued.push_back(absl::StrCat("--", flag.name));
    }
  }
  const std::string function = absl::StrReplaceAll(absl::StrCat("_", program), {{"-", "_"}});
  return absl::StrCat("# bash completion of ", program, "\n", function, R"(() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  case "$before" in
    )",
                      absl::StrJoin(valued, " | "), R"( | '=') return ;;  # bash offers files
  esac
  mapfile -t COMPREPLY < <(compgen -W ')",
                      absl::StrJoin(names, " "), R"(' -- "$current")
}
complete -o default -F )",
                      function, " ", program, "\n");
}

std::string Zsh(const std::string& program, const std::vector<Flag>& flags) {
  std::string specs;
  for (const Flag& flag : flags) {
    absl::StrAppend(&specs, " \\\n    ", ZshFlag(flag));
  }
  const std::string function = absl::StrCat("_", program);
  return absl::StrCat("#compdef ", program, "\n# zsh completion of ", program, "\n", function,
                      "() {\n  _arguments", specs, "\n}\nif [[ $funcstack[1] == ", function,
                      " ]]; then ", function, " \"$@\"; else compdef ", function, " ", program,
                      "; fi\n");
}

std::string Fish(const std::string& program, const std::vector<Flag>& flags) {
  std::string text = absl::StrCat("# fish completion of ", program, "\n");
  for (const Flag& flag : flags) {
    absl::StrAppend(&text, "complete -c ", program, FishFlag(flag), "\n");
  }
  return text;
}

}  // namespace

std::string ChoicesOf(const Flag& flag, absl::string_view separator) {
  const std::vector<absl::string_view> words = absl::StrSplit(flag.value, '|');
  return words.size() > 1 && !absl::StrContains(flag.value, ":") ? absl::StrJoin(words, separator)
                                                                 : "";
}

std::string Quotable(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"'", "\u2019"}, {"`", ""}});
}

std::string ZshQuotable(absl::string_view text) {
  return absl::StrReplaceAll(Quotable(text), {{"[", "("}, {"]", ")"}, {":", "\\:"}});
}

std::string ZshFlag(const Flag& flag) {
  const std::string choices = ChoicesOf(flag, " ");
  return absl::StrCat(
      "'", flag.kind == FlagSpec::Kind::kList ? "*" : "", "--", flag.name,
      TakesAValue(flag) ? "=" : "", "[", ZshQuotable(flag.help), "]",
      TakesAValue(flag) ? absl::StrCat(":", ZshQuotable(flag.value), ":",
                                       choices.empty() ? "_files" : absl::StrCat("(", choices, ")"))
                        : "",
      "'");
}

std::string FishFlag(const Flag& flag) {
  const std::string choices = ChoicesOf(flag, " ");
  return absl::StrCat(" -l ", flag.name,
                      flag.letter.empty() ? "" : absl::StrCat(" -s ", flag.letter),
                      !TakesAValue(flag) ? ""
                      : choices.empty()  ? " -r"
                                         : absl::StrCat(" -x -a '", choices, "'"),
                      " -d '", Quotable(flag.help), "'");
}

absl::Status CheckShell(absl::string_view shell, absl::string_view source) {
  return shell == "bash" || shell == "zsh" || shell == "fish"
             ? absl::OkStatus()
             : absl::InvalidArgumentError(
                   absl::StrCat(source, ": invalid value \"", shell, "\"",
                                MeantOrAllowed(shell, {"bash", "zsh", "fish"})));
}

std::string CompletionOfFlags(absl::string_view shell, const std::string& program,
                              const std::vector<Flag>& flags) {
  return shell == "bash"  ? Bash(program, flags)
         : shell == "zsh" ? Zsh(program, flags)
                          : Fish(program, flags);
}

}  // namespace lockstep
