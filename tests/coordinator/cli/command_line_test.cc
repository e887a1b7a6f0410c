// What a command line without mistakes says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/coordinator/cli/parsed.h"

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

MATCHER_P2(Said, source, value, "") {
  return arg.source == source && arg.value == value;
}

TEST(CommandLine, ReadsOptionFlags) {
  const RunCommand run = Parsed<RunCommand>(
      {"run", "-u", "2", "-d", "1m30s", "--tag", "a=b", "--tag=c=d", "--throw", "--user-agent", "",
       "--blacklist-ip", "10.0.0.0/8", "--no-setup=false", "--execution-segment", "0:1/2", "s.js"});
  EXPECT_EQ(run.test.script, "s.js");
  EXPECT_EQ(run.test.flags.vus, 2);
  EXPECT_EQ(run.test.flags.duration, absl::Seconds(90));
  EXPECT_THAT(*run.test.flags.tags, ElementsAre(Pair("a", "b"), Pair("c", "d")));
  EXPECT_EQ(run.test.flags.throw_on_error, true);
  EXPECT_EQ(run.test.flags.no_setup, false);
  EXPECT_EQ(run.test.flags.user_agent, "");
  EXPECT_EQ(run.test.flags.execution_segment, "0:1/2");
  EXPECT_FALSE(run.test.flags.iterations.has_value());
}

TEST(CommandLine, HttpDebugIsAFlagWithAWord) {
  EXPECT_EQ("headers", Parsed<RunCommand>({"run", "--http-debug", "s.js"}).test.flags.http_debug);
  EXPECT_EQ("full", Parsed<RunCommand>({"run", "--http-debug=full", "s.js"}).test.flags.http_debug);
}

TEST(CommandLine, ReadsStagesVariablesAndStandardInput) {
  const RunCommand run = Parsed<RunCommand>(
      {"run", "--stage", "1s:3", "-s", "500ms:0", "-e", "A=x=y", "--env", "B=", "-e", "HOME", "-"},
      {{"HOME", "/h"}});
  EXPECT_EQ(run.test.script, "-");
  EXPECT_EQ(run.test.flags.stages,
            (std::vector<Stage>{{absl::Seconds(1), 3}, {absl::Milliseconds(500), 0}}));
  EXPECT_THAT(run.test.env, ElementsAre(Pair("A", "x=y"), Pair("B", ""), Pair("HOME", "/h")));
  EXPECT_TRUE(run.test.include_system_env_vars);
}

TEST(CommandLine, ReadsSettingsOfTheRun) {
  const RunCommand run =
      Parsed<RunCommand>({"run", "-o", "json=a", "--out", "csv=b", "-q", "--summary-mode", "full",
                          "--agents", "3", "--on-agent-loss", "tolerate=25%", "--partition=fair",
                          "--include-system-env-vars=false", "--log-format", "raw", "s.js"});
  EXPECT_THAT(run.run.outputs, ElementsAre(Said("-o", "json=a"), Said("--out", "csv=b")));
  EXPECT_TRUE(run.run.quiet);
  EXPECT_EQ(run.run.summary_mode, SummaryMode::kFull);
  EXPECT_EQ(run.run.agents, 3);
  EXPECT_EQ(run.run.tolerated_loss_percent, 25);
  EXPECT_EQ(run.run.partition, Partition::kFair);
  EXPECT_FALSE(run.test.include_system_env_vars);
  EXPECT_EQ(run.log.format, LogSettings::Format::kRaw);
}

TEST(CommandLine, ReadsWhetherWorkMoves) {
  const RunCommand run = Parsed<RunCommand>(
      {"run", "--on-agent-loss", "redistribute", "--late-agents", "join", "s.js"});
  EXPECT_TRUE(run.run.redistribute);
  EXPECT_TRUE(run.run.late_agents_join);
  EXPECT_EQ(run.run.tolerated_loss_percent, 0);
  EXPECT_FALSE(Parsed<RunCommand>({"run", "s.js"}).run.redistribute);
  EXPECT_EQ(Parsed<ControlCommand>({"scale", "--agents", "4"}).agents, 4);
}

