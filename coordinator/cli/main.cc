// lockstep: the coordinator and the command line.
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <google/protobuf/stubs/logging.h>
#include <signal.h>
#include <unistd.h>

#include "absl/strings/str_join.h"

#include "common/base/clock.h"
#include "common/base/open_files.h"
#include "common/base/thread_room.h"
#include "coordinator/app/certs.h"
#include "coordinator/app/commands.h"
#include "coordinator/app/compare.h"
#include "coordinator/app/control.h"
#include "coordinator/app/inspect.h"
#include "coordinator/app/logging.h"
#include "coordinator/app/named_files.h"
#include "coordinator/app/new_script.h"
#include "coordinator/app/recover.h"
#include "coordinator/app/report.h"
#include "coordinator/app/run_app.h"
#include "coordinator/app/runs.h"
#include "coordinator/app/version.h"
#include "coordinator/console/log_sink.h"
#include "coordinator/console/streams.h"

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

// Carries out a command.
struct Execute {
  const Environment& environment;
  RunLogger& logger;

  ExitCode operator()(const RunCommand& run) const { return ExecuteRun(run, environment, logger); }
  ExitCode operator()(const CoordinatorCommand& coordinator) const {
    return ExecuteCoordinator(coordinator, environment, logger);
  }
  ExitCode operator()(const InspectCommand& inspect) const {
    return ExecuteInspect(inspect, environment, logger);
  }
  ExitCode operator()(const ArchiveCommand& archive) const {
    return ExecuteArchive(archive, environment, logger);
  }
  ExitCode operator()(const PlanCommand& plan) const {
    return ExecutePlan(plan, environment, logger);
  }
  ExitCode operator()(const ControlCommand& control) const {
    return ExecuteControl(control, environment, logger);
  }
  ExitCode operator()(const ManifestCommand& manifest) const {
    return ExecuteManifest(manifest, environment, logger);
  }
  ExitCode operator()(const RecoverCommand& recover) const {
    return ExecuteRecover(recover, environment, logger);
  }
  ExitCode operator()(const RunsCommand& runs) const { return ExecuteRuns(runs, logger); }
  ExitCode operator()(const CompareCommand& compare) const {
    return ExecuteCompare(compare, logger);
  }
  ExitCode operator()(const ReportCommand& report) const { return ExecuteReport(report, logger); }
  ExitCode operator()(const CertsCommand& certs) const {
    return ExecuteCerts(certs, SystemClock().Wall(), logger);
  }
  ExitCode operator()(const NewCommand& command) const { return ExecuteNew(command, logger); }
  ExitCode operator()(const VersionCommand& version) const {
    WriteStdout(VersionText(version.json));
    return ExitCode::kSuccess;
  }
};

// Where the mistakes of a command about a test are told together; null for the others.
std::vector<std::string>* MistakesOf(Command& command) {
  return std::visit(
      [](auto& c) -> std::vector<std::string>* {
        if constexpr (requires { c.test; }) {
          return &c.test.errors;
        } else {
          return nullptr;
        }
      },
      command);
}

// The command's logger. Where its places cannot be written, the command line is wrong: of a test
// that is told with all else that is, by the logger that there is without one. The error, where the
// command cannot tell it.
absl::StatusOr<std::unique_ptr<RunLogger>> LoggerOf(Command& command, bool terminal,
                                                    absl::Time start) {
  std::vector<NamedFile> files = ReadFilesOf(command);
  for (NamedFile& file : FilesOf(LogOf(command))) {
    files.push_back(std::move(file));
  }
  std::vector<std::string> mistakes = ClashesOf(files);  // before any line goes there
  if (mistakes.empty()) {
    absl::StatusOr<std::unique_ptr<RunLogger>> logger =
        MakeRunLogger(LogOf(command), terminal, start);
    if (logger.ok()) {
      return logger;
    }
    mistakes.emplace_back(logger.status().message());
  }
  std::vector<std::string>* const all = MistakesOf(command);
  if (all == nullptr) {
    return absl::InvalidArgumentError(absl::StrJoin(mistakes, "\n"));
  }
  all->insert(all->end(), mistakes.begin(), mistakes.end());
  return MakeLogger(LogSettings(), terminal, start);
}

