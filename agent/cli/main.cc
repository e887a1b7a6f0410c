// lockstep-agent: joins a coordinator, hosts the virtual users that it assigns, and comes back for
// the next run.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <google/protobuf/stubs/logging.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "agent/cli/agent_flags.h"
#include "agent/cli/agent_page.h"
#include "agent/cli/stderr_log.h"
#include "agent/health/cgroup.h"
#include "agent/health/health_monitor.h"
#include "agent/js/engine.h"
#include "agent/rpc/grpc_transport.h"
#include "agent/run/conductor.h"
#include "agent/run/script_log.h"
#include "agent/run/session.h"
#include "agent/vu/worker_fleet.h"
#include "common/base/environment.h"
#include "common/base/epoll_loop.h"
#include "common/base/open_files.h"
#include "common/base/open_for_writing.h"
#include "common/base/processors.h"
#include "common/base/random_bytes.h"
#include "common/base/steady_thread.h"
#include "common/base/thread_room.h"
#include "common/base/version.h"
#include "common/base/write_all.h"
#include "common/options/options_json.h"
#include "common/rpc/early_start.h"
#include "common/trust/credentials.h"
#include "common/trust/join_proof.h"
#include "common/web/web_server.h"

// What jemalloc reads at its start: one arena for all threads but the workers (OwnArena), instead of one for each of the first
// dozens; and no huge pages, in which those few kilobytes that each of many sizes needs would be megabytes. V8 asks for its own.
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

// A descriptor that is readable when SIGINT, SIGTERM or, unless it is ignored (nohup), SIGHUP has come. Before any thread
// starts, so that all leave them to it.
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

// Of each isolate, so that a script that uses up its memory gets the error from V8, before the kernel ends
// the agent without a word: three quarters of what the container may use, shared by the workers' first
// isolates. 0: there is no limit, and V8 decides.
size_t HeapLimit(int workers) {
  constexpr uint64_t kLeast = uint64_t{128} << 20;  // for a few hundred VUs
  constexpr uint64_t kMost = uint64_t{4} << 30;
  const std::optional<uint64_t> limit = MemoryLimit();
  return limit.has_value() ? static_cast<size_t>(std::clamp(
                                 *limit / 4 * 3 / static_cast<uint64_t>(workers), kLeast, kMost))
                           : 0;
}

SessionSettings::Identity IdentityOf(const Credentials& credentials) {
  return {.token = credentials.token, .fingerprint = credentials.self.fingerprint};
}

// The credentials of an agent, which may be renewed while it runs: each session begins with those that
// are there then.
class CurrentCredentials {
 public:
  CurrentCredentials(const AgentFlags& flags, Credentials credentials, GrpcTransport& transport,
                     Logger& logger)
      : flags_(flags),
        credentials_(std::move(credentials)),
        transport_(transport),
        logger_(logger) {}

  SessionSettings::Identity Renew() {
    absl::StatusOr<std::optional<Credentials>> now =
        ChooseCredentials(flags_.insecure, flags_.credentials, SystemEnvironment(), Role::kAgent,
                          SystemClock().Wall());
    if (!now.ok()) {
      // Somebody may be in the middle of putting them there.
      if (now.status().message() != complaint_) {
        complaint_ = std::string(now.status().message());
        logger_.Warn(absl::StrCat("keeps the previous credentials: ", complaint_));
      }
    } else if (const Credentials& read = **now; Differ(read)) {
      credentials_ = read;
      complaint_.clear();
      transport_.Renew(credentials_);
      logger_.Info("the credentials were renewed, and have been read again");
    }
    return IdentityOf(credentials_);
  }

 private:
  bool Differ(const Credentials& read) const {
    return read.certificate != credentials_.certificate || read.key != credentials_.key ||
           read.token != credentials_.token ||
           read.anchors.authority != credentials_.anchors.authority ||
           read.anchors.revoked != credentials_.anchors.revoked;
  }

  const AgentFlags& flags_;
  Credentials credentials_;
  GrpcTransport& transport_;
  Logger& logger_;
  std::string complaint_;  // the last one
};

SessionSettings SettingsOf(const AgentFlags& flags, const std::optional<Credentials>& credentials) {
  SessionSettings settings;
  settings.coordinator = flags.coordinator;
  settings.version = kVersion;
  settings.name = flags.name;
  settings.weight = flags.weight;
  settings.labels = flags.labels;
  settings.capabilities = {"http", "ws"};
  settings.process_id = getpid();
  settings.once = flags.once;
  if (credentials.has_value()) {
    settings.identity = IdentityOf(*credentials);
    settings.nonces = [] { return RandomBytes(kNonceBytes); };
  }
  return settings;
}

