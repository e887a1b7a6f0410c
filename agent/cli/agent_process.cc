#include "agent/cli/agent_process.h"

#include <algorithm>
#include <utility>

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "agent/cli/agent_page.h"
#include "agent/health/cgroup.h"
#include "common/base/processors.h"
#include "common/base/random_bytes.h"
#include "common/base/version.h"
#include "common/options/options_json.h"
#include "common/trust/join_proof.h"

namespace lockstep::agent {
namespace {

// Of each isolate, so that a script that uses up its memory gets the error from V8, before the
// kernel ends the agent without a word: three quarters of what the container may use, shared by the
// workers' first isolates. 0: there is no limit, and V8 decides.
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

SessionSettings SettingsOf(const AgentFlags& flags, const std::optional<Credentials>& credentials) {
  SessionSettings settings;
  settings.coordinator = flags.coordinator;
  settings.version = kVersion;
  settings.name = flags.name;
  settings.weight = flags.weight;
  settings.labels = flags.labels;
  settings.process_id = getpid();
  settings.once = flags.once;
  settings.end_is_told = flags.parent != 0;
  if (credentials.has_value()) {
    settings.identity = IdentityOf(*credentials);
    settings.nonces = [] { return RandomBytes(kNonceBytes); };
  }
  return settings;
}

}  // namespace

int WorkersOf(const AgentFlags& flags) {
  return flags.workers > 0 ? static_cast<int>(flags.workers) : Processors();
}

CurrentCredentials::CurrentCredentials(CredentialsReader read, Credentials credentials,
                                       GrpcTransport& transport, Logger& logger)
    : read_(std::move(read)),
      credentials_(std::move(credentials)),
      transport_(transport),
      logger_(logger) {}

SessionSettings::Identity CurrentCredentials::Renew() {
  const absl::StatusOr<std::optional<Credentials>> now = read_();
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

bool CurrentCredentials::Differ(const Credentials& read) const {
  return read.certificate != credentials_.certificate || read.key != credentials_.key ||
         read.token != credentials_.token ||
         read.anchors.authority != credentials_.anchors.authority ||
         read.anchors.revoked != credentials_.anchors.revoked;
}

AgentProcess::AgentProcess(const AgentFlags& flags, const std::optional<Credentials>& credentials,
                           const CredentialsReader& read, StderrLog& log)
    : flags_(flags),
      log_(log),
      workers_(WorkersOf(flags)),
      script_log_(loop_),
      engine_(ScriptEngine::Config{.heap_bytes = HeapLimit(workers_)}),
      host_(engine_, loop_, script_log_,
            {.workers = workers_,
             .on_broken = [this](const std::string& message) { Break(message); }}),
      transport_(std::make_unique<GrpcTransport>(loop_, flags.coordinator,
                                                 credentials.has_value() ? &*credentials : nullptr,
                                                 flags.coordinator_name)),
      session_(MakeSession(credentials, read)),
      health_(loop_.clock(), host_.health(), workers_),
      conductor_({loop_, *session_, host_, script_log_, &health_},
                 [](absl::string_view json) { return FromCanonicalJson(json); }),
      page_(loop_, [this](const WebRequest& request) { return Answer(request); }) {}

std::unique_ptr<Session> AgentProcess::MakeSession(const std::optional<Credentials>& credentials,
                                                   const CredentialsReader& read) {
  SessionSettings settings = SettingsOf(flags_, credentials);
  if (credentials.has_value()) {
    current_.emplace(read, *credentials, *transport_, log_);
    settings.renew = [this] { return current_->Renew(); };
  }
  return std::make_unique<Session>(loop_, *transport_, log_, std::move(settings));
}

absl::Status AgentProcess::ServePage() {
  if (flags_.metrics_address.empty()) {
    return absl::OkStatus();
  }
  const absl::Status status = page_.Start(flags_.metrics_address);
  return status.ok()
             ? status
             : absl::InvalidArgumentError(absl::StrCat("--metrics-address: ", status.message()));
}

ExitCode AgentProcess::Run(int signals) {
  loop_.Watch(signals, EPOLLIN, [this, signals](uint32_t) { OnSignals(signals); });
  conductor_.Begin([this](const absl::Status& status) {
    if (!status.ok()) {
      log_.Error(std::string(status.message()));
      exit_code_ = ExitCode::kOther;
    }
    loop_.Stop();
  });
  loop_.Run();
  page_.Shutdown();
  session_.reset();
  transport_.reset();  // its last words get out
  return exit_code_;
}

// A worker cannot go on.
void AgentProcess::Break(const std::string& message) {
  log_.Error(message);
  exit_code_ = ExitCode::kOther;
  conductor_.Leave(message);
  loop_.Stop();
}

void AgentProcess::OnSignals(int signals) {
  signalfd_siginfo info;
  while (read(signals, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    conductor_.Drain(info.ssi_signo == SIGINT   ? "interrupted"
                     : info.ssi_signo == SIGHUP ? "its terminal was closed"
                                                : "terminated");
  }
}

WebResponse AgentProcess::Answer(const WebRequest& request) {
  return AnswerAgent(request, {.name = flags_.name,
                               .version = kVersion,
                               .joined = session_->open(),
                               .in_run = conductor_.in_run(),
                               .leaving = conductor_.leaving(),
                               .batches = conductor_.outbox().last_number(),
                               .batches_waiting = conductor_.outbox().size(),
                               .progress = conductor_.Progress()});
}

}  // namespace lockstep::agent
