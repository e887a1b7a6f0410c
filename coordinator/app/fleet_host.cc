#include "coordinator/app/fleet_host.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "common/base/counted.h"
#include "common/base/host_port.h"
#include "common/base/processors.h"
#include "common/base/random_bytes.h"
#include "common/base/status_macros.h"
#include "common/base/thread_room.h"
#include "common/base/version.h"
#include "common/rpc/early_start.h"
#include "common/trust/join_proof.h"

namespace lockstep::coordinator {
namespace {

// How long agents may take to hear that the run is over, and local ones to end.
constexpr absl::Duration kFarewell = absl::Seconds(2);
constexpr int kThreadsAtOnce = 12;              // which gRPC has while agents come
constexpr char kSocketName[] = "/coordinator";  // in a folder of its own

}  // namespace

FleetHost::FleetHost(EpollLoop& loop, Settings settings, Logger& logger)
    : loop_(loop),
      settings_(std::move(settings)),
      logger_(logger),
      server_(loop),
      fleet_(
          loop, server_, logger,
          {.version = kVersion,
           .lease = settings_.lease,
           .token = settings_.credentials.has_value() ? settings_.credentials->token : ""},
          [] { return absl::BytesToHexString(RandomBytes(16)); },
          [] { return RandomBytes(kNonceBytes); }) {}

absl::Status FleetHost::Start(RunControl& control, Run& run) {
  LOCKSTEP_RETURN_IF_ERROR(CheckThreadRoom(kThreadsAtOnce));
  MeasureProcessorEarly();
  LOCKSTEP_RETURN_IF_ERROR(Listen(control));
  return local() ? StartAgents(run) : absl::OkStatus();
}

absl::Status FleetHost::Listen(RunControl& control) {
  address_ = settings_.listen;
  if (local()) {
    LOCKSTEP_ASSIGN_OR_RETURN(
        folder_,
        PrivateFolder::Make(settings_.environment, kMaxUnixPathBytes - (sizeof(kSocketName) - 1)));
    address_ = absl::StrCat("unix:", folder_->path(), kSocketName);
  }
  const Credentials* const credentials =
      settings_.credentials.has_value() ? &*settings_.credentials : nullptr;
  if (const absl::Status started = server_.Start({address_}, credentials, fleet_, control);
      !started.ok()) {
    return local() ? started
                   : absl::Status(started.code(),
                                  absl::StrCat(settings_.listen_source, ": ", started.message()));
  }
  if (local()) {
    logger_.Debug(absl::StrCat("listening on ", address_));
    return absl::OkStatus();
  }
  if (credentials == nullptr) {
    logger_.Warn(
        "plain text: everybody who can reach this address can read the script and control the "
        "run (--insecure)");
  }
  const bool any_port = absl::EndsWith(address_, ":0");
  const std::string address =
      any_port ? absl::StrCat(absl::StripSuffix(address_, "0"), server_.port(0)) : address_;
  const size_t of_a_run = fleet_.size();  // that is gone on with
  logger_.Info(absl::StrCat("waiting for ",
                            of_a_run > 0 ? Counted(of_a_run, "agent") + " to come back"
                                         : Counted(settings_.agents, "agent"),
                            " on ", address));
  return absl::OkStatus();
}

absl::Status FleetHost::StartAgents(Run& run) {
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string program, FindAgentProgram());
  local_agents_ =
      std::make_unique<LocalAgents>(loop_, [this, &run](pid_t process, const std::string& how) {
        if (run.state() == v1::RunStatus::DONE) {
          StopIfAlone();
        } else if (const AgentRecord* agent = fleet_.FindByProcess(process); agent != nullptr) {
          fleet_.Expel(agent->id, absl::AbortedError(absl::StrCat("its process ", how)));
        } else if (run.state() == v1::RunStatus::WAITING_FOR_AGENTS) {
          run.Fail(ExitCode::kOther, absl::StrCat("a local agent ", how, " before it could join"));
        }
      });
  const int64_t workers = std::max<int64_t>(1, Processors() / settings_.agents);
  for (int64_t i = 1; i <= settings_.agents; ++i) {
    LOCKSTEP_RETURN_IF_ERROR(
        local_agents_->Start(program, address_, absl::StrCat("agent-", i), workers));
  }
  return absl::OkStatus();
}

void FleetHost::Farewell() {
  farewell_ = true;
  if (local_agents_ != nullptr) {
    // One that has not joined hears of no end: it would try on, and complain below the verdict.
    local_agents_->KillUnless(
        [this](pid_t process) { return fleet_.FindByProcess(process) != nullptr; });
  }
  loop_.After(kFarewell, [this] { loop_.Stop(); });
  fleet_.WhenDismissed([this] { StopIfAlone(); });
}

void FleetHost::StopIfAlone() {
  if (farewell_ && fleet_.dismissed() && (local_agents_ == nullptr || local_agents_->none())) {
    loop_.Stop();
  }
}

void FleetHost::Shutdown() {
  server_.Shutdown();
  local_agents_.reset();
}

void FleetHost::Abandon() {
  if (local_agents_ != nullptr) {
    local_agents_->KillAll();
  }
  if (folder_ != nullptr) {
    folder_->Remove();
  }
}

}  // namespace lockstep::coordinator