TEST(CommandLine, ReadsTheFileOfTheLog) {
  const auto log_of = [](const char* value) {
    return Parsed<RunCommand>({"run", "--log-output", value, "s.js"}).log;
  };
  EXPECT_EQ(log_of("file").file, "lockstep.log");
  EXPECT_EQ(log_of("file=a.log").file, "a.log");
  EXPECT_EQ(log_of("file=a.log").least, LogLevel::kDebug);
  EXPECT_EQ(log_of("file=a.log,level=warning").file, "a.log");
  EXPECT_EQ(log_of("file=a.log,level=warning").least, LogLevel::kWarn);
}

TEST(CommandLine, TakesFromTheEnvironmentWhatNoFlagGives) {
  const Environment environment = {
      {"K6_OUT", "csv"}, {"NO_COLOR", "1"}, {"LOCKSTEP_NO_THRESHOLDS", "true"}};
  const RunCommand run = Parsed<RunCommand>({"run", "s.js"}, environment);
  EXPECT_THAT(run.run.outputs, ElementsAre(Said("K6_OUT", "csv")));
  EXPECT_TRUE(run.log.no_color);
  EXPECT_TRUE(run.run.no_thresholds);
  EXPECT_FALSE(
      Parsed<RunCommand>({"run", "--no-thresholds=false", "s.js"}, environment).run.no_thresholds);
}

TEST(CommandLine, ReadsTheOtherCommands) {
  EXPECT_TRUE(Parsed<InspectCommand>({"inspect", "--execution-requirements", "s.js"})
                  .execution_requirements);
  EXPECT_FALSE(Parsed<InspectCommand>({"inspect", "s.js"}).test.include_system_env_vars);
  EXPECT_EQ(Parsed<PlanCommand>({"plan", "--agents", "4", "s.js"}).weights,
            (std::vector<int64_t>{1, 1, 1, 1}));
  const auto plan = Parsed<PlanCommand>(
      {"plan", "--weights", "2,1,1", "--agents", "3", "--partition", "fair", "--json", "s.js"});
  EXPECT_EQ(plan.weights, (std::vector<int64_t>{2, 1, 1}));
  EXPECT_EQ(plan.partition, Partition::kFair);
  EXPECT_TRUE(plan.json);
  const auto coordinator =
      Parsed<CoordinatorCommand>({"coordinator", "--listen", "0.0.0.0:1", "--insecure",
                                  "--agents=2", "--wait-for-agents", "5s", "s.js"});
  EXPECT_EQ(coordinator.listen, "0.0.0.0:1");
  EXPECT_TRUE(coordinator.transport.insecure);
  EXPECT_EQ(coordinator.run.agents, 2);
  EXPECT_EQ(coordinator.wait_for_agents, absl::Seconds(5));
  const auto scale = Parsed<ControlCommand>({"scale", "--vus", "5", "host:1"});
  EXPECT_EQ(scale.verb, ControlCommand::Verb::kScale);
  EXPECT_EQ(scale.vus, 5);
  EXPECT_EQ(scale.max_vus, -1);
  EXPECT_EQ(scale.address, "host:1");
  EXPECT_TRUE(Parsed<ControlCommand>({"status", "--json"}).json);
  EXPECT_TRUE(Parsed<ControlCommand>({"stop", "--now"}).now);
  EXPECT_TRUE(Parsed<VersionCommand>({"version", "--json"}).json);
}

TEST(CommandLine, ACoordinatorsPortIsKnown) {
  EXPECT_EQ(Parsed<ControlCommand>({"status", "foo"}).address, "foo:7411");
  EXPECT_EQ(Parsed<ControlCommand>({"status", "--address", "::1"}).address, "[::1]:7411");
  EXPECT_EQ(Parsed<CoordinatorCommand>({"coordinator", "--listen", "0.0.0.0", "s.js"}).listen,
            "0.0.0.0:7411");
}

TEST(CommandLine, InspectTakesTheFlagsOfTheSummary) {
  EXPECT_EQ(Parsed<InspectCommand>({"inspect", "--no-thresholds", "--summary-mode=full",
                                    "--summary-export", "x", "s.js"})
                .test.script,
            "s.js");
}

TEST(CommandLine, LinesGoToLokiAsItsSettingsSay) {
  const LogSettings log =
      Parsed<RunCommand>({"run", "--log-output=loki=http://h/push,label.a=b", "s.js"}).log;
  EXPECT_EQ(log.output, LogSettings::Output::kLoki);
  EXPECT_EQ(log.loki, "loki=http://h/push,label.a=b");
}

