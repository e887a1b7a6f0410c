#include "coordinator/cli/word_parser.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/nearest.h"
#include "common/base/status_macros.h"
#include "common/flags/flag_words.h"
#include "coordinator/cli/help.h"
#include "coordinator/cli/k6_words.h"

namespace lockstep::coordinator {
namespace {

using Help = ParsedWords::Help;

constexpr char kHelp[] = "help";
constexpr char kHelpAll[] = "help-all";
constexpr char kManual[] = "man";

bool IsFlag(absl::string_view word) {
  return word.size() > 1 && word[0] == '-';
}

Help HelpOf(const FlagWords& words) {
  return words.values.count(kManual) != 0    ? Help::kManual
         : words.values.count(kHelpAll) != 0 ? Help::kAll
         : words.values.count(kHelp) != 0    ? Help::kBrief
                                             : Help::kNone;
}

// The flags of `command`, and those that ask for help, which have no row in its table.
std::vector<Flag> WithHelp(const CommandSpec& command) {
  std::vector<Flag> flags = command.flags;
  flags.push_back({.name = kHelp, .letter = "h", .kind = FlagSpec::Kind::kSwitch});
  flags.push_back({.name = kHelpAll, .kind = FlagSpec::Kind::kSwitch});
  if (command.name == kHelp) {
    flags.push_back({.name = kManual, .kind = FlagSpec::Kind::kSwitch});
  }
  return flags;
}

// What a flag that `command` does not have is elsewhere.
std::string HintFor(absl::string_view flag, const std::vector<CommandSpec>& commands) {
  std::vector<std::string> owners;
  for (const CommandSpec& command : commands) {
    if (std::any_of(command.flags.begin(), command.flags.end(),
                    [flag](const Flag& each) { return each.name == flag; })) {
      owners.push_back(absl::StrCat("`", command.name, "`"));
    }
  }
  if (!owners.empty()) {
    constexpr size_t kFew = 2;
    return absl::StrCat("it is a flag of ", owners.size() <= kFew ? absl::StrJoin(owners, " and ")
                                                                  : std::string("other commands"));
  }
  return std::string(HintForFlagOfK6(flag));
}

std::vector<std::string> MistakesOf(const FlagWords& words, const std::vector<Flag>& flags,
                                    absl::string_view command,
                                    const std::vector<CommandSpec>& commands) {
  return MistakesIn(words, flags, command, absl::StrCat("lockstep help ", command),
                    [&commands](absl::string_view flag) { return HintFor(flag, commands); });
}

absl::Status UnknownCommand(const std::string& word, const std::vector<CommandSpec>& commands) {
  if (const absl::string_view hint = HintForCommandOfK6(word); !hint.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown command \"", word, "\": ", hint, "; see `lockstep --help`"));
  }
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

// Of words that no argument is left for; "" if there are none.
std::string SurplusOf(const ParsedWords& parsed) {
  const CommandSpec& command = *parsed.command;
  const std::vector<std::string>& given = parsed.arguments;
  if (given.size() > command.arguments.size()) {
    const auto of_switch = std::find_if(given.begin(), given.end(), [](const std::string& word) {
      return word == "true" || word == "false";
    });
    const bool found = of_switch != given.end();
    return absl::StrCat("unexpected word \"", found ? *of_switch : given[command.arguments.size()],
                        "\"", found ? ": a switch takes its value as in --paused=false" : "",
                        "; expected ", UsageOf(command));
  }
  return "";
}

// Where a flag has swallowed the last word, which may be the argument that is missing: that it has;
// else "".
std::string SwallowedBy(const ParsedWords& parsed, const std::string& last) {
  for (const auto& [flag, settings] : parsed.values) {
    if (!settings.empty() && settings.back().value == last) {
      return absl::StrCat(" (\"", last, "\" was taken as the value of ", settings.back().source,
                          ")");
    }
  }
  return "";
}

// `last` is the last word of the command line.
absl::Status CheckNoneIsMissing(const ParsedWords& parsed, const std::string& last) {
  const CommandSpec& command = *parsed.command;
  const std::vector<std::string>& given = parsed.arguments;
  if (given.size() < command.arguments.size() && command.arguments[given.size()].required) {
    return absl::InvalidArgumentError(absl::StrCat(command.arguments[given.size()].missing,
                                                   SwallowedBy(parsed, last), "; expected ",
                                                   UsageOf(command)));
  }
  return absl::OkStatus();
}

// `help [COMMAND [VERB]]`: the help of that command, or of Lockstep.
absl::StatusOr<ParsedWords> HelpAbout(const ParsedWords& words,
                                      const std::vector<CommandSpec>& commands) {
  ParsedWords parsed{.help = words.help == Help::kNone ? Help::kBrief : words.help};
  if (!words.arguments.empty()) {
    const std::string& first = words.arguments.front();
    const bool heading = IsHeading(commands, first);
    const std::string name = heading ? absl::StrJoin(words.arguments, " ") : first;
    parsed.command = FindCommand(commands, name);
    if (parsed.command == nullptr) {
      return UnknownCommand(name, commands);
    }
    if (!heading && words.arguments.size() > 1) {
      return absl::InvalidArgumentError(absl::StrCat("unexpected word \"", words.arguments[1],
                                                     "\"; ", first, " is a command of one word"));
    }
  }
  return parsed;
}

}  // namespace

