#include "coordinator/app/rig.h"

#include <utility>

#include <signal.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "coordinator/app/code_frame.h"
#include "coordinator/console/streams.h"
#include "coordinator/journal/keeper.h"

namespace lockstep::coordinator {
namespace {

// A local agent that has not joined by then never will.
constexpr absl::Duration kLocalAgentsWithin = absl::Seconds(30);
// How long the loop may take to end the process in order after the third signal, and its last words
// to get out.
constexpr absl::Duration kLastPatience = absl::Seconds(3);
constexpr absl::Duration kLastWords = absl::Seconds(1);

// The local agents die with this process.
void QuitAtOnce() {
  _exit(static_cast<int>(ExitCode::kExternalAbort));
}

int64_t AgentsOf(const RunRequest& request) {
  return request.inspect_only ? 1 : request.run.agents;
}

RunSettings SettingsOf(const RunRequest& request, const TestFiles& files, Redactor& redactor) {
  return {.agents = static_cast<size_t>(AgentsOf(request)),
          .tolerated_loss_percent = request.run.tolerated_loss_percent,
          .redistribute = request.run.redistribute,
          .late_agents_join = request.run.late_agents_join,
          .inspect_only = request.inspect_only,
          .fail_on_suspect = request.run.fail_on_suspect,
          .handle_summary = request.run.summary_mode != SummaryMode::kDisabled,
          .env = files.script_env,
          .wait_for_agents = request.listen.empty() ? kLocalAgentsWithin : request.wait_for_agents,
          .max_vu_block = request.run.max_vu_block,
          .lease = kLease,
          .held_back = request.run.journal.empty() ? absl::ZeroDuration() : Keeper::kMostDelay,
          .redactor = &redactor};
}

}  // namespace

ExitCode Refuse(const absl::Status& status, ExitCode code, Logger& logger) {
  logger.Error(std::string(status.message()));
  return code;
}

void TellOf(const TestFiles& files, Logger& logger) {
  for (const std::string& warning : files.warnings) {
    logger.Warn(warning);
  }
  if (!files.tiers.note().empty()) {
    logger.Info(files.tiers.note());
  }
}

Rig::Rig(const RunRequest& request, const TestFiles& files, const Environment& environment,
         RunLogger& logger, TestLoader::OnTest on_test)
    : request_(request),
      files_(files),
      logger_(logger),
      signals_(
          loop_, [this](const std::string& name) { OnSignal(name); }, QuitAtOnce, kLastPatience),
      host_(loop_,
            {request.listen, request.listen_source, request.credentials, kLease, AgentsOf(request),
             environment},
            logger),
      results_(loop_.clock(), logger),
      modules_(loop_, request.test.modules, files.lock, files.trust, logger),
      secrets_(loop_, files.secrets, files.trust, logger.redactor()),
      loader_({files, modules_, secrets_, results_, logger}, request.run, request.no_color,
              std::move(on_test)),
      run_(loop_, host_.fleet(), loader_, results_, logger,
           SettingsOf(request, files, logger.redactor())),
      face_(run_, host_.fleet(), results_) {
  results_.SetRedactor(&logger.redactor());
  results_.SetJudge([this] { return run_.judgement(); });
  results_.SetOutcome([this] { return run_.outcome(); });
}

absl::Status Rig::Play() {
  LOCKSTEP_RETURN_IF_ERROR(host_.Start(face_, run_));
  loop_.Run();
  host_.Shutdown();
  return absl::OkStatus();
}

RunOutcome Rig::WithCode(RunOutcome outcome) const {
  const std::optional<CodePlace> place =
      outcome.script_fault ? PlaceIn(outcome.message) : std::nullopt;
  if (place.has_value()) {
    absl::StrAppend(&outcome.message, CodeFrame(loader_.SourceOf(place->url).value_or(""), *place));
  }
  return outcome;
}

void Rig::TellOfOptions() {
  if (const absl::Status refusal = files_.tiers.Refusal(files_.tiers.errors());
      !loader_.asked() && !refusal.ok()) {
    logger_.Error(std::string(refusal.message()));
  }
}

std::string Rig::ControlLine(absl::string_view verb) const {
  // Whoever may write to the socket of a run without TLS may control it.
  return absl::StrCat(
      "lockstep ", verb,
      request_.credentials.has_value() ? " --credentials FOLDER-OF-AN-OPERATOR " : " --insecure ",
      host_.address());
}

void Rig::End(bool linger) {
  lingering_ = linger;
  if (!linger) {
    host_.Farewell();
  }
}

void Rig::OnSuspend() {
  if (run_.state() == v1::RunStatus::DONE) {
    StandStill();
    return;
  }
  const absl::Status held = run_.Suspend([this] {
    StandStill();
    run_.Release();
  });
  if (!held.ok()) {
    logger_.Warn(absl::StrCat("Ctrl+Z cannot hold this test, and it goes on: ", held.message(),
                              ". Ctrl+C ends it"));
  }
}

void Rig::StandStill() {
  on_stand_still_(/*still=*/true);
  pthread_kill(pthread_self(), SIGSTOP);  // this thread: it must not run on for a moment
  on_stand_still_(/*still=*/false);
}

void Rig::OnSignal(const std::string& name) {
  if (name == Signals::kSuspend) {
    OnSuspend();
    return;
  }
  ++signals_seen_;
  if (lingering_) {
    End(/*linger=*/false);
    return;
  }
  if (signals_seen_ >= Signals::kMostPatient) {
    on_signal_(/*quits=*/true);
    host_.Abandon();
    FlushStreams(kLastWords);
    QuitAtOnce();
  }
  run_.Interrupt(name);
  on_signal_(/*quits=*/false);
}

}  // namespace lockstep::coordinator