TEST(CommandLine, ReadsAComparison) {
  const CompareCommand compare =
      Parsed<CompareCommand>({"compare", "a.json", "b.json", "--fail-on-regression", "--min-change",
                              "10", "--alpha=0.05", "--min-points", "1"});
  EXPECT_EQ(compare.base, "a.json");
  EXPECT_EQ(compare.fresh, "b.json");
  EXPECT_TRUE(compare.fail_on_regression);
  EXPECT_FALSE(compare.json);
  EXPECT_DOUBLE_EQ(compare.config.min_change, 0.1);
  EXPECT_DOUBLE_EQ(compare.config.alpha, 0.05);
  EXPECT_DOUBLE_EQ(compare.config.min_points, 0.01);
  EXPECT_EQ(Refused({"compare", "a.json"}).code, ExitCode::kOther);
  EXPECT_EQ(Refused({"compare", "a.json", "b.json", "--alpha", "2"}).error,
            "--alpha: invalid value \"2\": expected a number from 0 to 1");
  EXPECT_EQ(Parsed<RunCommand>({"run", "--result-file", "r.json", "s.js"}).run.result_file,
            "r.json");
}

TEST(CommandLine, AFlagWithNothingBehindItsEqualsSignIsEmpty) {
  const RunCommand run =
      Parsed<RunCommand>({"run", "--user-agent=", "--system-tags=", "--summary-trend-stats=",
                          "--blacklist-ip=", "--env=A=", "s.js"});
  EXPECT_EQ(run.test.script, "s.js");
  EXPECT_EQ(run.test.flags.user_agent, "");
  EXPECT_EQ(run.test.flags.system_tags, std::vector<std::string>());
  EXPECT_EQ(run.test.flags.summary_trend_stats, std::vector<std::string>());
  EXPECT_THAT(run.test.env, ElementsAre(Pair("A", "")));
  EXPECT_EQ(Parsed<CertsCommand>({"certs", "init", "--folder=", "fleet"}).name, "fleet");
  EXPECT_EQ(Parsed<RunCommand>({"run", "--", "--odd="}).test.script, "--odd=");
}

TEST(CommandLine, TakesWordsByTheRulesOfPflag) {
  const RunCommand run = Parsed<RunCommand>(
      {"-q", "run", "s.js", "-u5", "-d=3s", "-pw", "--user-agent", "-x", "--rps=7", "-v"});
  EXPECT_TRUE(run.run.quiet);
  EXPECT_TRUE(run.log.verbose);
  EXPECT_EQ(run.test.script, "s.js");
  EXPECT_EQ(run.test.flags.vus, 5);
  EXPECT_EQ(run.test.flags.duration, absl::Seconds(3));
  EXPECT_EQ(run.test.flags.paused, true);
  EXPECT_EQ(run.test.flags.throw_on_error, true);
  EXPECT_EQ(run.test.flags.user_agent, "-x");
  EXPECT_EQ(run.test.flags.rps, 7);
  EXPECT_EQ(
      Parsed<RunCommand>({"--log-format", "raw", "run", "--logformat=json", "s.js"}).log.format,
      LogSettings::Format::kJson);
}

TEST(CommandLine, TellsTheVersionInAllWaysOfK6) {
  for (const char* word : {"-v", "--version", "version"}) {
    EXPECT_TRUE(std::holds_alternative<VersionCommand>(
        std::get<CommandLine>(ParseCommandLine({word}, {})).command))
        << word;
  }
}

TEST(CommandLine, ArchivesAreWrittenAndReadByName) {
  const ArchiveCommand archive = Parsed<ArchiveCommand>({"archive", "s.js", "-O", "x.tar"});
  EXPECT_EQ(archive.out, "x.tar");
  EXPECT_FALSE(archive.exclude_env);
  EXPECT_FALSE(archive.test.include_system_env_vars);
  EXPECT_TRUE(Parsed<ArchiveCommand>({"archive", "--exclude-env-vars", "s.js"}).exclude_env);
  EXPECT_EQ(Parsed<ArchiveCommand>({"archive", "s.js"}).out, "archive.tar");
  EXPECT_EQ(Parsed<RunCommand>({"run", "x.tar"}).test.type, ScriptType::kGuess);
  EXPECT_EQ(Parsed<RunCommand>({"run", "--type=archive", "-"}).test.type, ScriptType::kArchive);
}

