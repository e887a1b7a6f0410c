// lockstep-agent: joins a coordinator, hosts the virtual users that it assigns, and comes back for
// the next run.
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <google/protobuf/stubs/logging.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "absl/strings/match.h"

#include "agent/cli/agent_flags.h"
#include "agent/cli/agent_process.h"
#include "agent/cli/stderr_log.h"
#include "common/base/environment.h"
#include "common/base/open_files.h"
#include "common/base/open_for_writing.h"
#include "common/base/steady_thread.h"
#include "common/base/thread_room.h"
#include "common/base/write_all.h"
#include "common/rpc/early_start.h"
#include "common/trust/credentials.h"

// What jemalloc reads at its start: one arena for all threads but the workers (OwnArena), instead
// of one for each of the first dozens; and no huge pages, in which those few kilobytes that each of
// many sizes needs would be megabytes. V8 asks for its own.
extern "C" {
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): its name and type are jemalloc's
const char* malloc_conf = "narenas:1,thp:never";
}

namespace lockstep::agent {
namespace {

constexpr int kThreadsBesideWorkers = 15;  // of gRPC, V8 and the log, once a run is on

// Ends this process with its parent. False if the parent is gone already.
bool DieWith(int64_t parent) {
  return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == static_cast<pid_t>(parent);
}

// A descriptor that is readable when SIGINT, SIGTERM or, unless it is ignored (nohup), SIGHUP has
// come. Before any thread starts, so that all leave them to it.
int TakeSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  struct sigaction hangup = {};
  if (sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN) {
    sigaddset(&set, SIGHUP);
  }
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int Serve(const AgentFlags& flags, const std::optional<Credentials>& credentials,
          const CredentialsReader& read) {
  const int signals = TakeSignals();
  MeasureProcessorEarly();
  SteadyThisThread();
  StderrLog log(flags.name, flags.verbose);
  if (flags.parent != 0 && !DieWith(flags.parent)) {
    log.Error("the coordinator that started this agent is gone");
    return static_cast<int>(ExitCode::kOther);
  }
  for (const std::string& warning : flags.warnings) {
    log.Warn(warning);
  }
  if (flags.insecure) {
    log.Warn(
        "plain text: the script and the results cross the network readable for everybody "
        "(--insecure)");
  }
  AgentProcess agent(flags, credentials, read, log);
  if (const absl::Status status = agent.ServePage(); !status.ok()) {
    log.Error(std::string(status.message()));
    return static_cast<int>(ExitCode::kOther);
  }
  const ExitCode code = agent.Run(signals);
  // Taking V8 and the workers apart in order would only cost time: nothing of theirs outlives the
  // process.
  log.Flush();
  _exit(static_cast<int>(code));
}

int Main(const std::vector<std::string>& args) {
  std::variant<AgentFlags, AgentFlagsExit> parsed = ParseAgentFlags(args, SystemEnvironment());
  if (auto* exit = std::get_if<AgentFlagsExit>(&parsed); exit != nullptr) {
    if (!exit->error.empty()) {
      fprintf(stderr, "lockstep-agent: %s\nSee lockstep-agent --help\n", exit->error.c_str());
    }
    if (const int error = WriteAll(STDOUT_FILENO, exit->output); error != 0) {
      fprintf(stderr, "lockstep-agent: standard output: cannot write to it: %s\n",
              WritingReason(error).c_str());
      return static_cast<int>(ExitCode::kOther);
    }
    return static_cast<int>(exit->code);
  }
  // We say ourselves what is wrong.
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no thread reads it yet
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  // The system's way to look up names: /etc/hosts first, whatever the name server does.
  // NOLINTNEXTLINE(concurrency-mt-unsafe): likewise
  setenv("GRPC_DNS_RESOLVER", "native", /*overwrite=*/0);
  google::protobuf::SetLogHandler(nullptr);
  const AgentFlags& flags = std::get<AgentFlags>(parsed);
  const CredentialsReader read = [&flags]() -> absl::StatusOr<std::optional<Credentials>> {
    if (absl::StartsWith(flags.coordinator, "unix:")) {  // such a socket is its owner's alone
      return std::nullopt;
    }
    return ChooseCredentials(flags.insecure, flags.credentials, SystemEnvironment(), Role::kAgent,
                             SystemClock().Wall());
  };
  const absl::StatusOr<std::optional<Credentials>> credentials = read();
  if (!credentials.ok()) {
    StderrLog(flags.name, flags.verbose).Error(std::string(credentials.status().message()));
    return static_cast<int>(ExitCode::kInvalidConfig);
  }
  if (const absl::Status room = CheckThreadRoom(kThreadsBesideWorkers + WorkersOf(flags));
      !room.ok()) {
    StderrLog(flags.name, flags.verbose).Error(std::string(room.message()));
    return static_cast<int>(ExitCode::kOther);
  }
  return Serve(flags, *credentials, read);
}

}  // namespace
}  // namespace lockstep::agent

int main(int argc, char** argv) {
  lockstep::RaiseOpenFiles();
  return lockstep::RunProgram("lockstep-agent", [&] {
    return lockstep::agent::Main(std::vector<std::string>(argv + 1, argv + argc));
  });
}
