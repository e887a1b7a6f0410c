// What several commands say: the test, how it is run, what becomes of its results, and the log.
#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "common/base/message_limits.h"
#include "common/base/words.h"
#include "common/flags/flag.h"
#include "common/options/tiers.h"
#include "coordinator/cli/read_commands.h"

namespace lockstep::coordinator {
namespace {

constexpr std::pair<absl::string_view, LogLevel> kLogLevels[] = {{"debug", LogLevel::kDebug},
                                                                 {"info", LogLevel::kInfo},
                                                                 {"warn", LogLevel::kWarn},
                                                                 {"warning", LogLevel::kWarn},
                                                                 {"error", LogLevel::kError}};
constexpr int64_t kMostLocalAgents = 100;  // processes on this machine

void ReadOptionFlags(FlagReader& reader, TestSettings* test) {
  ParsedOptions parsed;
  for (const OptionFlag& flag : OptionFlags()) {
    ParseOptionFlag(flag.key, reader.List(FlagOf(flag.spec).name), &parsed);
  }
  for (std::string& error : parsed.errors) {
    reader.Error(std::move(error));
  }
  test->flags = std::move(parsed.options);
  test->flag_sources = std::move(parsed.sources);
}

// Where modules from servers are kept, and what is held against the lock file.
ModuleSettings ReadModules(FlagReader& reader) {
  ModuleSettings modules;
  const std::optional<std::string> cache = reader.Text("module-cache", "MODULE_CACHE");
  modules.cache_folder = cache.value_or(DefaultModuleCache(reader.words().environment));
  if (cache == "none") {
    modules.cache_folder.clear();
  } else if (cache == "") {
    reader.Expected("", "a folder, or none");
  }
  modules.locked = reader.Is("locked", "LOCKED");
  modules.locked_source = reader.source();
  modules.update_lock = reader.Is("update-lock");
  if (modules.locked && modules.update_lock) {
    reader.Error(absl::StrCat(modules.locked_source, ", ", reader.source(), ": give one of them"));
  }
  return modules;
}

// Whether it is one.
bool TakeLossPolicy(absl::string_view policy, FlagReader& reader, RunSettingsFlags* run) {
  run->redistribute = policy == "redistribute";
  run->tolerated_loss_percent = 0;
  if (policy == "fail" || run->redistribute) {
    return true;
  }
  absl::string_view rest = policy;
  double& percent = run->tolerated_loss_percent;
  const bool known = absl::ConsumePrefix(&rest, "tolerate=") && absl::ConsumeSuffix(&rest, "%") &&
                     absl::SimpleAtod(rest, &percent) && percent >= 0 && percent <= 100;
  if (!known) {
    reader.Expected(policy, "fail, redistribute, or tolerate=N% with N from 0 to 100");
  }
  return known;
}

void ReadLossPolicy(FlagReader& reader, RunSettingsFlags* run) {
  run->late_agents_join =
      reader.Choice<bool>("late-agents", nullptr, {{"wait", false}, {"join", true}}, false);
  const std::string late_source = reader.source();
  reader.Value("on-agent-loss", nullptr,
               [&](const std::string& policy) { return TakeLossPolicy(policy, reader, run); });
  if (run->late_agents_join && !run->redistribute) {
    reader.Error(absl::StrCat(late_source,
                              "=join: work moves to them only with --on-agent-loss redistribute"));
  }
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

// Whether it is one that is known.
bool TakeLogOutput(const std::string& output, FlagReader& reader, LogSettings* log) {
  log->output = LogSettings::Output::kStderr;  // where people see what is wrong with it
  log->file.clear();
  log->loki.clear();
  if (output == "stdout") {
    log->output = LogSettings::Output::kStdout;
  } else if (output == "none") {
    log->output = LogSettings::Output::kNone;
  } else if (output == "loki" || absl::StartsWith(output, "loki=") ||
             absl::StartsWith(output, "loki,")) {
    log->output = LogSettings::Output::kLoki;
    log->loki = output;
  } else if (output != "stderr" && !ReadLogFile(output, log)) {
    reader.Expected(output,
                    "one of stderr, stdout, none, loki=URL, file=PATH or file=PATH,level=LEVEL, "
                    "LEVEL being debug, info, warning or error");
    log->output = LogSettings::Output::kStderr;
    log->file.clear();
    return false;
  }
  return true;
}

}  // namespace

TestSettings ReadTest(FlagReader& reader, bool system_variables) {
  TestSettings test;
  test.script = reader.Argument(0);
  ReadOptionFlags(reader, &test);
  test.config_file = reader.String("config", "CONFIG");
  test.config_label = reader.source();
  test.strict = reader.Is("strict", "STRICT");
  test.type = reader.Choice<ScriptType>(
      "type", "TYPE", {{"js", ScriptType::kScript}, {"archive", ScriptType::kArchive}},
      ScriptType::kGuess);
  test.modules = ReadModules(reader);
  test.secret_sources = reader.Said("secret-source", "SECRET_SOURCE");
  test.include_system_env_vars =
      reader.Bool("include-system-env-vars", "INCLUDE_SYSTEM_ENV_VARS").value_or(system_variables);
  test.base_mode = reader.Choice<std::optional<bool>>(
      "compatibility-mode", "COMPATIBILITY_MODE",
      {{"extended", false}, {"base", true}, {"experimental_enhanced", false}}, std::nullopt);
  for (const auto& [source, text] : reader.List("env")) {
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (!IsIdentifier(name)) {
      reader.Error(absl::StrCat(
          source, ": invalid value \"", text,
          "\": expected NAME=value, with a NAME of letters, digits and _, not beginning with a "
          "digit"));
    } else if (equals != std::string::npos) {
      test.env[name] = text.substr(equals + 1);
    } else if (const auto found = reader.words().environment.find(name);
               found != reader.words().environment.end()) {
      test.env[name] = found->second;
    }
  }
  return test;
}

Partition ReadPartition(FlagReader& reader) {
  return reader.Choice<Partition>("partition", nullptr,
                                  {{"striped", Partition::kStriped}, {"fair", Partition::kFair}},
                                  Partition::kStriped);
}

// One for each of --agents; without --weights, all alike.
std::vector<int64_t> ReadWeights(FlagReader& reader) {
  const int64_t agents = reader.Int("agents", 0, 1, kMostAgents);
  const std::vector<int64_t> weights(static_cast<size_t>(std::max<int64_t>(agents, 1)), 1);
  const auto read = [&](const std::string& text) {
    std::vector<int64_t> given;
    for (absl::string_view part : absl::StrSplit(text, ',')) {
      int64_t weight = 0;
      if (!absl::SimpleAtoi(part, &weight) || weight < 1 || weight > kMostWeight) {
        reader.Expected(text, absl::StrCat("an integer from 1 to ", kMostWeight,
                                           " for each agent, such as 2,1,1"));
        return given;
      }
      given.push_back(weight);
    }
    if (agents > 0 && given.size() != static_cast<size_t>(agents)) {
      reader.Expected(text, absl::StrCat("one for each of the ", agents, " agents"));
    }
    return given;
  };
  return reader.Value("weights", nullptr, read).value_or(weights);
}

RunSettingsFlags ReadSummary(FlagReader& reader) {
  RunSettingsFlags run;
  run.no_thresholds = reader.Is("no-thresholds", "NO_THRESHOLDS");
  if (reader.Text("summary-mode", "SUMMARY_MODE") == "legacy") {
    reader.words().warnings.push_back(absl::StrCat(
        reader.source(), "=legacy: k6 has dropped this text; the compact one is shown instead"));
  } else {
    run.summary_mode =
        reader.Choice<SummaryMode>("summary-mode", "SUMMARY_MODE", kSummaryModes, run.summary_mode);
  }
  if (reader.Is("no-summary", "NO_SUMMARY")) {
    run.summary_mode = SummaryMode::kDisabled;
    reader.words().warnings.push_back(absl::StrCat(
        reader.source(), ": k6 has dropped this flag; --summary-mode=disabled says the same"));
  }
  run.summary_export = reader.String("summary-export", "SUMMARY_EXPORT");
  run.summary_export_source = reader.source();
  run.new_machine_readable_summary =
      reader.Is("new-machine-readable-summary", "NEW_MACHINE_READABLE_SUMMARY");
  reader.NoEffect("traces-output", "TRACES_OUTPUT");
  return run;
}

RunSettingsFlags ReadRun(FlagReader& reader, bool local) {
  RunSettingsFlags run = ReadSummary(reader);
  run.outputs = reader.List("out");
  if (const auto out = FindSetting(reader.words().environment, "OUT");
      run.outputs.empty() && out.has_value()) {
    for (absl::string_view each : absl::StrSplit(out->value, ',', absl::SkipWhitespace())) {
      run.outputs.push_back({out->source, std::string(each)});
    }
  }
  run.result_file = reader.String("result-file", "RESULT_FILE");
  run.result_file_source = reader.source();
  run.report = reader.String("report", "REPORT");
  run.report_source = reader.source();
  run.journal = reader.String("journal", "JOURNAL");
  run.journal_source = reader.source();
  run.linger = reader.Bool("linger", "LINGER");
  run.no_usage_report = reader.Bool("no-usage-report", "NO_USAGE_REPORT");
  run.usage_report_url = reader.String("usage-report-url", "USAGE_REPORT_URL");
  run.usage_report_source = reader.source();
  run.quiet = reader.Is("quiet");
  run.show_agents = reader.Is("show-agents");
  run.show_thresholds = reader.Is("show-thresholds");
  run.rest_address = reader.String("address", "ADDRESS");
  run.rest_address_source = reader.source();
  run.agents = reader.Int("agents", 1, 1, local ? kMostLocalAgents : kMostAgents);
  ReadLossPolicy(reader, &run);
  run.partition = ReadPartition(reader);
  run.max_vu_block =
      reader.Time("max-vu-block", run.max_vu_block, "a duration such as 5s, or 0s for no limit");
  run.fail_on_suspect = reader.Is("fail-on-suspect");
  // A flag that is read and has no effect is reported, never ignored in silence.
  reader.NoEffect("features", "FEATURES");
  reader.NoEffectOf("K6_CLOUD_TOKEN");
  return run;
}

LogSettings ReadLog(FlagReader& reader) {
  LogSettings log;
  reader.Value("log-output", "LOG_OUTPUT",
               [&](const std::string& output) { return TakeLogOutput(output, reader, &log); });
  log.output_source = reader.source();
  log.format = reader.Choice<LogSettings::Format>("log-format", "LOG_FORMAT",
                                                  {{"text", LogSettings::Format::kText},
                                                   {"raw", LogSettings::Format::kRaw},
                                                   {"json", LogSettings::Format::kJson}},
                                                  LogSettings::Format::kText);
  const auto no_color = reader.words().environment.find("NO_COLOR");
  log.no_color = reader.Is("no-color", "NO_COLOR") ||
                 (no_color != reader.words().environment.end() && !no_color->second.empty());
  log.verbose = reader.Is("verbose");
  log.console_output = reader.String("console-output", "CONSOLE_OUTPUT");
  log.console_source = reader.source();
  reader.NoEffect("profiling-enabled", "PROFILING_ENABLED");
  return log;
}

}  // namespace lockstep::coordinator
