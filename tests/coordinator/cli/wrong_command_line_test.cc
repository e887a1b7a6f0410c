// What is told of a command line that is refused, or taken with a warning.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/coordinator/cli/parsed.h"

namespace lockstep::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(WrongCommandLine, RefusesBadValuesByNameWithCode255) {
  const struct {
    std::vector<std::string> args;
    const char* error;
  } kCases[] = {
      {{"run", "-d", "30", "s.js"},
       "-d: invalid duration \"30\": expected a number with a unit, such as 500ms, 1m30s "
       "or 1.5s"},
      {{"run", "-u", "many", "s.js"}, "-u: invalid value \"many\": expected an integer"},
      {{"run", "--stage", "5:1", "s.js"},
       "--stage: invalid value \"5:1\": expected [duration]:[target], such as 10s:5"},
      {{"run", "-e", "1BAD=2", "s.js"},
       "-e: invalid value \"1BAD=2\": expected NAME=value, with a NAME of letters, digits and "
       "_, not beginning with a digit"},
      {{"run", "--tag", "a", "s.js"}, "--tag: invalid value \"a\": expected name=value"},
      {{"run", "--agents", "0", "s.js"},
       "--agents: invalid value \"0\": expected an integer from 1 to 100"},
      {{"run", "--agents", "1000", "s.js"},
       "--agents: invalid value \"1000\": expected an integer from 1 to 100"},
      {{"plan", "--agents", "100001", "s.js"},
       "--agents: invalid value \"100001\": expected an integer from 1 to 10000"},
      {{"run", "--on-agent-loss", "tolerate=x", "s.js"},
       "--on-agent-loss: invalid value \"tolerate=x\": expected fail, redistribute, or "
       "tolerate=N% with N from 0 to 100"},
      {{"run", "--late-agents", "go", "--on-agent-loss", "redistribute", "s.js"},
       "--late-agents: invalid value \"go\": expected one of wait, join"},
      {{"run", "--late-agents", "join", "s.js"},
       "--late-agents=join: work moves to them only with --on-agent-loss redistribute"},
      {{"run", "--partition", "odd", "s.js"},
       "--partition: invalid value \"odd\": expected one of striped, fair"},
      {{"run", "--summary-mode", "x", "s.js"},
       "--summary-mode: invalid value \"x\": expected one of compact, full, disabled"},
      {{"run", "--log-output", "x", "s.js"},
       "log-output: invalid value \"x\": expected one of stderr, stdout, none, loki=URL, "
       "file=PATH or file=PATH,level=LEVEL, LEVEL being debug, info, warning or error"},
      {{"run", "--log-output", "file=", "s.js"},
       "log-output: invalid value \"file=\": expected one of"},
      {{"run", "--log-output", "file=a,level=loud", "s.js"},
       "log-output: invalid value \"file=a,level=loud\": expected one of"},
      {{"run", "--log-output", "file=a,size=1", "s.js"},
       "log-output: invalid value \"file=a,size=1\": expected one of"},
      {{"run", "--log-output", "files", "s.js"},
       "log-output: invalid value \"files\": expected one of"},
      {{"run", "--type", "x", "s.js"}, "--type: invalid value \"x\": expected one of js, archive"},
      {{"run", "--locked", "--update-lock", "s.js"}, "--locked, --update-lock: give one of them"},
      {{"run", "--module-cache=", "s.js"},
       "--module-cache: invalid value \"\": expected a folder, or none"},
      {{"archive", "--archive-out=", "s.js"},
       "--archive-out: invalid value \"\": expected a file, or - for standard output"},
      {{"run", "--vus=", "s.js"}, "--vus: invalid value \"\": expected an integer"},
      {{"run", "--paused=", "s.js"}, "--paused: invalid value \"\": expected true or false"},
      {{"run", "--no-summary=", "s.js"},
       "--no-summary: invalid value \"\": expected true or false"},
      {{"run", "--throw=maybe", "s.js"},
       "--throw: invalid value \"maybe\": expected true or false"},
      {{"run", "--http-debug=all", "s.js"}, "--http-debug: invalid value \"all\""},
      {{"scale"}, "scale: give --vus, --max, --agents or several of them"},
      {{"status", "host:x"},
       "server: invalid value \"host:x\": expected HOST:PORT, HOST (port 7411) or unix:PATH"},
  };
  for (const auto& [args, error] : kCases) {
    const CommandLineExit refused = Refused(args);
    EXPECT_THAT(refused.error, HasSubstr(error));
    EXPECT_EQ(refused.code, ExitCode::kOther);
  }
}

