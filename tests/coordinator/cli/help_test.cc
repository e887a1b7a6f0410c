#include "coordinator/cli/help.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "common/base/host_port.h"
#include "coordinator/app/commands.h"
#include "coordinator/cli/completion.h"
#include "coordinator/cli/help_pages.h"
#include "tests/coordinator/cli/parsed.h"
#include "tests/support/golden.h"

namespace lockstep::coordinator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<CommandSpec>& Commands() {
  static const std::vector<CommandSpec> commands = AllCommands();
  return commands;
}

std::string HelpFor(absl::string_view name, bool all) {
  return CommandHelp(*FindCommand(Commands(), name), Commands(), all);
}

TEST(Help, PagesFitAScreen) {
  for (const CommandSpec& command : Commands()) {
    for (const bool all : {false, true}) {
      const std::vector<std::string> lines = absl::StrSplit(HelpFor(command.name, all), '\n');
      EXPECT_LE(lines.size(), all ? 140u : 50u) << command.name;
      for (const std::string& line : lines) {
        EXPECT_LE(line.size(), 80u) << line;
      }
    }
  }
  for (absl::string_view line : absl::StrSplit(RootHelp(Commands()), '\n')) {
    EXPECT_LE(line.size(), 80u);
  }
}

TEST(Help, TellsTypesDefaultsAndExamples) {
  const std::string brief = HelpFor("run", false);
  EXPECT_THAT(brief, HasSubstr("  -u, --vus N "));
  EXPECT_THAT(brief, HasSubstr("      --agents N "));
  EXPECT_THAT(brief, HasSubstr("(default: 1)"));
  EXPECT_THAT(brief, HasSubstr("--http-debug[=full]"));
  EXPECT_EQ(HelpPageOf("run").examples.size(), 5u);
  EXPECT_THAT(brief, Not(HasSubstr("--max-redirects")));
  const std::string all = HelpFor("run", true);
  EXPECT_THAT(all, HasSubstr("--max-redirects N"));
  EXPECT_THAT(all, HasSubstr("redirects to follow (default: 10)"));
}

TEST(Help, OfAllCommandsAsOneSet) {
  std::string text = absl::StrCat("$ lockstep help\n", RootHelp(Commands()));
  for (const CommandSpec& command : Commands()) {
    absl::StrAppend(&text, "\n$ lockstep help ", command.name, "\n",
                    HelpFor(command.name, /*all=*/false));
  }
  ExpectGolden("cli/help.txt", text);
}

TEST(Help, NamesThePortThatIsUsed) {
  EXPECT_EQ(kDefaultAddress, absl::StrCat("127.0.0.1:", kCoordinatorPort));
  EXPECT_THAT(HelpFor("coordinator", false),
              AllOf(HasSubstr(absl::StrCat("(default: ", kDefaultAddress, ")")),
                    HasSubstr(absl::StrCat("HOST:", kCoordinatorPort))));
  EXPECT_THAT(HelpFor("status", false), HasSubstr(kDefaultAddress));
}

// Each flag is on its command's page, unless it does nothing there.
TEST(Help, HasAllFlagsThatDoSomethingAndNoOthers) {
  for (const CommandSpec& command : Commands()) {
    std::vector<std::string> shown;
    for (const FlagGroup& group : GroupsOf(command, /*all=*/true)) {
      for (const Flag* flag : group.flags) {
        EXPECT_FALSE(IsUnlisted(flag->name)) << flag->name;
        shown.push_back(flag->name);
      }
    }
    for (const HelpGroup& group : HelpPageOf(command.name).groups) {
      for (const std::vector<const char*>& names : {group.brief, group.more}) {
        for (const char* name : names) {
          EXPECT_NE(command.Find(name), nullptr) << command.name << " has no --" << name;
        }
      }
    }
    for (const Flag& flag : command.flags) {
      const bool on_page = std::find(shown.begin(), shown.end(), flag.name) != shown.end();
      const bool runs = command.name == "run" || command.name == "coordinator";
      EXPECT_TRUE(on_page || IsUnlisted(flag.name) || !runs)
          << command.name << " is silent of --" << flag.name;
    }
  }
}

TEST(Help, ExamplesAreCommandLinesThatAreRight) {
  for (const CommandSpec& command : Commands()) {
    for (const HelpExample& example : HelpPageOf(command.name).examples) {
      absl::string_view line = example.line;
      if (!absl::ConsumePrefix(&line, "lockstep ") || absl::StrContains(line, ">") ||
          absl::StrContains(line, "|") || absl::StrContains(line, "'")) {
        continue;  // of a shell
      }
      const auto parsed = ParseCommandLine(absl::StrSplit(line, ' '), {});
      const auto* refused = std::get_if<CommandLineExit>(&parsed);
      EXPECT_TRUE(refused == nullptr || refused->code == ExitCode::kSuccess)
          << example.line << ": " << refused->error;
    }
  }
}

