#include "coordinator/cli/help.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

#include "common/base/version.h"
#include "coordinator/cli/flag_tables.h"
#include "coordinator/cli/help_pages.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kColumns = 80;
constexpr size_t kHelpColumn = 34;  // where what is said of a flag begins
constexpr char kTagline[] = "Lockstep runs k6 scripts on one machine or on many, as one test.";

constexpr char kNoBreak = '\x01';  // a space at which no line ends

// `text` cut into lines of at most `width` columns, at spaces, and at commas in words that are longer; the later
// ones are indented.
std::string Wrapped(absl::string_view text, size_t width, size_t indent) {
  std::string out;
  size_t column = 0;
  for (absl::string_view word : absl::StrSplit(text, ' ')) {
    bool first = true;
    do {
      const size_t comma = word.size() > width ? word.substr(0, width).rfind(',') : word.npos;
      const absl::string_view part = word.substr(0, comma == word.npos ? comma : comma + 1);
      word.remove_prefix(part.size());
      const bool spaced = first && column > 0;
      if (column > 0 && column + (spaced ? 1 : 0) + part.size() > width) {
        absl::StrAppend(&out, "\n", std::string(indent, ' '), part);
        column = part.size();
      } else {
        absl::StrAppend(&out, spaced ? " " : "", part);
        column += (spaced ? 1 : 0) + part.size();
      }
      first = false;
    } while (!word.empty());
  }
  std::replace(out.begin(), out.end(), kNoBreak, ' ');
  return out;
}

// "left     right", with the right side in the column and wrapped.
std::string Row(const std::string& left, absl::string_view right, size_t column) {
  if (right.empty()) {
    return absl::StrCat(left, "\n");
  }
  const std::string gap = left.size() + 2 <= column ? std::string(column - left.size(), ' ')
                                                    : absl::StrCat("\n", std::string(column, ' '));
  return absl::StrCat(left, gap, Wrapped(right, kColumns - column, column), "\n");
}

std::string MeaningOf(const Flag& flag) {
  return flag.initial.empty()
             ? flag.help
             : absl::StrCat(flag.help, " (default:", std::string(1, kNoBreak), flag.initial, ")");
}

bool IsGlobal(absl::string_view flag) {
  return std::any_of(
      std::begin(kGlobalFlags), std::end(kGlobalFlags), [flag](const FlagSpec& spec) {
        return absl::StrContains(absl::StrCat(spec.spelling, ","), absl::StrCat("--", flag, ","));
      });
}

void Add(const CommandSpec& command, const std::vector<const char*>& names, FlagGroup* group,
         std::set<const Flag*>* listed) {
  for (const char* name : names) {
    if (const Flag* const flag = command.Find(name);
        flag != nullptr && listed->insert(flag).second) {
      group->flags.push_back(flag);
    }
  }
}

// The commands below a heading, such as certs' verbs, as rows.
std::string RowsOfVerbs(const CommandSpec& heading, const std::vector<CommandSpec>& commands) {
  std::string rows;
  for (const CommandSpec& each : commands) {
    if (absl::StartsWith(each.name, absl::StrCat(heading.name, " "))) {
      absl::StrAppend(&rows, Row(absl::StrCat("  ", each.name), each.summary, 22));
    }
  }
  return rows;
}

// Text that roff does not take for its own.
std::string Roff(absl::string_view text) {
  std::string safe = absl::StrReplaceAll(text, {{"\\", "\\e"}, {"-", "\\-"}});
  return absl::StartsWith(safe, ".") || absl::StartsWith(safe, "'") ? absl::StrCat("\\&", safe)
                                                                    : safe;
}

std::string RoffOfExamples(const std::vector<HelpExample>& examples) {
  std::string text;
  for (const HelpExample& example : examples) {
    absl::StrAppend(&text, ".TP\n.B ", Roff(example.line), "\n", Roff(example.says), "\n");
  }
  return text.empty() ? text : absl::StrCat(".SH EXAMPLES\n", text);
}

std::string RoffHead(const std::string& page, absl::string_view summary, absl::string_view usage) {
  return absl::StrCat(".TH ", Roff(absl::StrReplaceAll(page, {{" ", "-"}})), " 1 \"\" \"lockstep ",
                      kVersion, "\"\n.ad l\n.SH NAME\n",
                      Roff(absl::StrReplaceAll(page, {{" ", "-"}})), " \\- ", Roff(summary),
                      "\n.SH SYNOPSIS\n.B ", Roff(usage), "\n");
}

}  // namespace

std::string UsageOf(const CommandSpec& command) {
  std::string usage = absl::StrCat("lockstep ", command.name, " [FLAGS]");
  for (const Argument& argument : command.arguments) {
    absl::StrAppend(&usage, " ", argument.required ? "" : "[", argument.name,
                    argument.required ? "" : "]");
  }
  return usage;
}