TEST(CommandLine, ModulesAreKeptUnlessToldOtherwise) {
  const auto folder = [](std::vector<std::string> args, const Environment& environment) {
    args.insert(args.begin(), "run");
    args.emplace_back("s.js");
    return Parsed<RunCommand>(args, environment).test.modules.cache_folder;
  };
  EXPECT_EQ(folder({}, {{"HOME", "/h"}}), "/h/.cache/lockstep/modules");
  EXPECT_EQ(folder({}, {{"HOME", "/h"}, {"XDG_CACHE_HOME", "/c"}}), "/c/lockstep/modules");
  EXPECT_EQ(folder({}, {}), "");
  EXPECT_EQ(folder({}, {{"LOCKSTEP_MODULE_CACHE", "/m"}, {"HOME", "/h"}}), "/m");
  EXPECT_EQ(folder({"--module-cache", "none"}, {{"HOME", "/h"}}), "");
  EXPECT_TRUE(Parsed<RunCommand>({"run", "--locked", "s.js"}).test.modules.locked);
}

TEST(CommandLine, ReportTakesAResultAndPerhapsABaseline) {
  auto result = ParseCommandLine({"report", "a/result.json"}, {});
  const auto& plain = std::get<ReportCommand>(std::get<CommandLine>(result).command);
  EXPECT_EQ(plain.result, "a/result.json");
  EXPECT_EQ(plain.out, "a/result.html");
  EXPECT_EQ(plain.base, "");
  result = ParseCommandLine(
      {"report", "new.json", "--compare", "base.json", "-o", "-", "--alpha", "0.05"}, {});
  const auto& compared = std::get<ReportCommand>(std::get<CommandLine>(result).command);
  EXPECT_EQ(compared.base, "base.json");
  EXPECT_EQ(compared.out, "-");
  EXPECT_EQ(compared.config.alpha, 0.05);
  result = ParseCommandLine({"report"}, {});
  EXPECT_THAT(std::get<CommandLineExit>(result).error,
              "the result file is missing (RESULT); expected lockstep report [FLAGS] RESULT");
}

TEST(CommandLine, ARunMayLeaveAReport) {
  auto result = ParseCommandLine({"run", "--report", "r.html", "s.js"}, {});
  EXPECT_EQ(std::get<RunCommand>(std::get<CommandLine>(result).command).run.report, "r.html");
  result = ParseCommandLine({"run", "s.js"}, {{"LOCKSTEP_REPORT", "v.html"}});
  EXPECT_EQ(std::get<RunCommand>(std::get<CommandLine>(result).command).run.report, "v.html");
}

TEST(CommandLine, KnowsWhetherAFlagOrAVariableSaidIt) {
  const RunCommand by_flag = Parsed<RunCommand>(
      {"run", "s.js", "--log-output=none", "--secret-source=mock=a=b", "--console-output=c"},
      {{"K6_LOG_OUTPUT", "stdout"}, {"K6_SECRET_SOURCE", "zz"}, {"K6_CONSOLE_OUTPUT", "x"}});
  EXPECT_EQ(by_flag.log.output_source, "--log-output");
  EXPECT_EQ(by_flag.log.console_source, "--console-output");
  EXPECT_THAT(by_flag.test.secret_sources, ElementsAre(Said("--secret-source", "mock=a=b")));
  const RunCommand by_variable = Parsed<RunCommand>(
      {"run", "s.js"},
      {{"K6_LOG_OUTPUT", "none"}, {"K6_SECRET_SOURCE", "zz"}, {"LOCKSTEP_CONSOLE_OUTPUT", "x"}});
  EXPECT_EQ(by_variable.log.output_source, "K6_LOG_OUTPUT");
  EXPECT_EQ(by_variable.log.console_source, "LOCKSTEP_CONSOLE_OUTPUT");
  EXPECT_THAT(by_variable.test.secret_sources, ElementsAre(Said("K6_SECRET_SOURCE", "zz")));
}

