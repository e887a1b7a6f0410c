// The subcommands and their flags. CLI11 finds the words and writes the help; read_commands.h says
// what they mean.
#include <algorithm>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "coordinator/app/commands.h"
#include "coordinator/cli/certs_flags.h"
#include "coordinator/cli/flag_reader.h"
#include "coordinator/cli/flag_tables.h"
#include "coordinator/cli/read_commands.h"
#include "coordinator/cli/words.h"

namespace lockstep::coordinator {
namespace {

void AddFlag(const FlagSpec& spec, CLI::App* app, GivenWords* words) {
  std::vector<std::string>* values = &words->values[NameOf(spec)];
  const auto collect = [values](const std::string& value) {
    values->push_back(value == kEmptyValue ? "" : value);
  };
  if (spec.kind == Kind::kSwitch) {
    // As text, "true" without "=value": what the word means is judged with all other errors.
    app->add_flag(spec.spelling, words->last_word, spec.help)->each(collect);
    words->switches.insert(NameOf(spec));
    return;
  }
  app->add_option_function<std::vector<std::string>>(
         spec.spelling,
         [collect](const std::vector<std::string>& given) {
           std::for_each(given.begin(), given.end(), collect);
         },
         spec.help)
      ->allow_extra_args(false)
      ->take_all();
}

template <size_t N>
void AddFlags(const FlagSpec (&specs)[N], CLI::App* app, GivenWords* words) {
  for (const FlagSpec& spec : specs) {
    AddFlag(spec, app, words);
  }
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

// The parser and what it fills in.
class Parser {
 public:
  explicit Parser(const Environment& environment) : words_(environment) {
    app_.require_subcommand(1);
    AddTestCommands();
    AddControlCommands();
    CLI::App* compare = Add("compare", "compare the result files of two runs");
    compare->add_option("base", words_.base, "result file to compare with")->required();
    compare->add_option("new", words_.fresh, "result file to judge")->required();
    AddFlags(kCompareFlags, compare, &words_);
    AddCertsCommands(Add("certs", "make the certificates of a fleet"), &certs_);
    CLI::App* version = Add("version", "print the version");
    AddFlags(kVersionFlags, version, &words_);
    app_.add_flag("--version", version_, "print the version");
  }

  std::variant<CommandLine, CommandLineExit> Parse(std::vector<std::string> args) {
    if (args == std::vector<std::string>{"--version"}) {
      args = {"version"};
    }
    if (std::optional<CommandLineExit> wrong = RefuseUnknownCommand(args); wrong.has_value()) {
      return *std::move(wrong);
    }
    args = KeepEmptyValues(HelpAsFlag(std::move(args)), words_.switches);
    std::reverse(args.begin(), args.end());  // as CLI11 takes them
    // The only place where its exceptions can surface.
    try {
      app_.parse(args);
    } catch (const CLI::CallForHelp&) {
      return CommandLineExit{.output = Deepest()->help()};
    } catch (const CLI::ParseError& error) {
      return CommandLineExit{
          .code = ExitCode::kOther,
          .error = absl::StrCat(error.what(), "; see `", Chosen()->get_name(), " --help`")};
    }
    Command command = Read(Chosen()->get_name());
    TestSettings* const test = words_.hopeless ? nullptr : TestOf(command);
    if (test != nullptr) {
      test->errors = std::move(words_.errors);
    } else if (!words_.errors.empty()) {
      return CommandLineExit{.code = ExitCode::kOther, .error = absl::StrJoin(words_.errors, "\n")};
    }
    return CommandLine{.command = std::move(command), .warnings = std::move(words_.warnings)};
  }

 private:
  CLI::App* Add(const char* name, const char* help) {
    CLI::App* command = app_.add_subcommand(name, help);
    AddFlags(kGlobalFlags, command, &words_);
    return command;
  }
  CLI::App* AddTest(const char* name, const char* help) {
    CLI::App* command = Add(name, help);
    command->add_option("script", words_.script, "script, or - for standard input")->required();
    for (const OptionFlag& flag : OptionFlags()) {
      AddFlag(flag.spec, command, &words_);
    }
    AddFlags(kTestFlags, command, &words_);
    return command;
  }
  void AddTestCommands() {
    CLI::App* run = AddTest("run", "run a test on this machine");
    CLI::App* coordinator = AddTest("coordinator", "run a test on agents that join from elsewhere");
    for (CLI::App* command : {run, coordinator}) {
      AddFlags(kRunFlags, command, &words_);
      AddFlags(kSummaryFlags, command, &words_);
    }
    AddFlags(kCoordinatorFlags, coordinator, &words_);
    AddFlags(kTransportFlags, coordinator, &words_);
    CLI::App* inspect = AddTest("inspect", "print a test's options");
    AddFlags(kInspectFlags, inspect, &words_);
    AddFlags(kSummaryFlags, inspect, &words_);
    AddFlags(kPlanFlags, AddTest("plan", "print what each agent would do"), &words_);
  }
  void AddControlCommands() {
    const auto add = [this](const char* name, const char* help) {
      CLI::App* command = Add(name, help);
      command->add_option("server", words_.address,
                          absl::StrCat("the coordinator (", kDefaultAddress, ")"));
      AddFlags(kTransportFlags, command, &words_);
      return command;
    };
    AddFlags(kStatusFlags, add("status", "how the run stands"), &words_);
    add("pause", "pause the run");
    add("resume", "resume the run");
    AddFlags(kScaleFlags, add("scale", "change the VUs of externally controlled scenarios"),
             &words_);
    AddFlags(kStopFlags, add("stop", "end the run"), &words_);
  }
  // The first word, or the one after `help`, has to be a command, unless it is a flag.
  std::optional<CommandLineExit> RefuseUnknownCommand(const std::vector<std::string>& args) {
    const size_t at = !args.empty() && args.front() == "help" ? 1 : 0;
    if (at >= args.size() || absl::StartsWith(args[at], "-")) {
      return std::nullopt;
    }
    std::vector<std::string> commands;
    for (const CLI::App* command : app_.get_subcommands(nullptr)) {
      commands.push_back(command->get_name());
    }
    commands.emplace_back("help");
    if (std::find(commands.begin(), commands.end(), args[at]) != commands.end()) {
      return std::nullopt;
    }
    return CommandLineExit{.code = ExitCode::kOther, .error = UnknownCommand(args[at], commands)};
  }
  CLI::App* Deepest() {
    CLI::App* app = &app_;
    while (!app->get_subcommands().empty()) {
      app = app->get_subcommands().front();
    }
    return app;
  }
  CLI::App* Chosen() {
    const std::vector<CLI::App*> chosen = app_.get_subcommands();
    return chosen.empty() ? &app_ : chosen.front();
  }
  Command Read(const std::string& name) {
    FlagReader reader(&words_);
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
    if (name == "plan") {
      return PlanCommand{.test = ReadTest(reader, false),
                         .log = ReadLog(reader),
                         .weights = ReadWeights(reader),
                         .partition = ReadPartition(reader),
                         .json = reader.Is("json")};
    }
    if (name == "compare") {
      return ReadCompare(reader);
    }
    if (name == "certs") {
      certs_.log = ReadLog(reader);
      return certs_;
    }
    if (name == "version") {
      return VersionCommand{.json = reader.Is("json")};
    }
    const std::pair<absl::string_view, ControlCommand::Verb> verbs[] = {
        {"pause", ControlCommand::Verb::kPause},
        {"resume", ControlCommand::Verb::kResume},
        {"scale", ControlCommand::Verb::kScale},
        {"stop", ControlCommand::Verb::kStop}};
    for (const auto& [verb_name, verb] : verbs) {
      if (name == verb_name) {
        return ReadControl(reader, verb);
      }
    }
    return ReadControl(reader, ControlCommand::Verb::kStatus);
  }

  GivenWords words_;
  CertsCommand certs_;
  CLI::App app_{
      "Lockstep runs k6 scripts on one machine or many; `lockstep help COMMAND` shows a command's "
      "flags",
      "lockstep"};
  bool version_ = false;
};

}  // namespace

std::variant<CommandLine, CommandLineExit> ParseCommandLine(const std::vector<std::string>& args,
                                                            const Environment& environment) {
  return Parser(environment).Parse(args);
}

}  // namespace lockstep::coordinator