TEST(WrongCommandLine, AWrongNumberOfVusIsTheOnlyMistakeThatIsTold) {
  EXPECT_EQ(Refused({"scale", "-u", "-1"}).error,
            "-u: invalid value \"-1\": expected an integer, at least 0");
}

// The last one holds, but a mistake in another is one all the same.
TEST(WrongCommandLine, LooksAtEachValueOfAFlagUnderTheNameThatWasWritten) {
  EXPECT_EQ(
      Refused({"run",
               "-u",
               "2",
               "--vus",
               "x",
               "-u",
               "y",
               "--vus",
               "3",
               "--summary-mode",
               "z",
               "--summary-mode",
               "full",
               "--max-vu-block",
               "q",
               "--max-vu-block=1s",
               "--logformat",
               "w",
               "--log-format=raw",
               "--agents=0",
               "--agents=2",
               "--on-agent-loss=so",
               "--on-agent-loss=fail",
               "--log-output=v",
               "--log-output=none",
               "--quiet=maybe",
               "-q",
               "s.js"})
          .error,
      "--vus: invalid value \"x\": expected an integer\n"
      "-u: invalid value \"y\": expected an integer\n"
      "--summary-mode: invalid value \"z\": expected one of compact, full, disabled\n"
      "--quiet: invalid value \"maybe\": expected true or false\n"
      "--agents: invalid value \"0\": expected an integer from 1 to 100\n"
      "--on-agent-loss: invalid value \"so\": expected fail, redistribute, or tolerate=N% with "
      "N from 0 to 100\n"
      "--max-vu-block: invalid value \"q\": expected a duration such as 5s, or 0s for no "
      "limit\n"
      "--log-output: invalid value \"v\": expected one of stderr, stdout, none, loki=URL, "
      "file=PATH or file=PATH,level=LEVEL, LEVEL being debug, info, warning or error\n"
      "--logformat: invalid value \"w\": expected one of text, raw, json");
}

TEST(WrongCommandLine, NamesTheVariableOfABadValue) {
  EXPECT_EQ(Refused({"run", "s.js"}, {{"K6_SUMMARY_MODE", "x"}}).error,
            "K6_SUMMARY_MODE: invalid value \"x\": expected one of compact, full, disabled");
  EXPECT_EQ(Refused({"run", "s.js"}, {{"LOCKSTEP_LINGER", "x"}}).error,
            "LOCKSTEP_LINGER: invalid value \"x\": expected true or false");
}

TEST(WrongCommandLine, NamesTheVariableOfAMistakeThatIsNoFormat) {
  EXPECT_EQ(
      Refused({"coordinator", "s.js"}, {{"LOCKSTEP_WAIT_FOR_AGENTS", "9"}}).error,
      "LOCKSTEP_WAIT_FOR_AGENTS: " + Refused({"coordinator", "--wait-for-agents=9", "s.js"})
                                         .error.substr(std::string("--wait-for-agents: ").size()));
  EXPECT_EQ(Refused({"run", "s.js"}, {{"LOCKSTEP_LATE_AGENTS", "join"}}).error,
            "LOCKSTEP_LATE_AGENTS=join: work moves to them only with --on-agent-loss redistribute");
  EXPECT_EQ(Refused({"run", "--update-lock", "s.js"}, {{"LOCKSTEP_LOCKED", "true"}}).error,
            "LOCKSTEP_LOCKED, --update-lock: give one of them");
}

