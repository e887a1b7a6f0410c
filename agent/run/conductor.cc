#include "agent/run/conductor.h"

#include <iterator>

#include "absl/strings/str_cat.h"

#include "agent/run/progress.h"
#include "common/base/status_macros.h"
#include "common/messages/words.h"

namespace lockstep::agent {
namespace {

// How often it is looked whether paused iterations have ended.
constexpr absl::Duration kLookEvery = absl::Milliseconds(50);
constexpr absl::Duration kProgressEvery = absl::Milliseconds(500);
// Of Stage, in its order.
constexpr absl::string_view kStageNames[] = {
    "New",   "Inspecting", "Assigning", "Assigned", "Preparing",   "Prepared",    "SettingUp",
    "Ready", "Started",    "Stopping",  "Drained",  "TearingDown", "Summarising",
};

}  // namespace

Conductor::Conductor(Parts parts, Assignment::OptionsReader read_options)
    : loop_(parts.loop),
      session_(parts.session),
      host_(parts.host),
      log_(parts.log),
      health_(parts.health),
      sender_(session_, log_),
      delivery_(loop_, session_, host_, sender_, [this] { LeaveWhenDone(); }),
      files_([this](v1::FileRequest request) {
        v1::AgentMessage message;
        *message.mutable_file_request() = std::move(request);
        sender_.Send(std::move(message));
      }),
      assignment_(files_, std::move(read_options)),
      row_leases_(sender_),
      leave_timer_(loop_),
      hand_over_timer_(loop_),
      progress_timer_(loop_),
      health_timer_(loop_),
      suspend_timer_(loop_) {}

void Conductor::CancelTimers() {
  for (Timer* timer :
       {&progress_timer_, &health_timer_, &suspend_timer_, &leave_timer_, &hand_over_timer_}) {
    timer->Cancel();
  }
}

void Conductor::Begin(absl::AnyInvocable<void(absl::Status)> on_finished) {
  on_finished_ = std::move(on_finished);
  log_.SetOnLines([this] { sender_.SendLog(); });
  host_.SetEvents({
      .on_abort = [this](std::string text) { OnAbort(std::move(text)); },
      .on_fail =
          [this] {
            v1::AgentMessage message;
            message.mutable_script_request()->set_kind(v1::ScriptRequest::MARKED_FAILED);
            sender_.Send(std::move(message));
          },
      .on_lease = [this](RowLease lease) { row_leases_.Ask(std::move(lease)); },
      .on_secret = [this](const std::string& url,
                          FileFetcher::Done done) { FetchSecret(url, std::move(done)); },
  });
  session_.Open({
      .on_opened = [] {},
      .on_message = [this](const v1::CoordinatorMessage& message) { OnMessage(message); },
      .on_batch_ack = [this](const v1::BatchAck& ack) { delivery_.OnAck(ack); },
      .on_resumed = [this] { delivery_.Resend(); },
      .on_proved = [this] { MoveFence(); },
      .on_acknowledged =
          [this] {
            sender_.SendLog();
            LeaveWhenDone();
          },
      .on_lost = [this](const absl::Status& status) { OnLost(status); },
      .on_finished =
          [this](absl::Status status) {
            finished_ = std::move(status);
            // Where all load has ended in order, nobody waits for what is left of it to be freed.
            if (phase_ == Phase::kIdle || attempt_.drained()) {
              Finish();
            }
          },
  });
}

// The coordinator stops the others, too; here nothing more begins until it says so.
void Conductor::OnAbort(std::string text) {
  v1::AgentMessage message;
  message.mutable_script_request()->set_kind(v1::ScriptRequest::ABORTED);
  message.mutable_script_request()->set_message(std::move(text));
  sender_.Send(std::move(message));
  if (attempt_.loaded()) {
    OnStop();
  }
}

void Conductor::OnMessage(const v1::CoordinatorMessage& message) {
  if (message.has_suspend()) {  // whatever it does
    OnSuspend(message.suspend());
  } else if (phase_ == Phase::kResetting) {
    waiting_.push_back(message);
  } else {
    Handle(message);
  }
}

// A coordinator asks for one thing after the other, and for each once.
absl::Status Conductor::AdvanceStage(const v1::CoordinatorMessage& message) {
  static_assert(std::size(kStageNames) == static_cast<size_t>(Stage::kSummarising) + 1);
  using Body = v1::CoordinatorMessage::BodyCase;
  struct Rule {
    Body body;
    Stage first, last;  // in which it may come
    Stage next;
  };
  static constexpr Rule kRules[] = {
      {Body::kInspect, Stage::kNew, Stage::kNew, Stage::kInspecting},
      {Body::kAssign, Stage::kNew, Stage::kReady, Stage::kAssigning},
      {Body::kPrepare, Stage::kAssigned, Stage::kAssigned, Stage::kPreparing},
      {Body::kRunSetup, Stage::kPrepared, Stage::kPrepared, Stage::kSettingUp},
      {Body::kSetupData, Stage::kPrepared, Stage::kSettingUp, Stage::kReady},
      {Body::kStart, Stage::kReady, Stage::kReady, Stage::kStarted},
      {Body::kRunTeardown, Stage::kDrained, Stage::kDrained, Stage::kTearingDown},
      // Where a VU's init code has failed, here or elsewhere, there was no load to drain.
      {Body::kRunHandleSummary, Stage::kPreparing, Stage::kPrepared, Stage::kSummarising},
      {Body::kRunHandleSummary, Stage::kDrained, Stage::kTearingDown, Stage::kSummarising},
  };
  const bool amid_setup = attempt_.in_setup && message.body_case() == Body::kAssign;
  bool has_stage = false;
  for (const Rule& rule : kRules) {
    if (rule.body != message.body_case()) {
      continue;
    }
    if (attempt_.stage >= rule.first && attempt_.stage <= rule.last && !amid_setup) {
      attempt_.stage = rule.next;
      return absl::OkStatus();
    }
    has_stage = true;
  }
  return has_stage
             ? absl::FailedPreconditionError(absl::StrCat(
                   "the coordinator's message ", NameOf(message), " is out of order in stage ",
                   kStageNames[static_cast<size_t>(attempt_.stage)]))
             : absl::OkStatus();
}

void Conductor::Handle(const v1::CoordinatorMessage& message) {
  using Body = v1::CoordinatorMessage::BodyCase;
  if (phase_ == Phase::kIdle) {
    if (message.body_case() != Body::kInspect && message.body_case() != Body::kAssign) {
      return;
    }
    phase_ = Phase::kActive;
    ++generation_;
    sender_.SetRun(message.run_id());
  } else if (message.run_id() != sender_.run_id()) {
    sender_.Fail(absl::StrCat("run_id: expected ", sender_.run_id(), ", got ", message.run_id()));
    return;
  }
  const bool prepared = attempt_.stage >= Stage::kPreparing;
  if (absl::Status in_order = AdvanceStage(message); !in_order.ok()) {
    sender_.Fail(std::string(in_order.message()));
    return;
  }
  switch (message.body_case()) {
    case Body::kInspect:
      return OnInspect(message.inspect());
    case Body::kFileReply:
      return files_.OnReply(message.file_reply());
    case Body::kAssign:
      return prepared ? Reassign(message.assign()) : OnAssign(message.assign());
    case Body::kPrepare:
      return OnPrepare();
    case Body::kRunSetup:
      return OnRunSetup();
    case Body::kSetupData:
      return OnSetupData(message.setup_data());
    case Body::kStart:
      return OnStart(message.start());
    case Body::kGracefulStop:
      return OnGracefulStop();
    case Body::kStop:
      return OnStop();
    case Body::kRunTeardown:
      return OnRunTeardown(message.run_teardown());
    case Body::kRunHandleSummary:
      return OnRunHandleSummary(message.run_handle_summary());
    case Body::kRowsLeased:
      return row_leases_.OnLeased(message.rows_leased());
    case Body::kRowsRecalled:
      return row_leases_.OnRecalled(message.rows_recalled());
    case Body::kRedivide:
      return OnRedivide(message.redivide());
    case Body::kDivided:
      return OnDivided(message.divided());
    case Body::kIterationsLeased:
      return OnIterationsLeased(message.iterations_leased());
    case Body::kVuIterationsLeased:
      return OnVuIterationsLeased(message.vu_iterations_leased());
    case Body::kPause:
      return OnPause(message.pause());
    case Body::kResume:
      return OnResume(message.resume());
    case Body::kScale:
      return OnScale(message.scale());
    case Body::kSuspend:
    case Body::kWelcome:
    case Body::kChallenge:
    case Body::kRefused:
    case Body::kHeartbeat:
    case Body::kClockAnswer:
    case Body::kGoodbye:
    case Body::BODY_NOT_SET:
      return;
  }
}

// ---- from T0 on ----

void Conductor::OnStart(const v1::Start& start) {
  attempt_.started = true;
  const MonoTime t0 = session_.clock().ToLocal(start.t0_coordinator_mono_ns());
  delivery_.SealEachSecond(t0);
  progress_timer_.Cancel();
  host_.SetRunStart(t0, absl::FromUnixNanos(start.t0_wall_unix_ns()));
  SendProgress();
  if (health_ != nullptr) {
    health_timer_.At(t0, [this] {
      attempt_.measured = true;
      health_->Begin();
    });
  }
  for (const v1::Start::Controlled& totals : start.controlled()) {
    attempt_.engine->SetTotals(totals.scenario(), totals.vus(), totals.max_vus());
  }
  attempt_.engine->Start(t0);
  if (start.paused()) {
    Control([](ScenarioEngine& engine) { return engine.Pause(); });
  }
  MoveFence();
  if (leaving_.has_value()) {
    leave_timer_.Cancel();
    HandOver();
  }
}

void Conductor::OnPause(const v1::Pause& pause) {
  const MonoTime at = session_.clock().ToLocal(pause.at_coordinator_mono_ns());
  Control([at](ScenarioEngine& engine) { return engine.Pause(at); });
}

void Conductor::OnResume(const v1::Resume& resume) {
  const MonoTime at = session_.clock().ToLocal(resume.at_coordinator_mono_ns());
  Control([at](ScenarioEngine& engine) { return engine.Resume(at); });
}

void Conductor::OnScale(const v1::Scale& scale) {
  Control([&](ScenarioEngine& engine) -> absl::Status {
    if (!scale.segment_sequence().empty()) {
      LOCKSTEP_ASSIGN_OR_RETURN(
          SegmentTuple segment,
          assignment_.ReadSegment(scale.segment_sequence(), scale.segment_index()));
      engine.ScaleBy(std::move(segment));
    }
    return engine.Scale(scale.vus(), scale.max_vus());
  });
}

void Conductor::OnSuspend(const v1::Suspend& suspend) {
  suspend_timer_.Cancel();
  if (!suspend.over()) {
    AnswerSuspend();
  }
}

void Conductor::AnswerSuspend() {
  bool at_rest = !attempt_.calling;
  if (under_load()) {
    const EngineSnapshot snapshot = attempt_.engine->Snapshot();
    at_rest = at_rest && snapshot.paused;
    for (const ScenarioSnapshot& part : snapshot.scenarios) {
      at_rest =
          at_rest && part.iterations_started == part.iterations_full + part.iterations_interrupted;
    }
  }
  if (at_rest) {
    v1::AgentMessage message;
    message.mutable_at_rest();
    sender_.Send(std::move(message));
    return;
  }
  suspend_timer_.After(kLookEvery, [this] { AnswerSuspend(); });
}

void Conductor::Control(absl::FunctionRef<absl::Status(ScenarioEngine&)> change) {
  const absl::Status status = attempt_.engine == nullptr
                                  ? absl::FailedPreconditionError("no executors are prepared")
                                  : change(*attempt_.engine);
  if (!status.ok()) {
    log_.Warn(std::string(status.message()));
  }
}

void Conductor::OnDropped(size_t scenario, int64_t count, int64_t vu_id_in_test) {
  host_.AddDropped(scenario, count, vu_id_in_test);
}

// Whoever watches is told of its end together with all that it has done, and not up to a second
// later.
void Conductor::OnScenarioEnded(size_t, v1::ScenarioProgress::State) {
  if (phase_ == Phase::kActive && !attempt_.drained()) {
    delivery_.SealSoon([this] {
      if (!attempt_.drained()) {
        SendProgress();
      }
    });
  }
}

void Conductor::OnDone() {
  if (phase_ == Phase::kActive) {
    SendDrained();
  }
}

void Conductor::OnGracefulStop() {
  attempt_.Reach(Stage::kStopping);
  if (attempt_.loaded()) {
    attempt_.engine->StopWaiting();
    attempt_.engine->GracefulStop();
  } else {
    OnStop();
  }
}

void Conductor::OnStop() {
  attempt_.Reach(Stage::kStopping);  // nothing new begins
  if (attempt_.loaded()) {
    attempt_.engine->Stop();
    return;
  }
  if (attempt_.in_setup) {  // its end is the load's
    attempt_.drain_after_setup = true;
    host_.InterruptSetup();
    return;
  }
  SendDrained();
}

void Conductor::SendDrained() {
  if (attempt_.drained()) {
    return;
  }
  attempt_.Reach(Stage::kDrained);
  delivery_.LoadHasEnded();
  progress_timer_.Cancel();
  health_timer_.Cancel();
  hand_over_timer_.Cancel();
  row_leases_.GiveBack();
  delivery_.SealThen([this] {
    if (attempt_.measured) {
      health_->End();  // only now, as workers note at the sealing what has held them up until then
    }
    v1::AgentMessage message;
    v1::Drained& drained = *message.mutable_drained();
    drained.set_last_batch(delivery_.outbox().last_number());
    *drained.mutable_final_progress() = Progress();
    drained.set_gave_up(attempt_.gave_up);
    sender_.Send(std::move(message));
    LeaveWhenDone();
  });
}

// ---- how it stands ----

void Conductor::SendProgress() {
  v1::AgentMessage message;
  *message.mutable_progress() = Progress();
  sender_.Send(std::move(message));
  progress_timer_.After(kProgressEvery, [this] { SendProgress(); });
}

v1::Progress Conductor::Progress() const {
  v1::Progress progress;
  if (attempt_.engine == nullptr) {
    progress.set_vus_initialised(host_.vus_initialised());
    return progress;
  }
  const EngineSnapshot snapshot = attempt_.engine->Snapshot();
  progress = ProgressOf(snapshot);
  if (attempt_.measured) {
    *progress.mutable_health() = HealthOf(health_->Read(), snapshot);
  }
  return progress;
}

}  // namespace lockstep::agent
