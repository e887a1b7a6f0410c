// What the tables of flags, and so the help, say of a flag that is not given is what holds then.
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

#include "common/options/tiers.h"
#include "coordinator/app/commands.h"
#include "coordinator/cli/command_table.h"

namespace lockstep::coordinator {
namespace {

// All that flags with a default set, as text.
std::string Shown(const TestSettings& test) {
  return absl::StrCat(test.modules.cache_folder, " ", test.base_mode.value_or(false), " ",
                      absl::StrJoin(test.errors, "\n"));
}
std::string Shown(const RunSettingsFlags& run) {
  return absl::StrCat(run.agents, " ", run.redistribute, run.late_agents_join, " ",
                      absl::FormatDuration(run.max_vu_block), " ", static_cast<int>(run.partition),
                      " ", static_cast<int>(run.summary_mode));
}
std::string Shown(const LogSettings& log) {
  return absl::StrCat(static_cast<int>(log.output), " ", static_cast<int>(log.format));
}
std::string Shown(const CompareConfig& config) {
  return absl::StrCat(config.alpha, " ", config.min_change, " ", config.min_millis, " ",
                      config.min_points);
}
std::string Shown(const ManifestSettings& settings) {
  return absl::StrCat(settings.agents, " ", settings.image, " ", absl::FormatDuration(settings.ttl),
                      " ", settings.coordinator_secret, " ", settings.agent_secret, " ",
                      settings.coordinator_name);
}

struct ShowCommand {
  std::string operator()(const RunCommand& c) const {
    return absl::StrCat(Shown(c.test), Shown(c.run), Shown(c.log));
  }
  std::string operator()(const CoordinatorCommand& c) const {
    return absl::StrCat(Shown(c.test), Shown(c.run), Shown(c.log), c.listen);
  }
  std::string operator()(const InspectCommand& c) const {
    return absl::StrCat(Shown(c.test), Shown(c.log));
  }
  std::string operator()(const ArchiveCommand& c) const {
    return absl::StrCat(Shown(c.test), Shown(c.log), c.out);
  }
  std::string operator()(const PlanCommand& c) const {
    return absl::StrCat(Shown(c.test), Shown(c.log), c.weights.size(), " ",
                        static_cast<int>(c.partition));
  }
  std::string operator()(const ManifestCommand& c) const {
    return absl::StrCat(Shown(c.test), Shown(c.log), Shown(c.settings));
  }
  std::string operator()(const ControlCommand& c) const { return Shown(c.log); }
  std::string operator()(const RecoverCommand& c) const { return Shown(c.log); }
  std::string operator()(const RunsCommand& c) const {
    return absl::StrCat(Shown(c.log), " ", c.most);
  }
  std::string operator()(const CompareCommand& c) const {
    return absl::StrCat(Shown(c.log), Shown(c.config));
  }
  std::string operator()(const ReportCommand& c) const {
    return absl::StrCat(Shown(c.log), Shown(c.config));
  }
  std::string operator()(const CertsCommand& c) const {
    return absl::StrCat(Shown(c.log), c.folder);
  }
  std::string operator()(const NewCommand& c) const {
    return absl::StrCat(Shown(c.log), c.template_name);
  }
  std::string operator()(const VersionCommand&) const { return ""; }
};

constexpr absl::string_view kRefused = "refused: ";

// What the command line comes to, its mistakes and warnings included; "": no command, but its help.
std::string Outcome(const std::vector<std::string>& words) {
  const auto parsed = ParseCommandLine(words, {{"HOME", "/home/somebody"}});
  if (const auto* exit = std::get_if<CommandLineExit>(&parsed); exit != nullptr) {
    return exit->error.empty() ? "" : absl::StrCat(kRefused, exit->error);
  }
  const CommandLine& line = std::get<CommandLine>(parsed);
  return absl::StrCat(std::visit(ShowCommand(), line.command), "; ",
                      absl::StrJoin(line.warnings, "\n"));
}

// The command with the words that it must have.
std::vector<std::string> WordsOf(const CommandSpec& command) {
  const std::map<std::string, std::vector<std::string>> needed = {
      {"runs", {"--journal", "j"}},
      {"recover", {"j"}},
      {"scale", {"--vus", "1"}},
      {"compare", {"a", "b"}},
      {"certs coordinator", {"--host", "h"}}};
  std::vector<std::string> words = absl::StrSplit(command.name, ' ');
  if (const auto found = needed.find(command.name); found != needed.end()) {
    words.insert(words.end(), found->second.begin(), found->second.end());
  } else if (!command.arguments.empty() && command.arguments[0].required) {
    words.push_back("a");
  }
  return words;
}

// Flags that a command takes for k6's sake, or as all do, and has no use for.
bool IsWithoutEffect(const CommandSpec& command, const Flag& flag) {
  return command.name == "version" ||
         (flag.name == "summary-mode" && (command.name == "inspect" || command.name == "archive"));
}

// Something else than the default.
std::string OtherValue(const Flag& flag) {
  const std::vector<std::string> choices = absl::StrSplit(flag.value, '|');
  if (choices.size() > 1) {
    return choices.back() == flag.initial ? choices.front() : choices.back();
  }
  return flag.value == "N"       ? "0.25"
         : flag.value == "TIME"  ? "7m"
         : flag.value == "WHERE" ? "stdout"
                                 : "other:1";
}

TEST(Defaults, OfTheTablesAreWhatHolds) {
  std::set<std::string> options;  // whose defaults are their rows'
  for (const OptionFlag& option : OptionFlags()) {
    options.insert(FlagOf(option.spec).name);
  }
  int seen = 0;
  for (const CommandSpec& command : AllCommands()) {
    const std::vector<std::string> words = WordsOf(command);
    const std::string without = Outcome(words);
    for (const Flag& flag : command.flags) {
      // An authority's days are those of the verb, where none are given.
      if (flag.initial.empty() || options.contains(flag.name) || flag.name == "days" ||
          without.empty() || absl::StartsWith(without, kRefused)) {
        continue;
      }
      SCOPED_TRACE(absl::StrCat(command.name, " --", flag.name));
      const auto with = [&](const std::string& value) {
        std::vector<std::string> line = words;
        line.push_back(absl::StrCat("--", flag.name, "=", value));
        return Outcome(line);
      };
      EXPECT_EQ(with(absl::StrReplaceAll(flag.initial, {{"~", "/home/somebody"}})), without);
      EXPECT_EQ(with(OtherValue(flag)) == without, IsWithoutEffect(command, flag));
      ++seen;
    }
  }
  EXPECT_GT(seen, 60);
}

}  // namespace
}  // namespace lockstep::coordinator
