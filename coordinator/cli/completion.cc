#include "coordinator/cli/completion.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "common/base/status_macros.h"
#include "common/flags/flag_completion.h"
#include "coordinator/cli/help.h"

namespace lockstep::coordinator {
namespace {

bool IsVerb(const CommandSpec& command) {
  return absl::StrContains(command.name, " ");
}

// The commands of one word, or the verbs of `heading`.
std::vector<const CommandSpec*> Below(absl::string_view heading,
                                      const std::vector<CommandSpec>& commands) {
  std::vector<const CommandSpec*> below;
  for (const CommandSpec& command : commands) {
    if (heading.empty() ? !IsVerb(command)
                        : absl::StartsWith(command.name, absl::StrCat(heading, " "))) {
      below.push_back(&command);
    }
  }
  return below;
}

std::string LastWord(const CommandSpec& command) {
  return command.name.substr(command.name.rfind(' ') + 1);
}

std::string Words(absl::string_view heading, const std::vector<CommandSpec>& commands) {
  return absl::StrJoin(Below(heading, commands), " ",
                       [](std::string* out, const CommandSpec* command) {
                         absl::StrAppend(out, LastWord(*command));
                       });
}

std::vector<const Flag*> ShownFlags(const CommandSpec& command) {
  std::vector<const Flag*> flags;
  for (const FlagGroup& group : GroupsOf(command, /*all=*/true)) {
    flags.insert(flags.end(), group.flags.begin(), group.flags.end());
  }
  return flags;
}

std::string FlagsOf(const CommandSpec& command) {
  std::vector<std::string> words;
  for (const Flag* flag : ShownFlags(command)) {
    words.push_back(absl::StrCat("--", flag->name));
  }
  words.emplace_back("--help");
  return absl::StrJoin(words, " ");
}

// The flags that want a value, as `--name:a,b`.
std::string ValuesOf(const CommandSpec& command) {
  std::vector<std::string> values;
  for (const Flag* flag : ShownFlags(command)) {
    if (flag->kind == FlagSpec::Kind::kSwitch) {
      continue;
    }
    const std::string choices = ChoicesOf(*flag, ",");
    values.push_back(absl::StrCat("--", flag->name, ":", choices));
    if (!flag->letter.empty()) {
      values.push_back(absl::StrCat("-", flag->letter, ":", choices));
    }
  }
  return absl::StrJoin(values, " ");
}

// Verbs, or what a command's only argument can be; "": files.
std::string WordsAfter(const CommandSpec& command, const std::vector<CommandSpec>& commands) {
  if (command.name == "completion") {
    return "bash zsh fish";
  }
  if (command.name == "help") {
    return Words("", commands);
  }
  return IsHeading(commands, command.name) ? Words(command.name, commands) : "";
}

std::string Bash(const std::vector<CommandSpec>& commands) {
  std::string cases;
  for (const CommandSpec& command : commands) {
    absl::StrAppend(&cases, "    '", command.name, "')\n      words='",
                    WordsAfter(command, commands), "' flags='", FlagsOf(command),
                    "'\n      values='", ValuesOf(command), "' ;;\n");
  }
  return absl::StrCat(R"(# bash completion of lockstep; read by: source <(lockstep completion bash)
_lockstep() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command='' words='' flags='' values='' word
  if [[ $before == '=' ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi  # bash parts --flag=value at the sign
  if [[ $current == '=' ]]; then current=''; fi
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "${command:+$command }$word" in
)",
                      "      ",
                      absl::StrJoin(commands, " | ",
                                    [](std::string* out, const CommandSpec& command) {
                                      absl::StrAppend(out, "'", command.name, "'");
                                    }),
                      R"() command="${command:+$command }$word" ;;
    esac
  done
  case "$command" in
    '') words=')",
                      Words("", commands), "' flags='--help --version' ;;\n", cases, R"(  esac
  COMPREPLY=()
  for word in $values; do
    if [[ ${word%%:*} == "$before" ]]; then
      words=${word#*:}
      if [[ -n $words ]]; then mapfile -t COMPREPLY < <(compgen -W "${words//,/ }" -- "$current"); fi
      return  # without any, bash offers files
    fi
  done
  if [[ $current == -* ]]; then words=$flags; fi
  if [[ -n $words ]]; then mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current"); fi
}
complete -o default -F _lockstep lockstep
)");
}

std::string ZshFlags(const CommandSpec& command) {
  std::string text;
  for (const Flag* flag : ShownFlags(command)) {
    absl::StrAppend(&text, "      ", ZshFlag(*flag), " \\\n");
  }
  return text;
}

std::string ZshList(absl::string_view heading, const std::vector<CommandSpec>& commands) {
  std::string text;
  for (const CommandSpec* command : Below(heading, commands)) {
    absl::StrAppend(&text, "      '", LastWord(*command), ":", ZshQuotable(command->summary),
                    "'\n");
  }
  return text;
}

std::string Zsh(const std::vector<CommandSpec>& commands) {
  std::string cases;
  for (const CommandSpec& command : commands) {
    if (!IsHeading(commands, command.name)) {
      const std::string words = WordsAfter(command, commands);
      absl::StrAppend(
          &cases, "    '", command.name, "') _arguments \\\n", ZshFlags(command),
          "      '*:argument:", words.empty() ? "_files" : absl::StrCat("(", words, ")"), "' ;;\n");
    }
  }
  return absl::StrCat(R"(#compdef lockstep
# zsh completion of lockstep
_lockstep() {
  local -a choices
  local command=$words[2]
  if (( CURRENT == 2 )); then
    choices=(
)",
                      ZshList("", commands), R"(    )
    _describe command choices
    return
  fi
  if [[ $command == certs ]]; then
    if (( CURRENT == 3 )); then
      choices=(
)",
                      ZshList("certs", commands), R"(      )
      _describe command choices
      return
    fi
    command="certs $words[3]"
    shift words
    (( CURRENT-- ))
  fi
  shift words
  (( CURRENT-- ))
  case $command in
)",
                      cases, R"(  esac
}
if [[ $funcstack[1] == _lockstep ]]; then _lockstep "$@"; else compdef _lockstep lockstep; fi
)");
}

// The condition under which fish offers what belongs to `command`.
std::string FishCondition(const CommandSpec& command) {
  std::vector<std::string> seen;
  for (absl::string_view word : absl::StrSplit(command.name, ' ')) {
    seen.push_back(absl::StrCat("__fish_seen_subcommand_from ", word));
  }
  return absl::StrJoin(seen, "; and ");
}

std::string Fish(const std::vector<CommandSpec>& commands) {
  std::string text = "# fish completion of lockstep\n";
  for (const CommandSpec& command : commands) {
    const std::string heading = IsVerb(command)
                                    ? absl::StrCat("__fish_seen_subcommand_from ",
                                                   command.name.substr(0, command.name.find(' ')))
                                    : "__fish_use_subcommand";
    absl::StrAppend(&text, "complete -c lockstep -f -n '", heading, "' -a ", LastWord(command),
                    " -d '", Quotable(command.summary), "'\n");
    if (const std::string words = WordsAfter(command, commands);
        !words.empty() && !IsHeading(commands, command.name)) {
      absl::StrAppend(&text, "complete -c lockstep -f -n '", FishCondition(command), "' -a '",
                      words, "'\n");
    }
    for (const Flag* flag : ShownFlags(command)) {
      absl::StrAppend(&text, "complete -c lockstep -n '", FishCondition(command), "'",
                      FishFlag(*flag), "\n");
    }
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> CompletionFor(absl::string_view shell,
                                          const std::vector<CommandSpec>& commands) {
  LOCKSTEP_RETURN_IF_ERROR(CheckShell(shell, "completion"));
  return shell == "bash" ? Bash(commands) : shell == "zsh" ? Zsh(commands) : Fish(commands);
}

}  // namespace lockstep::coordinator
