// The parts of lockstep-agent, put together, and how they end together.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "agent/cli/agent_flags.h"
#include "agent/cli/stderr_log.h"
#include "agent/health/health_monitor.h"
#include "agent/js/engine.h"
#include "agent/rpc/grpc_transport.h"
#include "agent/run/conductor.h"
#include "agent/run/script_log.h"
#include "agent/run/session.h"
#include "agent/vu/worker_fleet.h"
#include "common/base/epoll_loop.h"
#include "common/base/exit_code.h"
#include "common/trust/credentials.h"
#include "common/web/web_server.h"

namespace lockstep::agent {

// How many workers an agent with these flags has: a processor each, unless they say otherwise.
int WorkersOf(const AgentFlags& flags);

// What an agent proves itself with, as it is now; nothing: it joins in plain text or by a private
// socket.
using CredentialsReader = std::function<absl::StatusOr<std::optional<Credentials>>()>;

// The credentials of an agent, which may be renewed while it runs: each session begins with those
// that are there then.
class CurrentCredentials {
 public:
  // `transport` and `logger` are borrowed.
  CurrentCredentials(CredentialsReader read, Credentials credentials, GrpcTransport& transport,
                     Logger& logger);
  // Reads them again. Where they cannot be read, those from before stay, with a warning.
  SessionSettings::Identity Renew();

 private:
  bool Differ(const Credentials& read) const;

  const CredentialsReader read_;
  Credentials credentials_;
  GrpcTransport& transport_;
  Logger& logger_;
  std::string complaint_;  // the last one
};

// One a process: it has the process's V8. Main thread.
class AgentProcess {
 public:
  // `credentials` are what `read` has read. `flags` and `log` are borrowed and outlive this.
  AgentProcess(const AgentFlags& flags, const std::optional<Credentials>& credentials,
               const CredentialsReader& read, StderrLog& log);
  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;

  // Answers at --metrics-address, if that is asked for. InvalidArgument, with the flag, if it
  // cannot.
  absl::Status ServePage();
  // Joins, works and comes back, until the coordinator, a signal or a mistake ends it. `signals` is
  // a signalfd.
  ExitCode Run(int signals);

 private:
  std::unique_ptr<Session> MakeSession(const std::optional<Credentials>& credentials,
                                       const CredentialsReader& read);
  WebResponse Answer(const WebRequest& request);
  void Break(const std::string& message);
  void OnSignals(int signals);

  const AgentFlags& flags_;
  StderrLog& log_;
  const int workers_;
  ExitCode exit_code_ = ExitCode::kSuccess;
  EpollLoop loop_;
  ScriptLog script_log_;
  ScriptEngine engine_;
  WorkerFleet host_;
  std::unique_ptr<GrpcTransport> transport_;
  std::optional<CurrentCredentials> current_;
  std::unique_ptr<Session> session_;
  HealthMonitor health_;
  Conductor conductor_;
  WebServer page_;
};

}  // namespace lockstep::agent