TEST(CommandLine, LeavesTheEqualsSignOfAValueThatStandsApart) {
  EXPECT_EQ(Refused({"run", "-e", "=5", "s.js"}).error.substr(0, 24), "-e: invalid value \"=5\": ");
  EXPECT_EQ(Parsed<RunCommand>({"run", "-u=3", "s.js"}).test.flags.vus, 3);
}

// As pflag reads them.
TEST(CommandLine, ALetterOfASwitchMayHaveAValueAndOthersBehindIt) {
  EXPECT_FALSE(Parsed<RunCommand>({"run", "-q=false", "s.js"}).run.quiet);
  const RunCommand run = Parsed<RunCommand>({"run", "-qvu3", "s.js", "-wp=false"});
  EXPECT_TRUE(run.run.quiet);
  EXPECT_TRUE(run.log.verbose);
  EXPECT_EQ(run.test.flags.vus, 3);
  EXPECT_EQ(run.test.flags.throw_on_error, true);
  EXPECT_EQ(run.test.flags.paused, false);
  EXPECT_EQ(Refused({"run", "-qz", "s.js"}).error,
            "unknown flag \"-z\" of run; see `lockstep help run`");
}

TEST(Variables, StandForEachFlagOfRunByOneRule) {
  const auto parsed = ParseCommandLine({"run", "s.js"}, {{"LOCKSTEP_AGENTS", "3"},
                                                         {"LOCKSTEP_ON_AGENT_LOSS", "redistribute"},
                                                         {"LOCKSTEP_LATE_AGENTS", "join"},
                                                         {"LOCKSTEP_MAX_VU_BLOCK", "9s"},
                                                         {"LOCKSTEP_PARTITION", "fair"},
                                                         {"LOCKSTEP_FAIL_ON_SUSPECT", "true"},
                                                         {"LOCKSTEP_QUIET", "1"},
                                                         {"LOCKSTEP_VERBOSE", "true"},
                                                         {"LOCKSTEP_SHOW_AGENTS", "true"},
                                                         {"LOCKSTEP_UPDATE_LOCK", "true"},
                                                         {"LOCKSTEP_EXECUTION_SEGMENT", "0:1/2"}});
  const auto& line = std::get<CommandLine>(parsed);
  EXPECT_THAT(line.warnings, ::testing::IsEmpty());
  const auto& command = std::get<RunCommand>(line.command);
  EXPECT_THAT(command.test.errors, ::testing::IsEmpty());
  EXPECT_EQ(command.run.agents, 3);
  EXPECT_TRUE(command.run.redistribute);
  EXPECT_TRUE(command.run.late_agents_join);
  EXPECT_EQ(command.run.max_vu_block, absl::Seconds(9));
  EXPECT_EQ(command.run.partition, Partition::kFair);
  EXPECT_TRUE(command.run.fail_on_suspect);
  EXPECT_TRUE(command.run.quiet);
  EXPECT_TRUE(command.run.show_agents);
  EXPECT_TRUE(command.log.verbose);
  EXPECT_TRUE(command.test.modules.update_lock);
}

TEST(Variables, OfOurOwnAreNamedWhereTheyAreWrong) {
  const auto parsed = ParseCommandLine(
      {"run", "s.js"}, {{"LOCKSTEP_AGENTS", "x"}, {"K6_PARTITION", "none"}, {"K6_AGENTS", "7"}});
  const auto& command = std::get<RunCommand>(std::get<CommandLine>(parsed).command);
  EXPECT_THAT(
      command.test.errors,
      ::testing::ElementsAre(::testing::StartsWith("LOCKSTEP_AGENTS: invalid value \"x\"")));
}

// What other commands mean by a flag of this name is not what a run does.
TEST(Variables, OfRunAreNotReadByOtherCommands) {
  const auto parsed = ParseCommandLine({"scale", "--max", "3"}, {{"LOCKSTEP_VUS", "5"}});
  EXPECT_EQ(std::get<ControlCommand>(std::get<CommandLine>(parsed).command).vus, -1);
}