// To where messages go by default: the command line has not told of another place.
void LogError(const std::string& error, bool terminal, absl::Time start) {
  if (auto logger = MakeLogger(LogSettings(), terminal, start); logger.ok()) {
    (*logger)->Error(error);
  }
}

// How long whoever reads standard output or error may take nothing at the end, and how long what is
// said of that.
constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr absl::Duration kLastWords = absl::Seconds(1);

// Whether a closed pipe is a loss, too: nobody can have read what a run says at its end before it
// was written. Elsewhere, who has closed a pipe knows what he has read, and one that closes it
// while a run is on ends that.
bool PipeMatters(const Command& command, ExitCode code) {
  const bool runs = std::holds_alternative<RunCommand>(command) ||
                    std::holds_alternative<CoordinatorCommand>(command) ||
                    std::holds_alternative<RecoverCommand>(command);
  return runs && code != ExitCode::kExternalAbort;
}

// The exit code, after a look at whether all has arrived where it was to go, on standard output and
// in the files of `logger` (null: there is none).
template <class Tell>
ExitCode Conclude(ExitCode code, RunLogger* logger, bool pipe_matters, Tell tell) {
  FlushStreams(kPatience);
  std::vector<std::string> losses = logger != nullptr ? logger->Lost() : std::vector<std::string>();
  if (const absl::Status written = CheckStdout();
      !written.ok() && (pipe_matters || !StdoutIsGone())) {
    losses.emplace_back(written.message());
  }
  for (const std::string& loss : losses) {
    tell(loss);
  }
  if (const std::optional<std::string> lost = LostOnStderr(); lost.has_value()) {
    tell(*lost);
  }
  if (logger != nullptr) {
    logger->Finish();
  }
  FlushStreams(kLastWords);
  return code == ExitCode::kSuccess && !losses.empty() ? ExitCode::kOther : code;
}

int Main(const std::vector<std::string>& args) {
  const absl::Time start = SystemClock().Wall();
  const Environment environment = SystemEnvironment();
  std::variant<CommandLine, CommandLineExit> parsed = ParseCommandLine(args, environment);
  const bool terminal = isatty(STDERR_FILENO) != 0;
  if (auto* exit = std::get_if<CommandLineExit>(&parsed); exit != nullptr) {
    WriteStdout(exit->output);
    if (!exit->error.empty()) {
      LogError(exit->error, terminal, start);
    }
    return static_cast<int>(
        Conclude(exit->code, nullptr, /*pipe_matters=*/false,
                 [&](const std::string& error) { LogError(error, terminal, start); }));
  }
  CommandLine line = std::get<CommandLine>(std::move(parsed));
  absl::StatusOr<std::unique_ptr<RunLogger>> logger = LoggerOf(line.command, terminal, start);
  if (!logger.ok()) {
    LogError(std::string(logger.status().message()), terminal, start);
    return static_cast<int>(ExitCode::kOther);
  }
  for (const std::string& warning : line.warnings) {
    (*logger)->Warn(warning);
  }
  // We say ourselves what is wrong.
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no thread reads it yet
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  signal(SIGPIPE, SIG_IGN);  // who writes is told, and ends in order
  // The system's way to look up names: /etc/hosts first, whatever the name server does.
  // NOLINTNEXTLINE(concurrency-mt-unsafe): likewise
  setenv("GRPC_DNS_RESOLVER", "native", /*overwrite=*/0);
  google::protobuf::SetLogHandler(nullptr);
  const ExitCode code = std::visit(Execute{environment, **logger}, line.command);
  (*logger)->OnLoad();  // what is told now is told where it belongs
  const bool to_file = LogOf(line.command).output == LogSettings::Output::kFile;
  const auto tell = [&](const std::string& error) {
    (*logger)->Error(error);
    if (to_file) {
      LogError(error, terminal, start);  // that file may be the one which has not taken all
    }
  };
  return static_cast<int>(Conclude(code, logger->get(), PipeMatters(line.command, code), tell));
}

}  // namespace
}  // namespace lockstep::coordinator

int main(int argc, char** argv) {
  lockstep::RaiseOpenFiles();
  return lockstep::RunProgram("lockstep", [&] {
    return lockstep::coordinator::Main(std::vector<std::string>(argv + 1, argv + argc));
  });
}
