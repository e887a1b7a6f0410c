#include "coordinator/cli/word_parser.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

#include "common/base/nearest.h"
#include "common/base/status_macros.h"
#include "coordinator/cli/help.h"

namespace lockstep::coordinator {
namespace {

using Help = ParsedWords::Help;

bool IsFlag(absl::string_view word) {
  return word.size() > 1 && word[0] == '-';
}

// What a word asks of the help; kNone: it is another word.
Help HelpOf(absl::string_view word) {
  if (word == "--help" || word == "-h") {
    return Help::kBrief;
  }
  return word == "--help-all" ? Help::kAll : Help::kNone;
}

absl::Status UnknownFlag(absl::string_view flag, const CommandSpec& command) {
  std::vector<std::string> names;
  for (const Flag& each : command.flags) {
    names.push_back(absl::StrCat("--", each.name));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown flag \"", flag, "\" of ", command.name,
                   absl::StartsWith(flag, "--") ? DidYouMean(flag, names) : "",
                   "; see `lockstep help ", command.name, "`"));
}

absl::Status UnknownCommand(const std::string& word, const std::vector<CommandSpec>& commands) {
  // Those of a heading, if it was given, else those of one word.
  const size_t space = word.find(' ');
  const std::string heading = space == std::string::npos ? "" : word.substr(0, space + 1);
  std::vector<std::string> names;
  for (const CommandSpec& command : commands) {
    if (absl::StartsWith(command.name, heading) &&
        (!heading.empty() || !absl::StrContains(command.name, " "))) {
      names.push_back(command.name.substr(heading.size()));
    }
  }
  const std::string meant = DidYouMean(word.substr(heading.size()), names);
  absl::string_view hint;
  if (absl::EndsWith(word, ".js") || absl::EndsWith(word, ".ts")) {
    hint = ". To run a script: lockstep run SCRIPT";
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown command \"", word, "\"", meant, meant.empty() ? "; there are " : " There are ",
      absl::StrJoin(names, ", "), hint, "; see `lockstep --help`"));
}

// Reads the words of one command.
class WordReader {
 public:
  WordReader(const CommandSpec& command, ParsedWords* parsed)
      : command_(command), parsed_(*parsed) {}

  absl::Status Read(const std::vector<std::string>& words) {
    bool flags = true;
    for (size_t i = 0; i < words.size(); ++i) {
      const std::string& word = words[i];
      const Help help = flags ? HelpOf(word) : Help::kNone;
      if (help != Help::kNone) {
        parsed_.help = help;
      } else if (flags && word == "--") {
        flags = false;
      } else if (!flags || !IsFlag(word)) {
        parsed_.arguments.push_back(word);
      } else {
        bool taken = false;  // the next word is its value
        const std::string* const next = i + 1 < words.size() ? &words[i + 1] : nullptr;
        LOCKSTEP_RETURN_IF_ERROR(absl::StartsWith(word, "--") ? Long(word, next, &taken)
                                                              : Letters(word, next, &taken));
        i += taken ? 1 : 0;
      }
    }
    return absl::OkStatus();
  }

 private:
  void Give(const Flag& flag, std::string value) {
    parsed_.values[flag.name].push_back(std::move(value));
  }
  static absl::Status NoValue(absl::string_view spelling, const Flag& flag) {
    return absl::InvalidArgumentError(
        absl::StrCat(spelling, ": its value is missing: expected ", flag.value));
  }
  absl::Status Long(const std::string& word, const std::string* next, bool* taken) {
    const size_t equals = word.find('=');
    const std::string spelling = word.substr(0, equals);
    const Flag* const flag = command_.Find(absl::StripPrefix(spelling, "--"));
    if (flag == nullptr) {
      return UnknownFlag(spelling, command_);
    }
    if (equals != std::string::npos) {
      Give(*flag, word.substr(equals + 1));
    } else if (flag->kind == FlagSpec::Kind::kSwitch) {
      Give(*flag, "true");
    } else if (next == nullptr) {
      return NoValue(spelling, *flag);
    } else {
      *taken = true;
      Give(*flag, *next);
    }
    return absl::OkStatus();
  }
  absl::Status Letters(const std::string& word, const std::string* next, bool* taken) {
    for (size_t i = 1; i < word.size(); ++i) {
      const Flag* const flag = command_.FindLetter(word[i]);
      const std::string spelling = absl::StrCat("-", word.substr(i, 1));
      if (flag == nullptr) {
        return UnknownFlag(spelling, command_);
      }
      const std::string rest = word.substr(i + 1);
      if (absl::StartsWith(rest, "=")) {
        Give(*flag, rest.substr(1));
        return absl::OkStatus();
      }
      if (flag->kind == FlagSpec::Kind::kSwitch) {
        Give(*flag, "true");
        continue;
      }
      if (rest.empty() && next == nullptr) {
        return NoValue(spelling, *flag);
      }
      *taken = rest.empty();
      Give(*flag, rest.empty() ? *next : rest);
      return absl::OkStatus();
    }
    return absl::OkStatus();
  }

