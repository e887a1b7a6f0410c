// lockstep: the coordinator and the command line.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <google/protobuf/stubs/logging.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "common/base/clock.h"
#include "common/base/version.h"
#include "common/options/tiers.h"
#include "coordinator/app/certs.h"
#include "coordinator/app/commands.h"
#include "coordinator/app/compare.h"
#include "coordinator/app/control.h"
#include "coordinator/app/run_app.h"
#include "coordinator/console/log_sink.h"

namespace lockstep::coordinator {
namespace {

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

ExitCode ExecuteCoordinator(const CoordinatorCommand& command, const Environment& environment,
                            RunLogger& logger) {
  absl::StatusOr<std::optional<Credentials>> credentials =
      ChooseCredentials(command.transport.insecure, command.transport.credentials, environment,
                        Role::kCoordinator, SystemClock().Wall());
  if (!credentials.ok()) {
    logger.Error(std::string(credentials.status().message()));
    return ExitCode::kInvalidConfig;
  }
  RunRequest request = ToRequest(command);
  request.credentials = *std::move(credentials);
  return ExecuteRun(std::move(request), environment, logger);
}

ExitCode Execute(const Command& command, const Environment& environment, RunLogger& logger) {
  if (const auto* control = std::get_if<ControlCommand>(&command)) {
    return ExecuteControl(*control, environment, logger);
  }
  if (const auto* compare = std::get_if<CompareCommand>(&command)) {
    return ExecuteCompare(*compare, logger);
  }
  if (const auto* certs = std::get_if<CertsCommand>(&command)) {
    return ExecuteCerts(*certs, SystemClock().Wall(), logger);
  }
  if (const auto* version = std::get_if<VersionCommand>(&command)) {
    printf(version->json ? "{\"version\":\"%s\"}\n" : "lockstep %s\n", kVersion);
    return ExitCode::kSuccess;
  }
  if (const auto* coordinator = std::get_if<CoordinatorCommand>(&command)) {
    return ExecuteCoordinator(*coordinator, environment, logger);
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
  const Environment environment = SystemEnvironment();
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
  google::protobuf::SetLogHandler(nullptr);
  return static_cast<int>(Execute(line.command, environment, **logger));
}

}  // namespace
}  // namespace lockstep::coordinator

int main(int argc, char** argv) {
  return lockstep::coordinator::Main(std::vector<std::string>(argv + 1, argv + argc));
}
