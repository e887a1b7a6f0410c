// The flags of each subcommand. CLI11 finds the words and writes the help; what the words mean is
// checked here, so that every mistake names its flag and what is allowed.
#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "common/options/duration.h"
#include "common/options/tiers.h"
#include "coordinator/app/commands.h"
#include "coordinator/cli/certs_flags.h"
#include "coordinator/cli/flag_tables.h"
#include "coordinator/cli/words.h"

namespace lockstep::coordinator {
namespace {

constexpr std::pair<absl::string_view, LogLevel> kLogLevels[] = {{"debug", LogLevel::kDebug},
                                                                 {"info", LogLevel::kInfo},
                                                                 {"warn", LogLevel::kWarn},
                                                                 {"warning", LogLevel::kWarn},
                                                                 {"error", LogLevel::kError}};
constexpr int64_t kMostAgents = 10'000;
constexpr int64_t kMostWeight = 1'000'000;  // as in control.proto

// Everything that a command line can say, before it is known which command it is for.
struct Raw {
  Raw(const Environment& env) : environment(env) {}
  const Environment& environment;
  std::vector<std::string> errors;  // exit code kInvalidConfig
  std::vector<std::string> warnings;

  std::map<std::string, std::vector<std::string>> values;  // flag -> what was given
  std::set<std::string> switches;  // the flags that take a value only as --flag=value
  std::string last_word;           // where CLI11 puts what is in `values`, too
  std::string script;
  std::string address;
  std::string base, fresh;  // of compare
};

// "log-format" of "--log-format,--logformat".
std::string NameOf(const FlagSpec& spec) {
  const absl::string_view spelling = spec.spelling;
  const absl::string_view name = spelling.substr(spelling.find("--") + 2);
  return std::string(name.substr(0, name.find(',')));
}

void AddFlag(const FlagSpec& spec, CLI::App* app, Raw* raw) {
  std::vector<std::string>* values = &raw->values[NameOf(spec)];
  const auto collect = [values](const std::string& value) {
    values->push_back(value == kEmptyValue ? "" : value);
  };
  if (spec.kind == Kind::kSwitch) {
    // As text, "true" without "=value": what the word means is judged with all other errors.
    app->add_flag(spec.spelling, raw->last_word, spec.help)->each(collect);
    raw->switches.insert(NameOf(spec));
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
void AddFlags(const FlagSpec (&specs)[N], CLI::App* app, Raw* raw) {
  for (const FlagSpec& spec : specs) {
    AddFlag(spec, app, raw);
  }
}

class Reader {
 public:
  explicit Reader(Raw* raw) : raw_(*raw) {}

  // The flag's last value, or else its variable's.
  std::optional<std::string> Text(const char* flag, const char* variable = nullptr) {
    const std::vector<std::string>& values = raw_.values[flag];
    if (!values.empty()) {
      source_ = absl::StrCat("--", flag);
      return values.back();
    }
    if (variable == nullptr) {
      return std::nullopt;
    }
    std::optional<Setting> setting = FindSetting(raw_.environment, variable);
    if (!setting.has_value()) {
      return std::nullopt;
    }
    source_ = std::move(setting->variable);
    return std::move(setting->value);
  }
  std::optional<bool> Bool(const char* flag, const char* variable = nullptr) {
    const std::optional<std::string> text = Text(flag, variable);
    if (!text.has_value()) {
      return std::nullopt;
    }
    const std::optional<bool> value = ParseBool(*text);
    if (!value.has_value()) {
      Expected(*text, "true or false");
    }
    return value.value_or(false);
  }
  bool Is(const char* flag, const char* variable = nullptr) {
    return Bool(flag, variable).value_or(false);
  }
  std::string String(const char* flag, const char* variable = nullptr) {
    return Text(flag, variable).value_or("");
  }
  int64_t Int(const char* flag, int64_t fallback, int64_t least) {
    const std::optional<std::string> text = Text(flag);
    int64_t number = fallback;
    if (text.has_value() && (!absl::SimpleAtoi(*text, &number) || number < least)) {
      Expected(*text, absl::StrCat("an integer, at least ", least));
    }
    return number;
  }
  double Number(const char* flag, double fallback, double least, double most) {
    const std::optional<std::string> text = Text(flag);
    double number = fallback;
    if (text.has_value() &&
        (!absl::SimpleAtod(*text, &number) || !(number >= least && number <= most))) {
      Expected(*text, absl::StrCat("a number from ", least, " to ", most));
    }
    return number;
  }
  template <class T>
  T Choice(const char* flag, const char* variable,
           const std::vector<std::pair<absl::string_view, T>>& choices, T fallback) {
    const std::optional<std::string> text = Text(flag, variable);
    if (!text.has_value()) {
      return fallback;
    }
    for (const auto& [name, value] : choices) {
      if (*text == name) {
        return value;
      }
    }
    Expected(*text, absl::StrCat("one of ", absl::StrJoin(choices, ", ",
                                                          [](std::string* out, const auto& choice) {
                                                            absl::StrAppend(out, choice.first);
                                                          })));
    return fallback;
  }
  const std::vector<std::string>& List(const std::string& flag) { return raw_.values[flag]; }
  void Expected(absl::string_view value, absl::string_view allowed) {
    Error(absl::StrCat(source_, ": invalid value \"", value, "\": expected ", allowed));
  }
  void Error(std::string text) { raw_.errors.push_back(std::move(text)); }
  void NoEffect(const char* flag) {
    if (!raw_.values[flag].empty()) {
      raw_.warnings.push_back(absl::StrCat("--", flag, " has no effect in this version"));
    }
  }
  void NoEffectOf(const char* variable) {
    const auto found = raw_.environment.find(variable);
    if (found != raw_.environment.end() && !found->second.empty() && found->second != "false") {
      raw_.warnings.push_back(absl::StrCat(variable, " has no effect in this version"));
    }
  }
  Raw& raw() { return raw_; }

 private:
  Raw& raw_;
  std::string source_;
};

bool IsVariableName(absl::string_view name) {
  return !name.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
         });
}

Options ReadOptionFlags(Reader& reader) {
  ParsedOptions parsed;
  for (const OptionFlag& flag : OptionFlags()) {
    const std::string name = NameOf(flag.spec);
    if (const std::vector<std::string>& values = reader.List(name); !values.empty()) {
      ParseOptionFlag(flag.key, values, absl::StrCat("--", name), &parsed);
    }
  }
  for (std::string& error : parsed.errors) {
    reader.Error(std::move(error));
  }
  return parsed.options;
}

// k6 also takes tests from archives. A file with an archive's name is taken for one unless --type
// says otherwise, so that it is not read as JavaScript.
void RefuseArchives(Reader& reader, absl::string_view script) {
  constexpr char kInstead[] =
      "archives are not supported; give the script itself (a .js or .ts file)";
  const std::optional<std::string> type = reader.Text("type", "TYPE");
  if (type == "archive") {
    reader.Expected(*type, absl::StrCat("js: ", kInstead));
  } else if (type.has_value() && *type != "js") {
    reader.Expected(*type, "js");
  } else if (!type.has_value() && absl::EndsWithIgnoreCase(script, ".tar")) {
    reader.Error(absl::StrCat("the script \"", script, "\" is an archive: ", kInstead));
  }
}

TestSettings ReadTest(Reader& reader, bool system_variables) {
  TestSettings test;
  test.script = reader.raw().script;
  test.flags = ReadOptionFlags(reader);
  test.config_file = reader.String("config", "CONFIG");
  RefuseArchives(reader, test.script);
  test.include_system_env_vars =
      reader.Bool("include-system-env-vars", "INCLUDE_SYSTEM_ENV_VARS").value_or(system_variables);
  reader.Choice<int>("compatibility-mode", "COMPATIBILITY_MODE",
                     {{"extended", 0}, {"base", 0}, {"experimental_enhanced", 0}}, 0);
  for (const std::string& text : reader.List("env")) {
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (!IsVariableName(name)) {
      reader.Error(absl::StrCat(
          "--env: invalid value \"", text,
          "\": expected NAME=value, with a NAME of letters, digits and _, not beginning with a "
          "digit"));
    } else if (equals != std::string::npos) {
      test.env[name] = text.substr(equals + 1);
    } else if (const auto found = reader.raw().environment.find(name);
               found != reader.raw().environment.end()) {
      test.env[name] = found->second;
    }
  }
  return test;
}

double ReadLossPolicy(Reader& reader) {
  const std::optional<std::string> text = reader.Text("on-agent-loss");
  if (!text.has_value() || *text == "fail") {
    return 0;
  }
  absl::string_view rest = *text;
  double percent = 0;
  if (!absl::ConsumePrefix(&rest, "tolerate=") || !absl::ConsumeSuffix(&rest, "%") ||
      !absl::SimpleAtod(rest, &percent) || !(percent >= 0 && percent <= 100)) {
    reader.Expected(*text, "fail, or tolerate=N% with N from 0 to 100");
  }
  return percent;
}

Partition ReadPartition(Reader& reader) {
  return reader.Choice<Partition>("partition", nullptr,
                                  {{"striped", Partition::kStriped}, {"fair", Partition::kFair}},
                                  Partition::kStriped);
}

// One for each of --agents; without --weights, all alike.
std::vector<int64_t> ReadWeights(Reader& reader) {
  const int64_t agents = reader.Int("agents", 0, 1);
  std::vector<int64_t> weights(static_cast<size_t>(std::clamp<int64_t>(agents, 1, kMostAgents)), 1);
  if (agents > kMostAgents) {
    reader.Expected(absl::StrCat(agents), absl::StrCat("at most ", kMostAgents));
  }
  const std::optional<std::string> text = reader.Text("weights");
  if (!text.has_value()) {
    return weights;
  }
  weights.clear();
  for (absl::string_view part : absl::StrSplit(*text, ',')) {
    int64_t weight = 0;
    if (!absl::SimpleAtoi(part, &weight) || weight < 1 || weight > kMostWeight) {
      reader.Expected(*text, absl::StrCat("an integer from 1 to ", kMostWeight,
                                          " for each agent, such as 2,1,1"));
      return weights;
    }
    weights.push_back(weight);
  }
  if (agents > 0 && weights.size() != static_cast<size_t>(agents)) {
    reader.Expected(*text, absl::StrCat("one for each of the ", agents, " agents"));
  }
  return weights;
}

RunSettingsFlags ReadRun(Reader& reader) {
  RunSettingsFlags run;
  run.outputs = reader.List("out");
  if (run.outputs.empty()) {
    if (const auto out = FindSetting(reader.raw().environment, "OUT"); out.has_value()) {
      run.outputs = absl::StrSplit(out->value, ',', absl::SkipWhitespace());
    }
  }
  if (const std::string file = reader.String("result-file", "RESULT_FILE"); !file.empty()) {
    run.result_file = file;
  }
  run.no_thresholds = reader.Is("no-thresholds", "NO_THRESHOLDS");
  run.summary_mode = reader.Choice<SummaryMode>("summary-mode", "SUMMARY_MODE",
                                                {{"compact", SummaryMode::kCompact},
                                                 {"full", SummaryMode::kFull},
                                                 {"disabled", SummaryMode::kDisabled},
                                                 {"legacy", SummaryMode::kCompact}},
                                                SummaryMode::kCompact);
  if (reader.Text("summary-mode", "SUMMARY_MODE") == "legacy") {
    reader.raw().warnings.push_back(
        "--summary-mode=legacy: k6 has dropped this text; the compact one is shown instead");
  }
  if (reader.Is("no-summary", "NO_SUMMARY")) {
    run.summary_mode = SummaryMode::kDisabled;
    reader.raw().warnings.push_back(
        "--no-summary: k6 has dropped this flag; --summary-mode=disabled says the same");
  }
  run.summary_export = reader.String("summary-export", "SUMMARY_EXPORT");
  run.new_machine_readable_summary =
      reader.Is("new-machine-readable-summary", "NEW_MACHINE_READABLE_SUMMARY");
  run.linger = reader.Bool("linger", "LINGER");
  run.no_usage_report = reader.Bool("no-usage-report", "NO_USAGE_REPORT");
  run.usage_report_url = reader.String("usage-report-url", "USAGE_REPORT_URL");
  run.quiet = reader.Is("quiet");
  run.rest_address = reader.String("address", "ADDRESS");
  run.agents = reader.Int("agents", 1, 1);
  run.tolerated_loss_percent = ReadLossPolicy(reader);
  run.partition = ReadPartition(reader);
  run.fail_on_suspect = reader.Is("fail-on-suspect");
  if (reader.String("traces-output", "TRACES_OUTPUT") != "none") {
    reader.NoEffect("traces-output");
  }
  // What is read and not acted on yet is said, never ignored in silence.
  for (const char* flag : {"features", "usage-report-url", "new-machine-readable-summary"}) {
    reader.NoEffect(flag);
  }
  for (const char* variable : {"K6_WEB_DASHBOARD", "K6_CLOUD_TOKEN", "K6_SECRET_SOURCE"}) {
    reader.NoEffectOf(variable);
  }
  return run;
}

// "file", "file=PATH" or "file=PATH,level=LEVEL".
bool ReadLogFile(absl::string_view output, LogSettings* log) {
  const std::vector<absl::string_view> parts = absl::StrSplit(output, ',');
  log->output = LogSettings::Output::kFile;
  log->file = "lockstep.log";
  bool ok = parts[0] == "file" || absl::ConsumePrefix(&output, "file=");
  if (ok && parts[0] != "file") {
    log->file = std::string(output.substr(0, parts[0].size() - 5));
  }
  for (size_t i = 1; i < parts.size(); ++i) {
    absl::string_view level = parts[i];
    ok = ok && absl::ConsumePrefix(&level, "level=");
    const auto* known = std::find_if(std::begin(kLogLevels), std::end(kLogLevels),
                                     [&](const auto& each) { return each.first == level; });
    ok = ok && known != std::end(kLogLevels);
    log->least = ok ? known->second : log->least;
  }
  return ok && !log->file.empty();
}

LogSettings ReadLog(Reader& reader) {
  LogSettings log;
  const std::string output = reader.Text("log-output", "LOG_OUTPUT").value_or("stderr");
  if (output == "stdout") {
    log.output = LogSettings::Output::kStdout;
  } else if (output == "none") {
    log.output = LogSettings::Output::kNone;
  } else if (output != "stderr" && !ReadLogFile(output, &log)) {
    reader.Expected(output,
                    "one of stderr, stdout, none, file=PATH or file=PATH,level=LEVEL, LEVEL being "
                    "debug, info, warning or error");
  }
  log.format = reader.Choice<LogSettings::Format>("log-format", "LOG_FORMAT",
                                                  {{"text", LogSettings::Format::kText},
                                                   {"raw", LogSettings::Format::kRaw},
                                                   {"json", LogSettings::Format::kJson}},
                                                  LogSettings::Format::kText);
  const auto no_color = reader.raw().environment.find("NO_COLOR");
  log.no_color = reader.Is("no-color", "NO_COLOR") ||
                 (no_color != reader.raw().environment.end() && !no_color->second.empty());
  log.verbose = reader.Is("verbose");
  log.console_output = reader.String("console-output", "CONSOLE_OUTPUT");
  reader.NoEffect("profiling-enabled");
  reader.NoEffect("secret-source");
  return log;
}

TransportSettings ReadTransport(Reader& reader) {
  return {.insecure = reader.Is("insecure"),
          .credentials = reader.String("credentials", "CREDENTIALS")};
}

CoordinatorCommand ReadCoordinator(Reader& reader) {
  CoordinatorCommand command{.test = ReadTest(reader, true),
                             .run = ReadRun(reader),
                             .log = ReadLog(reader),
                             .transport = ReadTransport(reader)};
  command.listen = reader.Text("listen").value_or(command.listen);
  if (const std::optional<std::string> wait = reader.Text("wait-for-agents"); wait.has_value()) {
    const absl::StatusOr<absl::Duration> duration = ParseDurationWithUnit(*wait);
    if (duration.ok()) {
      command.wait_for_agents = *duration;
    } else {
      reader.Error(absl::StrCat("--wait-for-agents: ", duration.status().message()));
    }
  }
  return command;
}

ControlCommand ReadControl(Reader& reader, ControlCommand::Verb verb) {
  ControlCommand command{.verb = verb, .transport = ReadTransport(reader), .log = ReadLog(reader)};
  if (!reader.raw().address.empty()) {
    command.address = reader.raw().address;
  } else {
    command.address = reader.Text("address", "ADDRESS").value_or(command.address);
  }
  command.json = reader.Is("json");
  command.watch = reader.Is("watch");
  command.now = reader.Is("now");
  command.vus = reader.Int("vus", -1, 0);
  command.max_vus = reader.Int("max", -1, 0);
  if (verb == ControlCommand::Verb::kScale && command.vus < 0 && command.max_vus < 0) {
    reader.Error("scale: give --vus, --max or both");
  }
  return command;
}

CompareCommand ReadCompare(Reader& reader) {
  CompareCommand command;
  command.base = reader.raw().base;
  command.fresh = reader.raw().fresh;
  command.log = ReadLog(reader);
  CompareConfig& config = command.config;
  config.alpha = reader.Number("alpha", config.alpha, 0, 1);
  config.min_change = reader.Number("min-change", 100 * config.min_change, 0, 1e6) / 100;
  config.min_millis = reader.Number("min-millis", config.min_millis, 0, 1e9);
  config.min_points = reader.Number("min-points", 100 * config.min_points, 0, 100) / 100;
  command.json = reader.Is("json");
  command.fail_on_regression = reader.Is("fail-on-regression");
  return command;
}

// The parser and what it fills in.
class Parser {
 public:
  explicit Parser(const Environment& environment) : raw_(environment) {
    app_.require_subcommand(1);
    AddTestCommands();
    AddControlCommands();
    CLI::App* compare = Add("compare", "compare the result files of two runs");
    compare->add_option("base", raw_.base, "result file to compare with")->required();
    compare->add_option("new", raw_.fresh, "result file to judge")->required();
    AddFlags(kCompareFlags, compare, &raw_);
    AddCertsCommands(Add("certs", "make the certificates of a fleet"), &certs_);
    CLI::App* version = Add("version", "print the version");
    AddFlags(kVersionFlags, version, &raw_);
    app_.add_flag("--version", version_, "print the version");
  }

