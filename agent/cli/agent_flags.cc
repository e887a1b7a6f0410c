#include "agent/cli/agent_flags.h"

#include <iterator>

#include <unistd.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/agent_name.h"
#include "common/base/message_limits.h"
#include "common/base/version.h"
#include "common/flags/flag_completion.h"
#include "common/flags/flag_help.h"
#include "common/flags/flag_reader.h"
#include "common/flags/flag_variables.h"
#include "common/flags/flag_words.h"
#include "common/web/web_server.h"

namespace lockstep::agent {
namespace {

using Kind = FlagSpec::Kind;

constexpr int64_t kMostWorkers = 1024;

constexpr FlagSpec kFlags[] = {
    {"--coordinator", Kind::kValue, "coordinator's address; the default port is 7411",
     "HOST[:PORT]|unix:PATH"},
    {"--credentials", Kind::kValue,
     "folder with this agent's certificates and token, as `lockstep certs` makes it", "FOLDER"},
    {"--coordinator-name", Kind::kValue,
     "name in the coordinator's certificate; without it, the host of its address", "NAME"},
    {"--insecure", Kind::kSwitch, "plain text: everybody on the way can read the script"},
    {"--name", Kind::kValue, "name in the fleet; without it, host name and process id", "NAME"},
    {"--weight", Kind::kValue, "share of the work, relative to the other agents' weights", "N",
     "1"},
    {"--label", Kind::kList, "shown in the status; may be repeated", "KEY=VALUE"},
    {"--metrics-address", Kind::kValue, "serve /metrics, /healthz and /readyz there", "HOST:PORT"},
    {"--once", Kind::kSwitch, "end after one run, and give up when no coordinator can be reached"},
    {"--workers", Kind::kValue, "worker threads; without it, one for each processor", "N"},
    {"-v,--verbose", Kind::kSwitch, "show debug messages"},
    {"--completion", Kind::kValue, "print a completion of this program for a shell",
     "bash|zsh|fish"},
    {"--version", Kind::kSwitch, "print the version"},
    {"-h,--help", Kind::kSwitch, "show this help"},
};
// Behind LOCKSTEP_.
constexpr const char* kVariables[] = {"CREDENTIALS", "TLS_CA",      "TLS_CERT",
                                      "TLS_KEY",     "TLS_REVOKED", "TOKEN"};
// For agents that a coordinator starts: not shown.
constexpr FlagSpec kParentFlag = {"--parent", Kind::kValue, "process to die with", "ID"};

std::vector<Flag> Flags() {
  std::vector<Flag> flags;
  for (const FlagSpec& spec : kFlags) {
    flags.push_back(FlagOf(spec));
  }
  return flags;
}

std::string Help() {
  std::string text =
      "Joins a Lockstep coordinator and runs the virtual users that it assigns\n\n"
      "Usage: lockstep-agent --coordinator HOST[:PORT] [FLAGS]\n\nFlags:\n";
  for (const Flag& flag : Flags()) {
    absl::StrAppend(&text, HelpRowOf(flag));
  }
  return text;
}

std::string DefaultName() {
  char host[256] = "agent";
  if (gethostname(host, sizeof(host) - 1) != 0) {
    host[0] = '\0';
  }
  return absl::StrCat(host, "-", getpid());
}

std::map<std::string, std::string> ReadLabels(FlagReader& reader) {
  std::map<std::string, std::string> labels;
  for (const auto& [source, label] : reader.List("label")) {
    const size_t equals = label.find('=');
    if (equals == std::string::npos || equals == 0) {
      reader.Error(absl::StrCat(source, ": invalid value \"", label, "\": expected KEY=VALUE"));
    } else {
      labels[label.substr(0, equals)] = label.substr(equals + 1);
    }
  }
  return labels;
}

// One that the coordinator would refuse, again and again, is told of before.
std::string ReadName(FlagReader& reader) {
  std::string name = reader.String("name");
  if (name.empty()) {
    return DefaultName();
  }
  if (!IsAgentName(name)) {
    reader.Error(absl::StrCat("--name: invalid value \"", absl::CHexEscape(name),
                              "\": expected at most ", kMostAgentNameBytes,
                              " bytes of UTF-8 without control characters"));
  }
  return name;
}

AgentFlags ReadFlags(FlagReader& reader) {
  AgentFlags flags;
  if (const auto coordinator = reader.Text("coordinator"); coordinator.has_value()) {
    flags.coordinator = reader.Address(*coordinator).value_or("");
  } else {
    reader.Error("--coordinator is missing: expected HOST[:PORT] or unix:PATH");
  }
  flags.credentials = reader.String("credentials", "CREDENTIALS");
  flags.coordinator_name = reader.String("coordinator-name");
  flags.insecure = reader.Is("insecure");
  flags.name = ReadName(reader);
  flags.weight = reader.Int("weight", flags.weight, 1, kMostWeight);
  flags.labels = ReadLabels(reader);
  flags.metrics_address = reader.String("metrics-address");
  if (!flags.metrics_address.empty()) {
    if (const absl::Status good = WebServer::CheckAddress(flags.metrics_address); !good.ok()) {
      reader.Error(absl::StrCat(reader.source(), ": ", good.message()));
    }
  }
  flags.once = reader.Is("once");
  flags.workers = reader.Int("workers", flags.workers, 1, kMostWorkers);
  flags.verbose = reader.Is("verbose");
  flags.parent = reader.Int("parent", flags.parent, 1);
  return flags;
}

}  // namespace

std::variant<AgentFlags, AgentFlagsExit> ParseAgentFlags(const std::vector<std::string>& args,
                                                         const Environment& environment) {
  std::vector<Flag> flags = Flags();
  flags.push_back(FlagOf(kParentFlag));
  FlagWords read = ReadFlagWords(args, flags);
  GivenWords words(environment);
  words.errors = MistakesIn(read, Flags(), "lockstep-agent", "lockstep-agent --help");
  for (const std::string& word : read.arguments) {
    words.errors.push_back(absl::StrCat("unexpected word \"", word, "\"; expected flags only"));
  }
  words.values = std::move(read.values);
  FlagReader reader(&words);
  if (reader.Is("help")) {
    return AgentFlagsExit{ExitCode::kSuccess, Help(), ""};
  }
  if (reader.Is("version")) {
    return AgentFlagsExit{ExitCode::kSuccess, absl::StrCat("lockstep-agent ", kVersion, "\n"), ""};
  }
  if (const std::optional<std::string> shell = reader.Text("completion"); shell.has_value()) {
    const absl::Status known = CheckShell(*shell, "--completion");
    return known.ok() ? AgentFlagsExit{ExitCode::kSuccess,
                                       CompletionOfFlags(*shell, "lockstep-agent", Flags()), ""}
                      : AgentFlagsExit{ExitCode::kOther, "", std::string(known.message())};
  }
  AgentFlags known = ReadFlags(reader);
  if (known.parent == 0) {  // otherwise it is the coordinator's environment, and for that to tell
    for (const UnknownVariable& unknown :
         UnknownVariables(environment, {.names = {std::begin(kVariables), std::end(kVariables)},
                                       .others = KnownVariables::Others::kSome})) {
      known.warnings.push_back(WarningOf(unknown));
    }
  }
  if (!words.errors.empty()) {
    return AgentFlagsExit{ExitCode::kOther, "", absl::StrJoin(words.errors, "\n")};
  }
  return known;
}

}  // namespace lockstep::agent
