// A command line, read: from words (word_parser.h) to what the user wants (read_commands.h).
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

#include "common/flags/flag_reader.h"
#include "coordinator/app/commands.h"
#include "coordinator/cli/command_table.h"
#include "coordinator/cli/completion.h"
#include "coordinator/cli/help.h"
#include "coordinator/cli/read_commands.h"
#include "coordinator/cli/variables.h"
#include "coordinator/cli/word_parser.h"

namespace lockstep::coordinator {
namespace {

CommandLineExit Refusal(absl::string_view error) {
  return {.code = ExitCode::kOther, .output = {}, .error = std::string(error)};
}

std::string HelpText(const ParsedWords& parsed, const std::vector<CommandSpec>& commands) {
  if (parsed.help == ParsedWords::Help::kManual) {
    return ManualPage(parsed.command, commands);
  }
  return parsed.command == nullptr
             ? RootHelp(commands)
             : CommandHelp(*parsed.command, commands, parsed.help == ParsedWords::Help::kAll);
}

// The settings of a command that is about a test; null for others.
TestSettings* TestOf(Command& command) {
  return std::visit(
      [](auto& c) -> TestSettings* {
        if constexpr (requires { c.test; }) {
          return &c.test;
        } else {
          return nullptr;
        }
      },
      command);
}

Command ReadTestCommand(FlagReader& reader, const std::string& name) {
  if (name == "run") {
    return RunCommand{.test = ReadTest(reader, true),
                      .run = ReadRun(reader, /*local=*/true),
                      .log = ReadLog(reader)};
  }
  if (name == "coordinator") {
    return ReadCoordinator(reader);
  }
  if (name == "inspect") {
    ReadSummary(reader);
    return InspectCommand{.test = ReadTest(reader, false),
                          .log = ReadLog(reader),
                          .execution_requirements = reader.Is("execution-requirements")};
  }
  if (name == "archive") {
    return ReadArchiveFlags(reader);
  }
  return PlanCommand{.test = ReadTest(reader, false),
                     .log = ReadLog(reader),
                     .weights = ReadWeights(reader),
                     .partition = ReadPartition(reader),
                     .json = reader.Is("json")};
}

Command ReadCommand(FlagReader& reader, const std::string& name) {
  using Control = ControlCommand::Verb;
  constexpr std::pair<absl::string_view, Control> kControls[] = {{"status", Control::kStatus},
                                                                 {"pause", Control::kPause},
                                                                 {"resume", Control::kResume},
                                                                 {"scale", Control::kScale},
                                                                 {"stop", Control::kStop}};
  for (const auto& [verb_name, verb] : kControls) {
    if (name == verb_name) {
      return ReadControl(reader, verb);
    }
  }
  if (name == "manifest") {
    return ReadManifest(reader);
  }
  if (name == "recover") {
    return ReadRecover(reader);
  }
  if (name == "runs") {
    return ReadRuns(reader);
  }
  if (name == "compare") {
    return ReadCompare(reader);
  }
  if (name == "report") {
    return ReadReport(reader);
  }
  if (name == "new") {
    return ReadNew(reader);
  }
  if (name == "version") {
    return VersionCommand{.json = reader.Is("json")};
  }
  absl::string_view verb = name;
  if (absl::ConsumePrefix(&verb, "certs ")) {
    return ReadCerts(reader, verb);
  }
  return ReadTestCommand(reader, name);
}

}  // namespace

std::variant<CommandLine, CommandLineExit> ParseCommandLine(const std::vector<std::string>& args,
                                                            const Environment& environment) {
  const std::vector<CommandSpec> commands = AllCommands();
  const bool version = args.size() == 1 && (args.front() == "--version" || args.front() == "-v");
  const absl::StatusOr<ParsedWords> parsed =
      ParseWords(version ? std::vector<std::string>{"version"} : args, commands);
  if (!parsed.ok()) {
    return Refusal(parsed.status().message());
  }
  const bool completes = parsed->command != nullptr && parsed->command->name == "completion";
  if (!parsed->mistakes.empty() && (completes || parsed->help != ParsedWords::Help::kNone)) {
    return Refusal(absl::StrJoin(parsed->mistakes, "\n"));
  }
  if (parsed->help != ParsedWords::Help::kNone) {
    return CommandLineExit{.output = HelpText(*parsed, commands)};
  }
  if (completes) {
    const absl::StatusOr<std::string> script = CompletionFor(parsed->arguments.front(), commands);
    return script.ok() ? CommandLineExit{.output = *script} : Refusal(script.status().message());
  }
  GivenWords words(environment);
  words.values = parsed->values;
  words.arguments = parsed->arguments;
  words.own_variables = HasVariables(parsed->command->name);
  FlagReader reader(&words);
  Command command = ReadCommand(reader, parsed->command->name);
  if (!parsed->mistakes.empty()) {
    // Which words are arguments is not known, and so nothing else can be looked at.
    std::vector<std::string> mistakes = parsed->mistakes;
    mistakes.insert(mistakes.end(), words.errors.begin(), words.errors.end());
    return Refusal(absl::StrJoin(mistakes, "\n"));
  }
  TestSettings* const test = TestOf(command);
  if (test != nullptr) {
    for (UnknownVariable& unknown :
         UnknownVariables(environment, commands,
                          words.own_variables ? words.k6_variables : std::set<std::string>())) {
      if (absl::StartsWith(unknown.name, "K6_")) {
        test->unknown_variables.push_back(std::move(unknown));
      } else {
        (test->strict ? words.errors : words.warnings).push_back(WarningOf(unknown));
      }
    }
    test->errors = std::move(words.errors);
  } else if (!words.errors.empty()) {
    return Refusal(absl::StrJoin(words.errors, "\n"));
  }
  return CommandLine{.command = std::move(command), .warnings = std::move(words.warnings)};
}

}  // namespace lockstep::coordinator
