#include "common/flags/flag_words.h"

#include <algorithm>

#include <getopt.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "common/base/nearest.h"

namespace lockstep {
namespace {

// getopt_long returns numbers: those of flags are beyond those of letters.
constexpr int kFirstFlag = 256;
constexpr int kArgument = 1;
constexpr int kMissingValue = ':';
constexpr int kUnknown = '?';

int ArgumentOf(const Flag& flag) {
  return flag.kind == FlagSpec::Kind::kSwitch ? optional_argument : required_argument;
}

// The flags as getopt_long wants them. Borrows from them.
struct Table {
  std::string letters;
  std::map<int, const Flag*> flags = {};
  std::vector<option> names = {};

  Table(const std::vector<Flag>& specs, bool until_argument)
      : letters(until_argument ? "+:" : "-:") {
    for (const Flag& flag : specs) {
      const int number = kFirstFlag + static_cast<int>(flags.size());
      flags[number] = &flag;
      names.push_back({flag.name.c_str(), ArgumentOf(flag), nullptr, number});
      for (const std::string& alias : flag.aliases) {
        names.push_back({alias.c_str(), ArgumentOf(flag), nullptr, number});
      }
      if (!flag.letter.empty()) {
        flags[flag.letter[0]] = &flag;
        absl::StrAppend(&letters, flag.letter, ArgumentOf(flag) == required_argument ? ":" : "::");
      }
    }
    names.push_back({});
  }
};

// Whether it is a whole name: getopt_long takes the beginning of one as well, pflag does not.
bool IsWhole(absl::string_view spelling, const Flag& flag) {
  const absl::string_view name = absl::StripPrefix(spelling, "--");
  return name == flag.name ||
         std::find(flag.aliases.begin(), flag.aliases.end(), name) != flag.aliases.end();
}

}  // namespace

FlagWords ReadFlagWords(const std::vector<std::string>& words, const std::vector<Flag>& flags,
                        bool until_argument) {
  const Table table(flags, until_argument);
  std::vector<std::string> copies = words;  // getopt_long takes no constant ones
  std::string program = "lockstep";
  std::vector<char*> pointers = {program.data()};
  for (std::string& word : copies) {
    pointers.push_back(word.data());
  }
  const int count = static_cast<int>(pointers.size());
  pointers.push_back(nullptr);
  FlagWords found;
  optind = 0;  // anew, as glibc has it
  for (;;) {
    const auto at = static_cast<size_t>(std::max(optind, 1));  // of the word that is read
    char* const* const argv = pointers.data();
    const char* const letters = table.letters.c_str();
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the header says so.
    const int number = getopt_long(count, argv, letters, table.names.data(), nullptr);
    if (number == -1) {
      break;
    }
    if (number == kArgument) {
      found.arguments.emplace_back(optarg);
      continue;
    }
    const bool failed = number == kUnknown || number == kMissingValue;
    const int subject = failed ? optopt : number;
    const bool is_letter = subject > 0 && subject < kFirstFlag;
    // A byte of a letter that is not of ASCII is a negative number: the word is then named whole,
    // once.
    const absl::string_view word = words[at - 1];
    const std::string spelling =
        is_letter ? std::string({'-', static_cast<char>(subject)})
                  : std::string(subject < 0 ? word : word.substr(0, word.find('=')));
    if (subject < 0 && !found.unknown.empty() && found.unknown.back() == spelling) {
      continue;
    }
    if (number == kUnknown) {
      found.unknown.push_back(spelling);
      continue;
    }
    const Flag& flag = *table.flags.at(subject);
    if (!is_letter && !IsWhole(spelling, flag)) {
      found.unknown.push_back(spelling);
    } else if (number == kMissingValue) {
      found.without_value.emplace_back(spelling, &flag);
    } else if (is_letter && flag.kind == FlagSpec::Kind::kSwitch && optarg != nullptr &&
               *optarg != '=') {
      // More letters, and no value: -qv. They are read as a word of their own.
      found.values[flag.name].push_back({spelling, "true"});
      *--optarg = '-';
      pointers[static_cast<size_t>(--optind)] = optarg;
    } else if (optarg == nullptr) {
      found.values[flag.name].push_back({spelling, "true"});
    } else {
      const absl::string_view value = optarg;
      const bool attached = is_letter && pointers[static_cast<size_t>(optind) - 1] != optarg;
      found.values[flag.name].push_back(
          {spelling, std::string(attached ? absl::StripPrefix(value, "=") : value)});
    }
  }
  found.end = static_cast<size_t>(optind) - 1;
  for (auto rest = words.begin() + static_cast<std::ptrdiff_t>(found.end);
       !until_argument && rest != words.end(); ++rest) {
    found.arguments.push_back(*rest);  // behind --
  }
  return found;
}

namespace {

// What may be meant by "-O", where there is "-o"; otherwise "".
std::string OtherCase(absl::string_view word, const std::vector<Flag>& flags) {
  const bool is_letter = absl::ConsumePrefix(&word, "-") && !word.empty();
  for (const Flag& flag : flags) {
    if (is_letter && absl::EqualsIgnoreCase(flag.letter, word)) {
      return absl::StrCat("; did you mean \"-", flag.letter, "\"?");
    }
  }
  return "";
}

}  // namespace

std::vector<std::string> MistakesIn(const FlagWords& words, const std::vector<Flag>& flags,
                                    absl::string_view command, absl::string_view help,
                                    const FlagHint& hint) {
  std::vector<std::string> names;
  for (const Flag& flag : flags) {
    names.push_back(flag.name);
  }
  std::vector<std::string> mistakes;
  for (const std::string& flag : words.unknown) {
    absl::string_view name = flag;
    const bool whole = absl::ConsumePrefix(&name, "--");
    const std::string known = whole && hint != nullptr ? hint(name) : "";
    mistakes.push_back(absl::StrCat("unknown flag \"", flag, "\" of ", command,
                                    !known.empty() ? absl::StrCat(": ", known)
                                    : whole        ? DidYouMean(flag, names, "--")
                                                   : OtherCase(flag, flags),
                                    "; see `", help, "`"));
  }
  for (const auto& [spelling, flag] : words.without_value) {
    mistakes.push_back(absl::StrCat(spelling, ": its value is missing: expected ", flag->value));
  }
  return mistakes;
}

}  // namespace lockstep
