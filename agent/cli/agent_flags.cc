#include "agent/cli/agent_flags.h"

#include <algorithm>
#include <sstream>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "common/base/host_port.h"
#include "common/base/version.h"

namespace lockstep::agent {
namespace {

constexpr int64_t kMostWeight = 1'000'000;  // as in control.proto

std::string DefaultName() {
  char host[256] = "agent";
  if (gethostname(host, sizeof(host) - 1) != 0) {
    host[0] = '\0';
  }
  return absl::StrCat(host, "-", getpid());
}

}  // namespace

std::variant<AgentFlags, AgentFlagsExit> ParseAgentFlags(const std::vector<std::string>& args) {
  AgentFlags flags;
  std::vector<std::string> labels;
  CLI::App app("Joins a Lockstep coordinator and runs the virtual users that it assigns",
               "lockstep-agent");
  app.set_version_flag("--version", absl::StrCat("lockstep-agent ", kVersion));
  app.add_option("--coordinator", flags.coordinator,
                 "Address of the coordinator, HOST[:PORT] (port 7411) or unix:PATH")
      ->required();
  app.add_option("--credentials", flags.credentials,
                 "Folder with this agent's certificates and token, as `lockstep certs` makes it")
      ->envname("LOCKSTEP_CREDENTIALS");
  app.add_option("--coordinator-name", flags.coordinator_name,
                 "Name in the coordinator's certificate (default: the host of its address)");
  app.add_flag("--insecure", flags.insecure,
               "Speak plain text: everybody on the way can read the script");
  app.add_option("--name", flags.name, "Name in the fleet (default: host name and process id)");
  app.add_option("--weight", flags.weight,
                 "Share of the work relative to the other agents' weights (default 1)");
  app.add_option("--label", labels, "KEY=VALUE, shown in the status; may be repeated");
  app.add_option("--metrics-address", flags.metrics_address,
                 "Serve /metrics, /healthz and /readyz on HOST:PORT (default: nowhere)");
  app.add_flag("--once", flags.once,
               "End after one run, and give up when no coordinator can be reached");
  app.add_option("--workers", flags.workers, "Worker threads (default: one for each processor)")
      ->check(CLI::Range(int64_t{0}, int64_t{1024}));
  app.add_flag("-v,--verbose", flags.verbose, "Show debug messages");
  app.add_option("--parent", flags.parent)->group("");  // for agents that a coordinator starts
  try {
    std::vector<std::string> reversed(args.rbegin(), args.rend());
    app.parse(reversed);
  } catch (const CLI::Success& success) {
    std::ostringstream out;
    app.exit(success, out, out);
    return AgentFlagsExit{ExitCode::kSuccess, out.str(), ""};
  } catch (const CLI::ParseError& error) {
    return AgentFlagsExit{ExitCode::kOther, "", error.what()};
  }
  absl::StatusOr<std::string> coordinator = CoordinatorAddress(flags.coordinator);
  if (!coordinator.ok()) {
    return AgentFlagsExit{ExitCode::kOther, "",
                          absl::StrCat("--coordinator: ", coordinator.status().message())};
  }
  flags.coordinator = *std::move(coordinator);
  if (flags.weight < 1 || flags.weight > kMostWeight) {
    return AgentFlagsExit{ExitCode::kOther, "",
                          absl::StrCat("--weight: invalid value ", flags.weight,
                                       ": expected an integer from 1 to ", kMostWeight)};
  }
  for (const std::string& label : labels) {
    size_t equals = label.find('=');
    if (equals == std::string::npos || equals == 0) {
      return AgentFlagsExit{
          ExitCode::kOther, "",
          absl::StrCat("--label: invalid value \"", label, "\": expected KEY=VALUE")};
    }
    flags.labels[label.substr(0, equals)] = label.substr(equals + 1);
  }
  if (flags.name.empty()) {
    flags.name = DefaultName();
  }
  return flags;
}

}  // namespace lockstep::agent