TEST(WrongCommandLine, WarnsOfWhatHasNoEffectUnderTheNameThatWasUsed) {
  const Environment environment = {{"K6_TRACES_OUTPUT", "otel"},
                                   {"K6_PROFILING_ENABLED", "true"},
                                   {"K6_FEATURES", "native-histograms"},
                                   {"LOCKSTEP_NO_SUMMARY", "true"}};
  const auto result = ParseCommandLine({"run", "s.js"}, environment);
  EXPECT_THAT(
      std::get<CommandLine>(result).warnings,
      ElementsAre(
          "LOCKSTEP_NO_SUMMARY: k6 has dropped this flag; --summary-mode=disabled says the same",
          "K6_TRACES_OUTPUT has no effect in this version",
          "K6_FEATURES has no effect in this version",
          "K6_PROFILING_ENABLED has no effect in this version"));
  EXPECT_THAT(
      std::get<CommandLine>(ParseCommandLine({"run", "s.js"}, {{"K6_TRACES_OUTPUT", "none"},
                                                               {"K6_PROFILING_ENABLED", "false"}}))
          .warnings,
      ElementsAre());
}

TEST(WrongCommandLine, SaysWhatThereIsForWhatPeopleKnowFromK6) {
  EXPECT_EQ(
      Refused({"cloud", "run", "s.js"}).error,
      "unknown command \"cloud\": k6 has it for its cloud; here `lockstep coordinator` runs a test on "
      "machines of your own; see `lockstep --help`");
  EXPECT_THAT(Refused({"stats"}).error, HasSubstr("`lockstep status` shows"));
  EXPECT_EQ(
      Refused({"run", "--exit-on-running", "s.js"}).error,
      "unknown flag \"--exit-on-running\" of run: k6 has it for its cloud, and Lockstep has none; see "
      "`lockstep help run`");
  EXPECT_EQ(
      Refused({"run", "--archive-out=x", "s.js"}).error,
      "unknown flag \"--archive-out\" of run: it is a flag of `archive`; see `lockstep help run`");
}

TEST(WrongCommandLine, RefusesUnknownFlagsAndMissingScriptsWithCode255) {
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"run", "--no-such", "s.js"}, {"run"}, {"frobnicate"}, {"-q"}}) {
    EXPECT_EQ(Refused(args).code, ExitCode::kOther);
    EXPECT_FALSE(Refused(args).error.empty());
  }
  EXPECT_THAT(Refused({"run", "--no-such", "s.js"}).error, HasSubstr("--no-such"));
}

TEST(WrongCommandLine, ShowsTheCompactSummaryForTheLegacyOneAndSaysSo) {
  auto result = ParseCommandLine({"run", "--summary-mode=legacy", "s.js"}, {});
  EXPECT_THAT(std::get<CommandLine>(result).warnings,
              ElementsAre(HasSubstr("--summary-mode=legacy: k6 has dropped this text")));
}

TEST(WrongCommandLine, NamesAnUnknownCommandAndThoseThereAre) {
  EXPECT_EQ(
      Refused({"frobnicate", "-u", "1"}).error,
      "unknown command \"frobnicate\"; there are run, coordinator, inspect, archive, plan, manifest, "
      "new, status, pause, resume, scale, stop, recover, runs, compare, report, certs, version, "
      "completion, help; see `lockstep --help`");
  EXPECT_THAT(Refused({"rnu", "s.js"}).error,
              HasSubstr("unknown command \"rnu\"; did you mean \"run\" or \"runs\"?"));
  EXPECT_THAT(
      Refused({"certs", "agnet"}).error,
      HasSubstr("unknown command \"certs agnet\"; did you mean \"agent\"? There are init, "));
  EXPECT_THAT(Refused({"s.js"}).error, HasSubstr("To run a script: lockstep run SCRIPT"));
  EXPECT_THAT(Refused({"help", "frobnicate"}).error, HasSubstr("unknown command \"frobnicate\""));
}

