// lockstep: the coordinator and the command line.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "common/base/clock.h"
#include "common/options/tiers.h"
#include "coordinator/cli/commands.h"
#include "coordinator/cli/compare_app.h"
#include "coordinator/cli/control_app.h"
#include "coordinator/cli/log_sink.h"
#include "coordinator/cli/run_app.h"

extern char** environ;

namespace lockstep::coordinator {
namespace {

Environment ReadEnvironment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string text = *entry;
    if (size_t equals = text.find('='); equals != std::string::npos) {
      environment[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  return environment;
}

const LogSettings& LogOf(const Command& command) {
  static const LogSettings defaults;
  return *std::visit(
      [](const auto& c) -> const LogSettings* {
        if constexpr (requires { c.log; }) {
          return &c.log;
        } else {
          return &defaults;
        }
      },
      command);
}

ExitCode Execute(const Command& command, const Environment& environment, RunLogger& logger) {
  if (const auto* control = std::get_if<ControlCommand>(&command)) {
    return ExecuteControl(*control, logger);
  }
  if (const auto* compare = std::get_if<CompareCommand>(&command)) {
    return ExecuteCompare(*compare, logger);
  }
  if (const auto* version = std::get_if<VersionCommand>(&command)) {
    fputs(version->json ? "{\"version\":\"" LOCKSTEP_VERSION "\"}\n"
                        : "lockstep " LOCKSTEP_VERSION "\n",
          stdout);
    return ExitCode::kSuccess;
  }
  if (const auto* coordinator = std::get_if<CoordinatorCommand>(&command)) {
    if (!coordinator->transport.insecure) {
      logger.Error("--insecure: must be given, as connections are plain text until TLS is there");
      return ExitCode::kInvalidConfig;
    }
    return ExecuteRun(ToRequest(*coordinator), environment, logger);
  }
  if (const auto* run = std::get_if<RunCommand>(&command)) {
    return ExecuteRun(ToRequest(*run), environment, logger);
  }
  if (const auto* inspect = std::get_if<InspectCommand>(&command)) {
    return ExecuteRun(ToRequest(*inspect), environment, logger);
  }
  return ExecuteRun(ToRequest(std::get<PlanCommand>(command)), environment, logger);
}

int Main(const std::vector<std::string>& args) {
  const absl::Time start = SystemClock().Wall();
  const Environment environment = ReadEnvironment();
  std::variant<CommandLine, CommandLineExit> parsed = ParseCommandLine(args, environment);
  const bool terminal = isatty(STDERR_FILENO) != 0;
  if (auto* exit = std::get_if<CommandLineExit>(&parsed); exit != nullptr) {
    fputs(exit->output.c_str(), stdout);
    if (!exit->error.empty()) {
      if (auto logger = MakeLogger(LogSettings(), terminal, start); logger.ok()) {
        (*logger)->Error(exit->error);
      }
    }
    return static_cast<int>(exit->code);
  }
  CommandLine line = std::get<CommandLine>(std::move(parsed));
  absl::StatusOr<std::unique_ptr<RunLogger>> logger =
      MakeLogger(LogOf(line.command), terminal, start);
  if (!logger.ok()) {
    fprintf(stderr, "lockstep: %s\n", std::string(logger.status().message()).c_str());
    return static_cast<int>(ExitCode::kInvalidConfig);
  }
  for (const std::string& warning : line.warnings) {
    (*logger)->Warn(warning);
  }
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);  // we say what is wrong ourselves
  return static_cast<int>(Execute(line.command, environment, **logger));
}

}  // namespace
}  // namespace lockstep::coordinator

int main(int argc, char** argv) {
  return lockstep::coordinator::Main(std::vector<std::string>(argv + 1, argv + argc));
}