absl::StatusOr<ParsedWords> ParseWords(const std::vector<std::string>& args,
                                       const std::vector<CommandSpec>& commands) {
  // Before the command stand only flags that every command takes.
  const CommandSpec& help = *FindCommand(commands, kHelp);
  const std::vector<Flag> common_flags = WithHelp(help);
  const FlagWords before = ReadFlagWords(args, common_flags, /*until_argument=*/true);
  if (!before.unknown.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown flag \"", before.unknown.front(),
                     "\" before a command; flags of a command come after it, as in `lockstep run "
                     "--vus 2 SCRIPT`"));
  }
  if (const std::vector<std::string> mistakes = MistakesOf(before, common_flags, kHelp, commands);
      !mistakes.empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(mistakes, "\n"));
  }
  if (before.end == args.size()) {
    return args.empty() || HelpOf(before) != Help::kNone
               ? absl::StatusOr<ParsedWords>(ParsedWords{.help = Help::kBrief})
               : absl::InvalidArgumentError("a command is missing; see `lockstep --help`");
  }
  size_t next = before.end;
  std::string name = args[next++];
  if (IsHeading(commands, name) && next < args.size() && args[next] == kHelp) {
    std::vector<std::string> asked(args.begin() + static_cast<ptrdiff_t>(next), args.end());
    asked.insert(asked.begin() + 1, name);  // `certs help agent` is `help certs agent`
    return ParseWords(asked, commands);
  }
  if (IsHeading(commands, name) && next < args.size() && !IsFlag(args[next])) {
    absl::StrAppend(&name, " ", args[next++]);
  }
  const CommandSpec* const command = FindCommand(commands, name);
  if (command == nullptr) {
    return UnknownCommand(name, commands);
  }
  std::vector<std::string> words(args.begin(),
                                 args.begin() + static_cast<std::ptrdiff_t>(before.end));
  words.insert(words.end(), args.begin() + static_cast<std::ptrdiff_t>(next), args.end());
  const std::vector<Flag> flags = WithHelp(*command);
  FlagWords read = ReadFlagWords(words, flags);
  std::vector<std::string> mistakes = MistakesOf(read, flags, command->name, commands);
  ParsedWords parsed{.command = command,
                     .help = HelpOf(read),
                     .values = std::move(read.values),
                     .arguments = std::move(read.arguments),
                     .mistakes = std::move(mistakes)};
  if (!parsed.mistakes.empty()) {
    return parsed;
  }
  if (command == &help) {
    return HelpAbout(parsed, commands);
  }
  if (parsed.help == Help::kNone && IsHeading(commands, name)) {
    parsed.help = Help::kBrief;
  }
  if (parsed.help == Help::kNone) {
    LOCKSTEP_RETURN_IF_ERROR(CheckNoneIsMissing(parsed, args.back()));
    if (std::string surplus = SurplusOf(parsed); !surplus.empty()) {
      parsed.mistakes.push_back(std::move(surplus));
    }
  }
  return parsed;
}

}  // namespace lockstep::coordinator