// That they can be read by their shells, and by man, is in tests/integration/help_test.py.
TEST(Completion, KnowsCommandsFlagsAndShells) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = CompletionFor(shell, Commands()).value();
    for (const char* word : {"coordinator", "revoke", "vus", "min-points"}) {
      EXPECT_THAT(script, HasSubstr(word)) << shell;
    }
    EXPECT_THAT(script, Not(HasSubstr("profiling-enabled"))) << shell;
  }
  EXPECT_THAT(CompletionFor("fish", Commands()).value(),
              AllOf(HasSubstr("from completion' -a 'bash zsh fish'"), Not(HasSubstr("\\:"))));
  EXPECT_THAT(CompletionFor("zsh", Commands()).value(), HasSubstr("'*:argument:(bash zsh fish)'"));
  EXPECT_EQ(CompletionFor("powershell", Commands()).status().message(),
            "completion: invalid value \"powershell\"; allowed: bash, zsh, fish");
}

TEST(ManualPage, HasNoLineThatRoffTakesForACommand) {
  for (const CommandSpec& command : Commands()) {
    for (absl::string_view line :
         absl::StrSplit(ManualPage(&command, Commands()), '\n', absl::SkipEmpty())) {
      EXPECT_TRUE(line[0] != '.' || absl::StartsWith(line, ".TH ") ||
                  absl::StartsWith(line, ".SH ") || absl::StartsWith(line, ".SS ") ||
                  line == ".TP" || line == ".ad l" || absl::StartsWith(line, ".B ") ||
                  absl::StartsWith(line, ".BR "))
          << line;
    }
  }
}

// All mistakes that a command line can have, as they are told.
TEST(Errors, OfTheCommandLineAsOneSet) {
  const char* const kLines[] = {
#include "tests/coordinator/cli/wrong_lines.inc"
  };
  std::string text;
  for (const char* line : kLines) {
    std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    Environment environment;
    while (!words.empty() && absl::StartsWith(words.front(), "LOCKSTEP_")) {
      const std::pair<std::string, std::string> setting =
          absl::StrSplit(words.front(), absl::MaxSplits('=', 1));
      environment.insert(setting);
      words.erase(words.begin());
    }
    auto parsed = ParseCommandLine(words, environment);
    std::string error;
    if (const auto* exit = std::get_if<CommandLineExit>(&parsed)) {
      error = exit->error;
    } else {
      std::visit(
          [&](const auto& command) {
            if constexpr (requires { command.test; }) {
              error = absl::StrJoin(command.test.errors, "\n");
            }
          },
          std::get<CommandLine>(parsed).command);
    }
    EXPECT_NE(error, "") << line;
    absl::StrAppend(&text, "$ lockstep ", line, "\n", error, "\n\n");
  }
  ExpectGolden("cli/errors.txt", text);
}

TEST(Warnings, OfTheCommandLineAsOneSet) {
  std::string text;
  for (const char* line :
       {"run --profiling-enabled s.js", "run --features=a s.js", "run --no-summary s.js",
        "run --summary-mode=legacy s.js", "run --traces-output=otel s.js"}) {
    const auto parsed = ParseCommandLine(absl::StrSplit(line, ' '), {});
    absl::StrAppend(&text, "$ lockstep ", line, "\n",
                    absl::StrJoin(std::get<CommandLine>(parsed).warnings, "\n"), "\n\n");
  }
  ExpectGolden("cli/warnings.txt", text);
}

TEST(Help, WithoutAWordItShowsHelp) {
  EXPECT_EQ(Refused({}).code, ExitCode::kSuccess);
  EXPECT_EQ(Refused({}).output, Refused({"--help"}).output);
  EXPECT_EQ(Refused({"certs"}).output, Refused({"help", "certs"}).output);
  EXPECT_THAT(Refused({"certs"}).output, HasSubstr("  certs revoke"));
}

TEST(Help, HelpIsACommandToo) {
  EXPECT_EQ(Refused({"help"}).output, Refused({"--help"}).output);
  EXPECT_EQ(Refused({"help", "run"}).output, Refused({"run", "--help"}).output);
  EXPECT_THAT(Refused({"help", "certs", "agent"}).output, HasSubstr("--days"));
  EXPECT_EQ(Refused({"help", "run"}).code, ExitCode::kSuccess);
  EXPECT_EQ(Refused({"certs", "help"}).output, Refused({"help", "certs"}).output);
  EXPECT_EQ(Refused({"certs", "help", "agent"}).output, Refused({"help", "certs", "agent"}).output);
  EXPECT_EQ(Refused({"certs", "help"}).code, ExitCode::kSuccess);
}

TEST(Letters, AreTheOnlyOnesThatAreTakenForOthers) {
  EXPECT_THAT(Refused({"recover", "runs.db", "-O", "x"}).error, HasSubstr("did you mean \"-o\"?"));
  EXPECT_THAT(Refused({"recover", "-\xC3\xA9", "runs.db"}).error,
              ::testing::Not(HasSubstr("did you mean")));
}

TEST(Help, ShowsHelp) {
  const CommandLineExit help = Refused({"run", "--help"});
  EXPECT_EQ(help.code, ExitCode::kSuccess);
  EXPECT_THAT(help.output, HasSubstr("--vus"));
}

}  // namespace
}  // namespace lockstep::coordinator
