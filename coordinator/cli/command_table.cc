#include "coordinator/cli/command_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "coordinator/cli/flag_tables.h"

namespace lockstep::coordinator {
namespace {

constexpr char kTests[] = "Tests";
constexpr char kRunningTests[] = "A running test";
constexpr char kResults[] = "Results";
constexpr char kFleet[] = "A fleet's trust";
constexpr char kProgram[] = "This program";

template <size_t N>
void Add(const FlagSpec (&specs)[N], CommandSpec* command) {
  for (const FlagSpec& spec : specs) {
    command->flags.push_back(FlagOf(spec));
  }
}

CommandSpec MakeCommand(std::string name, const char* section, const char* summary,
                        std::vector<Argument> arguments) {
  return {.name = std::move(name),
          .section = section,
          .summary = summary,
          .arguments = std::move(arguments),
          .flags = {}};
}

CommandSpec TestCommand(std::string name, const char* summary) {
  CommandSpec command = MakeCommand(
      std::move(name), kTests, summary,
      {{"SCRIPT", true,
        "the script is missing: a .js or .ts file, an archive, or - for standard input"}});
  for (const OptionFlag& option : OptionFlags()) {
    Flag flag = FlagOf(option.spec);
    flag.initial = option.initial;
    flag.bare = option.bare;
    command.flags.push_back(std::move(flag));
  }
  Add(kTestFlags, &command);
  return command;
}

void AddTests(std::vector<CommandSpec>* commands) {
  CommandSpec run = TestCommand("run", "run a test on this machine");
  Add(kRunFlags, &run);
  Add(kSummaryFlags, &run);
  CommandSpec coordinator = run;
  coordinator.name = "coordinator";
  coordinator.summary = "run a test on agents that join from elsewhere";
  Add(kCoordinatorFlags, &coordinator);
  Add(kTransportFlags, &coordinator);
  CommandSpec inspect = TestCommand("inspect", "print the options that a test ends up with");
  Add(kInspectFlags, &inspect);
  Add(kSummaryFlags, &inspect);
  CommandSpec archive = TestCommand("archive", "write a test with all of its files into one file");
  Add(kArchiveFlags, &archive);
  Add(kSummaryFlags, &archive);
  CommandSpec plan = TestCommand("plan", "print what each agent would do");
  Add(kPlanFlags, &plan);
  CommandSpec manifest = TestCommand("manifest", "print what runs a test on Kubernetes");
  Add(kManifestFlags, &manifest);
  for (CommandSpec* command : {&run, &coordinator, &inspect, &archive, &plan, &manifest}) {
    commands->push_back(std::move(*command));
  }
}

void AddNew(std::vector<CommandSpec>* commands) {
  commands->push_back(MakeCommand("new", kTests, "make a script to begin with", {{"FILE", false}}));
  Add(kNewFlags, &commands->back());
}

void AddControls(std::vector<CommandSpec>* commands) {
  const auto add = [commands](const char* name, const char* summary) {
    commands->push_back(MakeCommand(name, kRunningTests, summary, {{"COORDINATOR", false}}));
    Add(kTransportFlags, &commands->back());
    return &commands->back();
  };
  Add(kStatusFlags, add("status", "show how the run stands"));
  add("pause", "pause the run");
  add("resume", "let a paused run go on");
  Add(kScaleFlags, add("scale", "change the number of VUs or agents"));
  Add(kStopFlags, add("stop", "end the run"));
}

void AddCerts(std::vector<CommandSpec>* commands) {
  const auto add = [commands](const char* name, const char* summary, bool named,
                              const std::vector<FlagSpec>& flags) {
    commands->push_back(
        MakeCommand(name, kFleet, summary,
                    {{"NAME", named, "the name of the certificate's owner is missing"}}));
    for (const FlagSpec& flag : flags) {
      commands->back().flags.push_back(FlagOf(flag));
    }
  };
  commands->push_back(MakeCommand("certs", kFleet, "make the certificates of a fleet", {}));
  add("certs init", "make an authority and a join token", false,
      {kAuthorityFlag, kAuthorityDaysFlag});
  add("certs coordinator", "make the credentials of a coordinator", false,
      {kHostFlag, kAuthorityFlag, kCredentialsFolderFlag, kDaysFlag});
  add("certs agent", "make the credentials of an agent, or of agents that share them", false,
      {kAuthorityFlag, kCredentialsFolderFlag, kDaysFlag});
  add("certs operator", "make the credentials for status, pause, resume, scale and stop", false,
      {kAuthorityFlag, kCredentialsFolderFlag, kDaysFlag});
  add("certs renew", "issue a certificate anew, with a new key, in the place of the former", true,
      {kAuthorityFlag, kCredentialsFolderFlag, kRenewedDaysFlag});
  add("certs revoke", "put a certificate on the revocation list", true, {kAuthorityFlag});
}

}  // namespace

const Flag* CommandSpec::Find(absl::string_view flag) const {
  const auto found = std::find_if(flags.begin(), flags.end(), [flag](const Flag& each) {
    return each.name == flag ||
           std::find(each.aliases.begin(), each.aliases.end(), flag) != each.aliases.end();
  });
  return found == flags.end() ? nullptr : &*found;
}

std::vector<CommandSpec> AllCommands() {
  std::vector<CommandSpec> commands;
  AddTests(&commands);
  AddNew(&commands);
  AddControls(&commands);
  commands.push_back(MakeCommand("recover", kResults,
                                 "write the results of a run whose coordinator is gone",
                                 {{"JOURNAL", false}}));
  Add(kRecoverFlags, &commands.back());
  commands.push_back(MakeCommand("runs", kResults, "list the runs that a journal has seen", {}));
  Add(kRunsFlags, &commands.back());
  commands.push_back(
      MakeCommand("compare", kResults, "compare the result files of two runs, or the last two runs",
                  {{"BASE", true, "the result file to compare with is missing (BASE), or `last`"},
                   {"NEW", false}}));
  Add(kCompareFlags, &commands.back());
  Add(kComparisonFlags, &commands.back());
  commands.push_back(MakeCommand("report", kResults, "write the report of a run that is over",
                                 {{"RESULT", true, "the result file is missing (RESULT)"}}));
  Add(kReportFlags, &commands.back());
  Add(kComparisonFlags, &commands.back());
  AddCerts(&commands);
  commands.push_back(MakeCommand("version", kProgram, "print the version", {}));
  Add(kVersionFlags, &commands.back());
  commands.push_back(MakeCommand("completion", kProgram, "print a shell's completions",
                                 {{"SHELL", true, "the shell is missing: bash, zsh or fish"}}));
  commands.push_back(
      MakeCommand("help", kProgram, "show a command's flags and examples", {{"COMMAND", false}}));
  for (CommandSpec& command : commands) {
    for (const FlagSpec& spec : kGlobalFlags) {
      Flag flag = FlagOf(spec);
      if (command.Find(flag.name) == nullptr) {
        command.flags.push_back(std::move(flag));
      }
    }
  }
  return commands;
}

const CommandSpec* FindCommand(const std::vector<CommandSpec>& commands, absl::string_view name) {
  const auto found =
      std::find_if(commands.begin(), commands.end(),
                   [name](const CommandSpec& command) { return command.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

bool IsHeading(const std::vector<CommandSpec>& commands, absl::string_view name) {
  return std::any_of(commands.begin(), commands.end(), [name](const CommandSpec& command) {
    return absl::StartsWith(command.name, absl::StrCat(name, " "));
  });
}

}  // namespace lockstep::coordinator