TEST(Variables, OfWhichNothingIsKnownAreWarnedOf) {
  const Environment environment = {{"LOCKSTEP_DURATON", "3s"},
                                   {"LOCKSTEP_FAIL_ON_SUSPEKT", "true"},
                                   {"LOCKSTEP_EMPTY", ""},
                                   {"LOCKSTEP_CREDENTIALS", "/c"},
                                   {"LOCKSTEP_TOKEN", "0123456789"},
                                   {"LOCKSTEP_BIN", "x"},
                                   {"LOCKSTEP_INFLUXDB_USERNAME", "u"},
                                   {"LOCKSTEP_INFLUXDB_USERNAM", "u"},
                                   {"LOCKSTEP_PROMETHEUS_RW_HEADERS_X-Id", "u"},
                                   {"LOCKSTEP_SECRET_SOURCE_URL_METHOD", "GET"},
                                   {"LOCKSTEP_SECRET_SOURCE_URL_METHODS", "GET"},
                                   {"LOCKSTEP_SETUP_TIMEOUT", "5s"},
                                   {"LOCKSTEP_WEB_DASHBORD", "true"},
                                   {"K6_NOBODYS", "1"},
                                   {"K6_BROWSER_TIMEOUT", "30s"},
                                   {"K6_TEST_ALIAS", "t"},
                                   {"K6_DURATOIN", "3s"},
                                   {"K6_ITERATIONS", "3"},
                                   {"K6_OUT", "csv"},
                                   {"K6_VSU", "3"},
                                   // Which scripts have for themselves.
                                   {"K6_HOST", "h"},
                                   {"K6_STAGE", "s"},
                                   // Which is ours alone.
                                   {"K6_AGENTS", "3"},
                                   {"LOCKSTEP_ENV", "A=1"},
                                   {"LOCKSTEP_LISTEN", "h:1"},
                                   // What Kubernetes tells of a service called lockstep-agent.
                                   {"LOCKSTEP_AGENT_SERVICE_HOST", "10.0.0.1"},
                                   {"LOCKSTEP_AGENT_SERVICE_PORT_GRPC", "7411"},
                                   {"LOCKSTEP_AGENT_PORT", "tcp://10.0.0.1:7411"},
                                   {"LOCKSTEP_AGENT_PORT_7411_TCP", "tcp://10.0.0.1:7411"},
                                   {"LOCKSTEP_AGENT_PORT_7411_TCP_ADDR", "10.0.0.1"}};
  const auto parsed = ParseCommandLine({"run", "s.js"}, environment);
  EXPECT_THAT(
      std::get<CommandLine>(parsed).warnings,
      ::testing::ElementsAre(
          "LOCKSTEP_DURATON has no effect: there is no such variable; did you mean \"LOCKSTEP_DURATION\"?",
          ::testing::StartsWith("LOCKSTEP_ENV has no effect: there is no such variable"),
          ::testing::HasSubstr("did you mean \"LOCKSTEP_FAIL_ON_SUSPECT\"?"),
          ::testing::HasSubstr("did you mean \"LOCKSTEP_INFLUXDB_USERNAME\"?"),
          ::testing::HasSubstr("did you mean \"LOCKSTEP_SECRET_SOURCE_URL_METHOD\"?"),
          ::testing::HasSubstr("did you mean \"LOCKSTEP_WEB_DASHBOARD\"")));
  std::vector<std::string> unknown;
  for (const UnknownVariable& variable :
       std::get<RunCommand>(std::get<CommandLine>(parsed).command).test.unknown_variables) {
    unknown.push_back(variable.name + variable.meant);
  }
  EXPECT_THAT(unknown, ::testing::ElementsAre("K6_AGENTS; did you mean \"LOCKSTEP_AGENTS\"?",
                                              "K6_DURATOIN; did you mean \"K6_DURATION\"?",
                                              "K6_VSU; did you mean \"K6_VUS\"?"));
  const auto strict = ParseCommandLine({"run", "--strict", "s.js"}, environment);
  const auto& command = std::get<RunCommand>(std::get<CommandLine>(strict).command);
  // One of K6_ may be a script's own after all.
  EXPECT_THAT(
      command.test.errors,
      ::testing::AllOf(::testing::SizeIs(6), ::testing::Each(::testing::StartsWith("LOCKSTEP_"))));
  EXPECT_THAT(std::get<CommandLine>(strict).warnings, ::testing::IsEmpty());
  EXPECT_EQ(command.test.unknown_variables.size(), 3u);
  const auto status = ParseCommandLine({"status"}, environment);
  EXPECT_THAT(std::get<CommandLine>(status).warnings, ::testing::IsEmpty());
}

}  // namespace
}  // namespace lockstep::coordinator