TEST(WrongCommandLine, TellsAllWrongFlagsAtOnceAndTakesNoAbbreviations) {
  EXPECT_EQ(Refused({"run", "--vuss", "2", "-Z", "--durati", "3s", "s.js", "--iterations"}).error,
            "unknown flag \"--vuss\" of run; did you mean \"--vus\"?; see `lockstep help run`\n"
            "unknown flag \"-Z\" of run; see `lockstep help run`\n"
            "unknown flag \"--durati\" of run; did you mean \"--duration\"?; see `lockstep help "
            "run`\n"
            "--iterations: its value is missing: expected N");
  // A letter beyond ASCII is named with the word that it stands in.
  EXPECT_EQ(Refused({"run", "-\u00e9", "-v\u00e9q", "s.js"}).error,
            "unknown flag \"-\u00e9\" of run; see `lockstep help run`\n"
            "unknown flag \"-v\u00e9q\" of run; see `lockstep help run`");
  EXPECT_EQ(Refused({"run", "--vus", "2", "--\u00e9=5", "s.js"}).error,
            "unknown flag \"--\u00e9\" of run; see `lockstep help run`");
  EXPECT_EQ(Refused({"run", "--paused", "true", "s.js"}).error,
            "unexpected word \"true\": a switch takes its value as in --paused=false; expected "
            "lockstep run [FLAGS] SCRIPT");
}

// A flag that has swallowed another one is the likely cause.
TEST(WrongCommandLine, TellsOfASurplusWordAlongWithWrongValues) {
  EXPECT_EQ(Refused({"run", "--duration", "-i", "1", "s.js"}).error,
            "unexpected word \"s.js\"; expected lockstep run [FLAGS] SCRIPT\n"
            "--duration: invalid duration \"-i\": expected a number with a unit, such as 500ms, "
            "1m30s or 1.5s");
}

TEST(WrongCommandLine, SaysWhichFlagHasTakenTheScriptForItsValue) {
  EXPECT_THAT(Refused({"run", "-e", "A=1", "-e", "ok.js"}).error,
              HasSubstr("standard input (\"ok.js\" was taken as the value of -e); expected"));
  EXPECT_THAT(Refused({"run", "--out", "ok.js"}).error,
              HasSubstr("(\"ok.js\" was taken as the value of --out)"));
  EXPECT_THAT(Refused({"run", "-q"}).error, Not(HasSubstr("taken")));
  EXPECT_THAT(Refused({"run", "--out=json"}).error, Not(HasSubstr("taken")));
}

TEST(WrongCommandLine, SaysThatK6HasDroppedNoSummary) {
  auto result = ParseCommandLine({"run", "--no-summary", "s.js"}, {});
  EXPECT_THAT(std::get<CommandLine>(result).warnings,
              ElementsAre(HasSubstr("--no-summary: k6 has dropped this flag")));
}

TEST(WrongCommandLine, WarnsOfFlagsWithoutEffect) {
  auto result = ParseCommandLine({"run", "--profiling-enabled", "--partition=fair", "s.js"}, {});
  EXPECT_THAT(std::get<CommandLine>(result).warnings,
              ElementsAre("--profiling-enabled has no effect in this version"));
  result = ParseCommandLine({"run", "s.js"}, {{"K6_CLOUD_TOKEN", "x"}, {"K6_SECRET_SOURCE", ""}});
  EXPECT_THAT(std::get<CommandLine>(result).warnings,
              ElementsAre("K6_CLOUD_TOKEN has no effect in this version"));
}

TEST(WrongCommandLine, TellsAWrongLogOutputWherePeopleSeeIt) {
  const auto log_of = [](const std::vector<std::string>& words, const Environment& environment) {
    const LogSettings log = Parsed<RunCommand>(words, environment).log;
    EXPECT_EQ(log.output, LogSettings::Output::kStderr);
    EXPECT_EQ(log.file, "");
    return Refused(words, environment).error;
  };
  for (const char* wrong : {"foo", "file=x,level=foo", "file="}) {
    EXPECT_THAT(
        log_of({"run", "s.js", "--log-output", wrong}, {}),
        HasSubstr(absl::StrCat("--log-output: invalid value \"", wrong, "\": expected one")));
    EXPECT_THAT(
        log_of({"run", "s.js"}, {{"K6_LOG_OUTPUT", wrong}}),
        HasSubstr(absl::StrCat("K6_LOG_OUTPUT: invalid value \"", wrong, "\": expected one")));
  }
}

}  // namespace
}  // namespace lockstep::coordinator