  const CommandSpec& command_;
  ParsedWords& parsed_;
};

absl::Status CheckArguments(const ParsedWords& parsed) {
  const CommandSpec& command = *parsed.command;
  const std::vector<std::string>& given = parsed.arguments;
  if (given.size() > command.arguments.size()) {
    const std::string& word = given[command.arguments.size()];
    return absl::InvalidArgumentError(absl::StrCat(
        "unexpected word \"", word, "\"",
        word == "true" || word == "false" ? ": a switch takes its value as in --paused=false" : "",
        "; expected ", UsageOf(command)));
  }
  if (given.size() < command.arguments.size() && command.arguments[given.size()].required) {
    return absl::InvalidArgumentError(
        absl::StrCat(command.arguments[given.size()].missing, "; expected ", UsageOf(command)));
  }
  return absl::OkStatus();
}

// `help [COMMAND [VERB]]`, with --help-all and --man.
absl::StatusOr<ParsedWords> ParseHelp(const std::vector<std::string>& words,
                                      const std::vector<CommandSpec>& commands) {
  ParsedWords parsed{.help = Help::kBrief};
  std::vector<std::string> name;
  for (const std::string& word : words) {
    if (word == "--man") {
      parsed.help = Help::kManual;
    } else if (HelpOf(word) == Help::kAll) {
      parsed.help = Help::kAll;
    } else if (IsFlag(word) && HelpOf(word) == Help::kNone) {
      return absl::InvalidArgumentError(absl::StrCat(
          "unknown flag \"", word, "\" of help", MeantOrAllowed(word, {"--help-all", "--man"})));
    } else if (!IsFlag(word)) {
      name.push_back(word);
    }
  }
  if (!name.empty()) {
    parsed.command = FindCommand(commands, absl::StrJoin(name, " "));
    if (parsed.command == nullptr) {
      return UnknownCommand(absl::StrJoin(name, " "), commands);
    }
  }
  return parsed;
}

// Where the command stands in `args`: the flags before it are those that every command takes. The
// number of words if there is none.
absl::StatusOr<size_t> PlaceOfCommand(const std::vector<std::string>& args,
                                      const CommandSpec& any_command) {
  size_t at = 0;
  while (at < args.size() && IsFlag(args[at])) {
    if (HelpOf(args[at]) == Help::kNone) {
      ParsedWords probe;
      if (!WordReader(any_command, &probe).Read({args[at], ""}).ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("unknown flag \"", args[at],
                         "\" before a command; flags of a command come after it, as in `lockstep "
                         "run --vus 2 SCRIPT`"));
      }
      at += probe.arguments.empty() ? 1 : 0;  // the empty word was its value
    }
    ++at;
  }
  return std::min(at, args.size());
}

}  // namespace

absl::StatusOr<ParsedWords> ParseWords(const std::vector<std::string>& args,
                                       const std::vector<CommandSpec>& commands) {
  const CommandSpec& any_command = *FindCommand(commands, "help");
  LOCKSTEP_ASSIGN_OR_RETURN(const size_t at, PlaceOfCommand(args, any_command));
  std::vector<std::string> words(args.begin(), args.begin() + static_cast<std::ptrdiff_t>(at));
  if (at == args.size()) {
    const bool asked =
        args.empty() || std::any_of(args.begin(), args.end(), [](const std::string& word) {
          return HelpOf(word) != Help::kNone;
        });
    return asked ? absl::StatusOr<ParsedWords>(ParsedWords{.help = Help::kBrief})
                 : absl::InvalidArgumentError("a command is missing; see `lockstep --help`");
  }
  std::string name = args[at];
  size_t next = at + 1;
  if (name == "help") {
    words.insert(words.end(), args.begin() + static_cast<std::ptrdiff_t>(next), args.end());
    return ParseHelp(words, commands);
  }
  if (IsHeading(commands, name) && next < args.size() && !IsFlag(args[next])) {
    absl::StrAppend(&name, " ", args[next++]);
  }
  ParsedWords parsed{.command = FindCommand(commands, name)};
  if (parsed.command == nullptr) {
    return UnknownCommand(name, commands);
  }
  words.insert(words.end(), args.begin() + static_cast<std::ptrdiff_t>(next), args.end());
  LOCKSTEP_RETURN_IF_ERROR(WordReader(*parsed.command, &parsed).Read(words));
  if (parsed.help == Help::kNone && IsHeading(commands, name)) {
    parsed.help = Help::kBrief;
  }
  if (parsed.help == Help::kNone) {
    LOCKSTEP_RETURN_IF_ERROR(CheckArguments(parsed));
  }
  return parsed;
}

}  // namespace lockstep::coordinator
