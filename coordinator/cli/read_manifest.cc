// The flags of `lockstep manifest`.
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "common/base/random_bytes.h"
#include "coordinator/cli/read_commands.h"
#include "coordinator/convert/shell_words.h"

namespace lockstep::coordinator {
namespace {

constexpr int64_t kMostPods = 10'000;
constexpr size_t kRunIdBytes = 4;

// What the coordinator of the manifest would say of its further flags is said here.
void CheckFlags(FlagReader& reader, const ManifestSettings& settings) {
  std::vector<std::string> line = {"coordinator", "--insecure"};
  line.insert(line.end(), settings.flags.begin(), settings.flags.end());
  line.push_back("test.tar");
  std::variant<CommandLine, CommandLineExit> parsed =
      ParseCommandLine(line, reader.words().environment);
  std::string error;
  if (const auto* exit = std::get_if<CommandLineExit>(&parsed); exit != nullptr) {
    error = exit->error.empty() ? "it asks for help" : exit->error;
  } else if (const auto* command =
                 std::get_if<CoordinatorCommand>(&std::get<CommandLine>(parsed).command);
             command != nullptr) {
    error = absl::StrJoin(command->test.errors, "; ");
  }
  if (!error.empty()) {
    reader.Error(absl::StrCat("--flags: \"", absl::StrJoin(settings.flags, " "), "\": ", error));
  }
}

}  // namespace

ManifestCommand ReadManifest(FlagReader& reader) {
  ManifestCommand command{.test = ReadTest(reader, false), .log = ReadLog(reader), .settings = {}};
  ManifestSettings& settings = command.settings;
  const auto text = [&reader](const char* flag, std::string* value) {
    *value = reader.Text(flag).value_or(*value);
    if (reader.Text(flag) == "") {
      reader.Expected("", "a value; leave the flag away for none");
    }
  };
  settings.agents = reader.Int("agents", 1, 1, kMostPods);
  text("id", &settings.id);
  text("namespace", &settings.space);
  text("image", &settings.image);
  settings.insecure = reader.Is("insecure");
  text("credentials-secret", &settings.coordinator_secret);
  text("agent-credentials-secret", &settings.agent_secret);
  text("coordinator-name", &settings.coordinator_name);
  text("variables-secret", &settings.variables_secret);
  text("results-claim", &settings.results_claim);
  text("results-size", &settings.results_size);
  text("queue", &settings.queue);
  text("owner-uid", &settings.owner_uid);
  settings.suspended = reader.Is("suspended");
  settings.only_coordinator = reader.Is("only-coordinator");
  for (const Setting& set : reader.List("set")) {
    settings.sets.push_back(set.value);
  }
  for (const auto& [source, flags] : reader.List("flags")) {
    const absl::StatusOr<ShellCommand> words = ParseShellCommand(flags);
    if (!words.ok()) {
      reader.Error(
          absl::StrCat(source, ": invalid value \"", flags, "\": ", words.status().message()));
    } else if (!words->rest.empty()) {
      reader.Error(absl::StrCat(source, ": invalid value \"", flags, "\": \"", words->rest,
                                "\" is not for the coordinator: put it into quotes"));
    } else {
      settings.flags.insert(settings.flags.end(), words->words.begin(), words->words.end());
    }
  }
  CheckFlags(reader, settings);
  for (const auto& [source, label] : reader.List("label")) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(label, absl::MaxSplits('=', 1));
    settings.labels[parts.first] = parts.second;
    if (!absl::StrContains(label, '=')) {
      reader.Error(absl::StrCat(source, ": invalid value \"", label, "\": expected KEY=VALUE"));
    }
  }
  settings.ttl = reader.Time("ttl", settings.ttl, "a duration such as 24h");
  if (settings.id.empty()) {
    settings.id = absl::BytesToHexString(RandomBytes(kRunIdBytes));
  }
  for (std::string& mistake : MistakesIn(settings)) {
    reader.Error(std::move(mistake));
  }
  return command;
}

}  // namespace lockstep::coordinator