  std::variant<CommandLine, CommandLineExit> Parse(std::vector<std::string> args) {
    if (args == std::vector<std::string>{"--version"}) {
      args = {"version"};
    }
    if (std::optional<CommandLineExit> wrong = RefuseUnknownCommand(args); wrong.has_value()) {
      return *std::move(wrong);
    }
    args = KeepEmptyValues(HelpAsFlag(std::move(args)), raw_.switches);
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
    if (!raw_.errors.empty()) {
      return CommandLineExit{.code = ExitCode::kInvalidConfig,
                             .error = absl::StrJoin(raw_.errors, "\n")};
    }
    return CommandLine{.command = std::move(command), .warnings = std::move(raw_.warnings)};
  }

 private:
  CLI::App* Add(const char* name, const char* help) {
    CLI::App* command = app_.add_subcommand(name, help);
    AddFlags(kGlobalFlags, command, &raw_);
    return command;
  }
  CLI::App* AddTest(const char* name, const char* help) {
    CLI::App* command = Add(name, help);
    command->add_option("script", raw_.script, "script, or - for standard input")->required();
    for (const OptionFlag& flag : OptionFlags()) {
      AddFlag(flag.spec, command, &raw_);
    }
    AddFlags(kTestFlags, command, &raw_);
    return command;
  }
  void AddTestCommands() {
    AddFlags(kRunFlags, AddTest("run", "run a test on this machine"), &raw_);
    CLI::App* coordinator = AddTest("coordinator", "run a test on agents that join from elsewhere");
    AddFlags(kRunFlags, coordinator, &raw_);
    AddFlags(kCoordinatorFlags, coordinator, &raw_);
    AddFlags(kTransportFlags, coordinator, &raw_);
    AddFlags(kInspectFlags, AddTest("inspect", "print a test's options"), &raw_);
    AddFlags(kPlanFlags, AddTest("plan", "print what each agent would do"), &raw_);
  }
  void AddControlCommands() {
    const auto add = [this](const char* name, const char* help) {
      CLI::App* command = Add(name, help);
      command->add_option("server", raw_.address,
                          absl::StrCat("the coordinator (", kDefaultAddress, ")"));
      AddFlags(kTransportFlags, command, &raw_);
      return command;
    };
    AddFlags(kStatusFlags, add("status", "how the run stands"), &raw_);
    add("pause", "pause the run");
    add("resume", "resume the run");
    AddFlags(kScaleFlags, add("scale", "change the VUs of externally controlled scenarios"), &raw_);
    AddFlags(kStopFlags, add("stop", "end the run"), &raw_);
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
    Reader reader(&raw_);
    if (name == "run") {
      return RunCommand{
          .test = ReadTest(reader, true), .run = ReadRun(reader), .log = ReadLog(reader)};
    }
    if (name == "coordinator") {
      return ReadCoordinator(reader);
    }
    if (name == "inspect") {
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

  Raw raw_;
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
