#include "coordinator/cli/help.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "common/base/version.h"
#include "common/flags/flag_help.h"
#include "coordinator/cli/flag_tables.h"
#include "coordinator/cli/help_pages.h"
#include "coordinator/cli/variables.h"

namespace lockstep::coordinator {
namespace {

constexpr char kTagline[] = "Lockstep runs k6 scripts on one machine or on many, as one test.";

// "show what is" as a sentence: "Show what is."
std::string Sentence(std::string summary) {
  summary.front() = absl::ascii_toupper(static_cast<unsigned char>(summary.front()));
  return summary + ".";
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
      absl::StrAppend(&rows, HelpRow(absl::StrCat("  ", each.name), each.summary, 22));
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
    if (all && listed.count(&flag) == 0 && !IsUnlisted(flag.name) && !IsGlobal(flag.name)) {
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
    absl::StrAppend(&text, HelpRow(absl::StrCat("  ", command.name), command.summary, 16));
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
      "\n",
      Wrapped(absl::StrCat(Sentence(command.summary), *page.text == '\0' ? "" : " ", page.text),
              kHelpColumns, 0),
      "\n");
  if (heading) {
    absl::StrAppend(&text, "\nCommands:\n", RowsOfVerbs(command, commands));
  }
  if (!page.examples.empty()) {
    absl::StrAppend(&text, "\nExamples:\n");
    for (const HelpExample& example : page.examples) {
      absl::StrAppend(&text, HelpRow(absl::StrCat("  ", example.line), example.says, 52));
    }
  }
  for (const FlagGroup& group : GroupsOf(command, all)) {
    absl::StrAppend(&text, "\n", group.title, ":\n");
    for (const Flag* flag : group.flags) {
      absl::StrAppend(&text, HelpRowOf(*flag));
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
      absl::StrAppend(&text, ".TP\n.B ", Roff(SpellingOf(*flag)), "\n", Roff(MeaningOf(*flag)),
                      "\n");
    }
  }
  if (HasVariables(command->name)) {
    absl::StrAppend(
        &text,
        ".SH ENVIRONMENT\nWhere a flag is not given, its variable counts. K6_ before the name of one that k6 ",
        "has will do, too; LOCKSTEP_ wins.\n");
    for (const Flag& flag : command->flags) {
      if (const std::string variable = VariableOf(flag); !variable.empty()) {
        absl::StrAppend(&text, ".TP\n.B ", Roff(variable), "\n",
                        Roff(absl::StrCat("--", flag.name)), "\n");
      }
    }
  }
  return absl::StrCat(text, ".SH SEE ALSO\n.BR lockstep (1)\n");
}

}  // namespace lockstep::coordinator