int Serve(const AgentFlags& flags, const std::optional<Credentials>& credentials) {
  const int signals = TakeSignals();
  MeasureProcessorEarly();
  SteadyThisThread();
  StderrLog own_log(flags.name, flags.verbose);
  if (flags.parent != 0 && !DieWith(flags.parent)) {
    own_log.Error("the coordinator that started this agent is gone");
    return static_cast<int>(ExitCode::kOther);
  }
  if (flags.insecure) {
    own_log.Warn(
        "plain text: the script and the results cross the network readable for everybody "
        "(--insecure)");
  }
  EpollLoop loop;
  ScriptLog script_log(loop);
  const int workers = flags.workers > 0 ? static_cast<int>(flags.workers) : Processors();
  ScriptEngine engine(ScriptEngine::Config{.heap_bytes = HeapLimit(workers)});
  std::optional<Conductor> conductor;  // when its parts are there
  int exit_code = static_cast<int>(ExitCode::kSuccess);
  WorkerFleet host(engine, loop, script_log,
                   {.workers = workers, .on_broken = [&](const std::string& message) {
                      own_log.Error(message);
                      exit_code = static_cast<int>(ExitCode::kOther);
                      conductor->Leave(message);
                      loop.Stop();
                    }});
  auto transport = std::make_unique<GrpcTransport>(
      loop, flags.coordinator, credentials.has_value() ? &*credentials : nullptr,
      flags.coordinator_name);
  std::optional<CurrentCredentials> current;
  SessionSettings settings = SettingsOf(flags, credentials);
  if (credentials.has_value()) {
    current.emplace(flags, *credentials, *transport, own_log);
    settings.renew = [&current] { return current->Renew(); };
  }
  auto session = std::make_unique<Session>(loop, *transport, own_log, std::move(settings));
  HealthMonitor health(loop.clock(), host.health(), workers);
  conductor.emplace(Conductor::Parts{loop, *session, host, script_log, &health},
                    [](absl::string_view json) { return FromCanonicalJson(json); });
  loop.Watch(signals, EPOLLIN, [&](uint32_t) {
    signalfd_siginfo info;
    while (read(signals, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
      conductor->Drain(info.ssi_signo == SIGINT   ? "interrupted"
                       : info.ssi_signo == SIGHUP ? "its terminal was closed"
                                                  : "terminated");
    }
  });
  WebServer page(loop, [&](const WebRequest& request) {
    return AnswerAgent(request, {.name = flags.name,
                                 .version = kVersion,
                                 .joined = session->open(),
                                 .in_run = conductor->in_run(),
                                 .leaving = conductor->leaving(),
                                 .batches = conductor->outbox().last_number(),
                                 .batches_waiting = conductor->outbox().size(),
                                 .progress = conductor->Progress()});
  });
  if (!flags.metrics_address.empty()) {
    if (absl::Status status = page.Start(flags.metrics_address); !status.ok()) {
      own_log.Error(absl::StrCat("--metrics-address: ", status.message()));
      return static_cast<int>(ExitCode::kOther);
    }
  }
  conductor->Begin([&](const absl::Status& status) {
    if (!status.ok()) {
      own_log.Error(std::string(status.message()));
      exit_code = static_cast<int>(ExitCode::kOther);
    }
    loop.Stop();
  });
  loop.Run();
  page.Shutdown();
  session.reset();
  transport.reset();  // its last words get out
  // Taking V8 and the workers apart in order would only cost time: nothing of theirs outlives the
  // process.
  own_log.Flush();
  _exit(exit_code);
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
  std::optional<Credentials> credentials;
  if (!absl::StartsWith(flags.coordinator, "unix:")) {  // such a socket is its owner's alone
    absl::StatusOr<std::optional<Credentials>> chosen = ChooseCredentials(
        flags.insecure, flags.credentials, SystemEnvironment(), Role::kAgent, SystemClock().Wall());
    if (!chosen.ok()) {
      StderrLog(flags.name, flags.verbose).Error(std::string(chosen.status().message()));
      return static_cast<int>(ExitCode::kInvalidConfig);
    }
    credentials = *std::move(chosen);
  }
  const int workers = flags.workers > 0 ? static_cast<int>(flags.workers) : Processors();
  if (const absl::Status room = CheckThreadRoom(kThreadsBesideWorkers + workers); !room.ok()) {
    StderrLog(flags.name, flags.verbose).Error(std::string(room.message()));
    return static_cast<int>(ExitCode::kOther);
  }
  return Serve(flags, credentials);
}

}  // namespace
}  // namespace lockstep::agent

int main(int argc, char** argv) {
  lockstep::RaiseOpenFiles();
  try {
    return lockstep::agent::Main(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::system_error& error) {
    // The one that is not caught where it comes from: std::thread cannot start a thread.
    fprintf(stderr, "lockstep-agent: %s (%s)\n",
            std::string(lockstep::NoThreadRoom().message()).c_str(), error.what());
    return static_cast<int>(lockstep::ExitCode::kOther);
  }
}