std::string SpellingOf(const Flag& flag) {
  const std::string value = flag.kind != FlagSpec::Kind::kSwitch ? absl::StrCat(" ", flag.value)
                            : flag.bare.empty()                  ? ""
                                                : absl::StrCat("[=", flag.value, "]");
  return absl::StrCat(flag.letter.empty() ? "" : absl::StrCat("-", flag.letter, ", "), "--",
                      flag.name, value);
}

std::vector<FlagGroup> GroupsOf(const CommandSpec& command, bool all) {
  std::vector<FlagGroup> groups;
  std::set<const Flag*> listed;
  for (const HelpGroup& group : HelpPageOf(command.name).groups) {
    FlagGroup shown{group.title, {}};
    Add(command, group.brief, &shown, &listed);
    if (all) {
      Add(command, group.more, &shown, &listed);
    }
    if (!shown.flags.empty()) {
      groups.push_back(std::move(shown));
    }
  }
  FlagGroup rest{"More", {}};
  for (const Flag& flag : command.flags) {
    if (all && listed.count(&flag) == 0 && !HasNoEffect(flag.name) && !IsGlobal(flag.name)) {
      rest.flags.push_back(&flag);
    }
  }
  if (!rest.flags.empty()) {
    groups.push_back(std::move(rest));
  }
  return groups;
}

std::string RootHelp(const std::vector<CommandSpec>& commands) {
  std::string text = absl::StrCat(kTagline, "\n\nUsage: lockstep COMMAND [FLAGS]\n");
  absl::string_view section;
  for (const CommandSpec& command : commands) {
    if (absl::StrContains(command.name, " ")) {
      continue;
    }
    if (section != command.section) {
      section = command.section;
      absl::StrAppend(&text, "\n", section, ":\n");
    }
    absl::StrAppend(&text, Row(absl::StrCat("  ", command.name), command.summary, 16));
  }
  return absl::StrCat(text,
                      "\n`lockstep help COMMAND` shows its flags and examples. To begin with:\n"
                      "  lockstep run script.js\n");
}

std::string CommandHelp(const CommandSpec& command, const std::vector<CommandSpec>& commands,
                        bool all) {
  const HelpPage page = HelpPageOf(command.name);
  const bool heading = IsHeading(commands, command.name);
  std::string text = absl::StrCat(
      "Usage: ",
      heading ? absl::StrCat("lockstep ", command.name, " COMMAND [FLAGS]") : UsageOf(command),
      "\n", Wrapped(absl::StrCat("To ", command.summary, ". ", page.text), kColumns, 0), "\n");
  if (heading) {
    absl::StrAppend(&text, "\nCommands:\n", RowsOfVerbs(command, commands));
  }
  if (!page.examples.empty()) {
    absl::StrAppend(&text, "\nExamples:\n");
    for (const HelpExample& example : page.examples) {
      absl::StrAppend(&text, Row(absl::StrCat("  ", example.line), example.says, 52));
    }
  }
  for (const FlagGroup& group : GroupsOf(command, all)) {
    absl::StrAppend(&text, "\n", group.title, ":\n");
    for (const Flag* flag : group.flags) {
      absl::StrAppend(&text,
                      Row(absl::StrCat(flag->letter.empty() ? "      " : "  ", SpellingOf(*flag)),
                          MeaningOf(*flag), kHelpColumn));
    }
  }
  if (!all && !heading) {
    absl::StrAppend(&text, "\nAll flags: lockstep help ", command.name, " --help-all\n");
  }
  return text;
}

std::string ManualPage(const CommandSpec* command, const std::vector<CommandSpec>& commands) {
  if (command == nullptr) {
    std::string text =
        absl::StrCat(RoffHead("lockstep", kTagline, "lockstep COMMAND [FLAGS]"), ".SH COMMANDS\n");
    for (const CommandSpec& each : commands) {
      absl::StrAppend(&text, ".TP\n.B ", Roff(each.name), "\n", Roff(each.summary), "\n");
    }
    return absl::StrCat(text, ".SH SEE ALSO\n.BR lockstep\\-run (1),\n.BR lockstep\\-agent (1)\n");
  }
  const HelpPage page = HelpPageOf(command->name);
  std::string text = absl::StrCat(
      RoffHead(absl::StrCat("lockstep ", command->name), command->summary, UsageOf(*command)),
      page.text[0] == '\0' ? "" : absl::StrCat(".SH DESCRIPTION\n", Roff(page.text), "\n"),
      RoffOfExamples(page.examples), ".SH FLAGS\n");
  for (const FlagGroup& group : GroupsOf(*command, /*all=*/true)) {
    absl::StrAppend(&text, ".SS ", Roff(group.title), "\n");
    for (const Flag* flag : group.flags) {
      absl::StrAppend(
          &text, ".TP\n.B ", Roff(SpellingOf(*flag)), "\n",
          Roff(absl::StrReplaceAll(MeaningOf(*flag), {{std::string(1, kNoBreak), " "}})), "\n");
    }
  }
  return absl::StrCat(text, ".SH SEE ALSO\n.BR lockstep (1)\n");
}

}  // namespace lockstep::coordinator
