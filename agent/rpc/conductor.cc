#include "agent/rpc/conductor.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/content_hash.h"
#include "common/base/status_macros.h"
#include "common/health/lag.h"
#include "common/plan/plan.h"

namespace lockstep::agent {
namespace {

constexpr absl::Duration kSealEvery = absl::Seconds(1);
constexpr absl::Duration kProgressEvery = absl::Milliseconds(500);
// A batch that is not acknowledged for so long is sent again.
constexpr absl::Duration kResendAfter = absl::Seconds(3);
constexpr int kLogLinesPerMessage = 5000;

void SetFailure(const ScriptFailure& failure, v1::ScriptFailure* out) {
  out->set_exit_code(static_cast<int32_t>(failure.exit_code));
  out->set_message(failure.message);
}

v1::ScenarioProgress::State ToProto(ScenarioState state) {
  switch (state) {
    case ScenarioState::kWaiting:
      return v1::ScenarioProgress::WAITING;
    case ScenarioState::kRunning:
      return v1::ScenarioProgress::RUNNING;
    case ScenarioState::kStopping:
      return v1::ScenarioProgress::STOPPING;
    case ScenarioState::kInterrupted:
      return v1::ScenarioProgress::INTERRUPTED;
    case ScenarioState::kDone:
      return v1::ScenarioProgress::DONE;
  }
  return v1::ScenarioProgress::WAITING;
}

}  // namespace

Conductor::Conductor(Parts parts, OptionsReader read_options)
    : loop_(parts.loop),
      session_(parts.session),
      host_(parts.host),
      recorder_(parts.recorder),
      log_(parts.log),
      health_(parts.health),
      read_options_(std::move(read_options)),
      files_([this](v1::FileRequest request) {
        v1::AgentMessage message;
        *message.mutable_file_request() = std::move(request);
        Send(std::move(message));
      }) {}

Conductor::~Conductor() {
  loop_.Cancel(seal_timer_);
  loop_.Cancel(progress_timer_);
  loop_.Cancel(resend_timer_);
  loop_.Cancel(health_timer_);
}

template <class F>
auto Conductor::IfCurrent(F f) {
  return [this, generation = generation_, f = std::move(f)](auto&&... arguments) mutable {
    if (generation == generation_ && phase_ == Phase::kActive) {
      f(std::forward<decltype(arguments)>(arguments)...);
    }
  };
}

void Conductor::Begin(absl::AnyInvocable<void(absl::Status)> on_finished) {
  on_finished_ = std::move(on_finished);
  log_.SetOnLines([this] { SendLog(); });
  host_.SetEvents({
      .on_abort =
          [this](std::string text) {
            v1::AgentMessage message;
            message.mutable_script_verdict()->set_kind(v1::ScriptVerdict::ABORTED);
            message.mutable_script_verdict()->set_message(std::move(text));
            Send(std::move(message));
          },
      .on_fail =
          [this](std::string text) {
            v1::AgentMessage message;
            message.mutable_script_verdict()->set_kind(v1::ScriptVerdict::MARKED_FAILED);
            message.mutable_script_verdict()->set_message(std::move(text));
            Send(std::move(message));
          },
      .on_lease = [this](RowLease lease) { OnLease(std::move(lease)); },
  });
  session_.Open({
      .on_opened = [] {},
      .on_message = [this](const v1::CoordinatorMessage& message) { OnMessage(message); },
      .on_batch_ack =
          [this](const v1::BatchAck& ack) {
            if (ack.run_id() == run_id_ && ack.acknowledged() <= outbox_->last_number()) {
              outbox_->Acknowledge(ack.acknowledged());
              last_batch_sent_ = loop_.clock().Mono();
              SendBatches();
            }
          },
      .on_resumed = [this] { Resend(); },
      .on_lost = [this](absl::Status status) { OnLost(status); },
      .on_finished =
          [this](absl::Status status) {
            finished_ = std::move(status);
            if (phase_ == Phase::kIdle) {
              on_finished_(*finished_);
            }
          },
  });
}

void Conductor::Leave(const std::string& reason) {
  session_.Leave(reason);
  finished_ = absl::OkStatus();
  if (phase_ == Phase::kActive) {
    AbandonRun();
  } else if (phase_ == Phase::kIdle) {
    on_finished_(*finished_);
  }
}

void Conductor::OnLost(const absl::Status&) {
  waiting_.clear();
  if (phase_ == Phase::kActive) {
    AbandonRun();
  }
}

// Interrupts and forgets everything of the run; what was measured and not yet acknowledged is lost
// with the session.
void Conductor::AbandonRun() {
  phase_ = Phase::kResetting;
  ++generation_;
  loop_.Cancel(seal_timer_);
  loop_.Cancel(progress_timer_);
  loop_.Cancel(resend_timer_);
  loop_.Cancel(health_timer_);
  resend_timer_ = TimerId::kNone;
  seals_.clear();
  leases_.clear();
  outbox_ = std::make_unique<Outbox>();
  files_.Clear();
  run_id_ = 0;
  if (engine_ != nullptr && started_) {
    engine_->Stop();  // its timers start nothing while the VUs end
  }
  host_.Reset([this] {
    engine_.reset();
    options_.reset();
    started_ = measured_ = in_setup_ = drained_ = false;
    phase_ = Phase::kIdle;
    if (finished_.has_value()) {
      on_finished_(*finished_);
      return;
    }
    while (!waiting_.empty() && phase_ != Phase::kResetting) {
      v1::CoordinatorMessage message = std::move(waiting_.front());
      waiting_.pop_front();
      Handle(message);
    }
  });
}

void Conductor::OnMessage(const v1::CoordinatorMessage& message) {
  if (phase_ == Phase::kResetting) {
    waiting_.push_back(message);
  } else {
    Handle(message);
  }
}

void Conductor::Handle(const v1::CoordinatorMessage& message) {
  using Body = v1::CoordinatorMessage::BodyCase;
  if (phase_ == Phase::kIdle) {
    if (message.body_case() != Body::kInspect && message.body_case() != Body::kAssign) {
      return;
    }
    phase_ = Phase::kActive;
    ++generation_;
    run_id_ = message.run_id();
  } else if (message.run_id() != run_id_) {
    Fail(absl::StrCat("run_id: expected ", run_id_, ", got ", message.run_id()));
    return;
  }
  switch (message.body_case()) {
    case Body::kInspect:
      return OnInspect(message.inspect());
    case Body::kFileReply:
      return files_.OnReply(message.file_reply());
    case Body::kAssign:
      return OnAssign(message.assign());
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
      return OnRowsLeased(message.rows_leased());
    case Body::kPause:
    case Body::kResume:
    case Body::kScale: {
      absl::Status status = absl::FailedPreconditionError("no executors are prepared");
      if (engine_ != nullptr) {
        const ClockSync& clock = session_.clock();
        status = message.has_pause()
                     ? engine_->Pause(clock.ToLocal(message.pause().at_coordinator_mono_ns()))
                 : message.has_resume()
                     ? engine_->Resume(clock.ToLocal(message.resume().at_coordinator_mono_ns()))
                     : engine_->Scale(message.scale().vus(), message.scale().max_vus());
      }
      if (!status.ok()) {
        log_.Warn(std::string(status.message()));
      }
      return;
    }
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

// ---- the script ----

void Conductor::OnLease(RowLease lease) {
  v1::AgentMessage message;
  message.mutable_row_lease()->set_queue(lease.queue);
  message.mutable_row_lease()->set_rows(lease.rows);
  message.mutable_row_lease()->set_wrap(lease.wrap);
  leases_[lease.queue] = std::move(lease.done);
  Send(std::move(message));
}

void Conductor::OnRowsLeased(const v1::RowsLeased& leased) {
  if (leased.first() < 0 || leased.count() < 0) {
    Fail(absl::StrCat("rows_leased: ", leased.count(), " rows from ", leased.first(),
                      ": neither may be negative"));
    return;
  }
  const auto found = leases_.find(leased.queue());
  if (found == leases_.end()) {
    return;  // who asked has been interrupted for good
  }
  auto done = std::move(found->second);
  leases_.erase(found);
  done(leased.first(), leased.count());
}

void Conductor::OnInspect(const v1::Inspect& inspect) {
  files_.Keep(inspect.main_url(), inspect.main_script());
  ScriptBundle bundle{inspect.main_url(), inspect.working_directory(), files_.files()};
  std::map<std::string, std::string> env(inspect.env().begin(), inspect.env().end());
  auto loader = [this, generation = generation_](std::string url, FileFetcher::Done done) {
    if (generation == generation_ && phase_ == Phase::kActive) {
      files_.Fetch(url, std::move(done));
    }
  };
  host_.Inspect(bundle, env, std::move(loader), IfCurrent([this](ScriptResult<Inspection> result) {
                  v1::AgentMessage message;
                  v1::Inspected& inspected = *message.mutable_inspected();
                  if (!result.value.has_value()) {
                    SetFailure(result.failure, inspected.mutable_failure());
                  } else {
                    inspected.set_options_json(result.value->options_json);
                    inspected.mutable_exports()->Assign(result.value->exports.begin(),
                                                        result.value->exports.end());
                    for (const Metric& metric : result.value->custom_metrics) {
                      v1::CustomMetric& custom = *inspected.add_custom_metrics();
                      custom.set_name(metric.name);
                      custom.set_type(std::string(MetricTypeName(metric.type)));
                      custom.set_contains(std::string(ValueTypeName(metric.contains)));
                    }
                  }
                  Send(std::move(message));
                }));
}

void Conductor::OnAssign(const v1::Assign& assign) {
  assign_ = assign;
  next_file_ = 0;
  FetchNextFile();
}

// Brings the files that inspection has not brought here, one after another, and answers when all
// are there and right.
void Conductor::FetchNextFile() {
  while (next_file_ < assign_.files_size()) {
    const v1::BundleFile& file = assign_.files(next_file_);
    auto kept = files_.files().find(file.url());
    if (kept != files_.files().end() && Sha256(kept->second) != file.sha256()) {
      files_.Forget(file.url());  // another content than the bundle's
      kept = files_.files().end();
    }
    if (kept == files_.files().end()) {
      files_.Fetch(file.url(), IfCurrent([this](absl::StatusOr<std::string> content) {
                     if (!content.ok()) {
                       v1::AgentMessage message;
                       SetFailure({ExitCode::kOther, std::string(content.status().message())},
                                  message.mutable_assigned()->mutable_failure());
                       Send(std::move(message));
                       return;
                     }
                     ++next_file_;
                     FetchNextFile();
                   }));
      return;
    }
    ++next_file_;
  }
  v1::AgentMessage message;
  message.mutable_assigned();
  if (absl::Status verified = VerifyBundle(); !verified.ok()) {
    SetFailure({ExitCode::kOther, std::string(verified.message())},
               message.mutable_assigned()->mutable_failure());
  }
  Send(std::move(message));
}

absl::Status Conductor::VerifyBundle() const {
  BundleHash hash;
  for (const v1::BundleFile& file : assign_.files()) {
    const std::string& content = files_.files().at(file.url());
    std::string sha256 = Sha256(content);
    if (sha256 != file.sha256() || static_cast<int64_t>(content.size()) != file.size_bytes()) {
      return absl::DataLossError(
          absl::StrCat("the content of ", file.url(), " does not match its hash"));
    }
    hash.Add(file.url(), file.size_bytes(), sha256);
  }
  if (hash.Digest() != assign_.bundle_sha256()) {
    return absl::DataLossError("the bundle of the script's files does not match its hash");
  }
  return absl::OkStatus();
}

ScriptBundle Conductor::TakeBundle() const {
  ScriptBundle bundle{assign_.main_url(), assign_.working_directory(), {}};
  for (const v1::BundleFile& file : assign_.files()) {
    bundle.files[file.url()] = files_.files().at(file.url());
  }
  return bundle;
}

// ---- before T0 ----

void Conductor::OnPrepare() {
  absl::StatusOr<Options> options = read_options_(assign_.options_json());
  absl::Status status = options.status();
  absl::StatusOr<InstancePlan> plan = absl::InternalError("no plan");
  if (status.ok()) {
    options_ = *std::move(options);
    absl::StatusOr<SegmentSequence> sequence = SegmentSequence::Parse(assign_.segment_sequence());
    status = sequence.status();
    if (status.ok()) {
      absl::StatusOr<SegmentTuple> tuple = SegmentTuple::Make(
          *sequence, static_cast<size_t>(std::max(assign_.segment_index(), 0)),
          assign_.partition() == v1::Assign::FAIR ? Partition::kFair : Partition::kStriped);
      status = tuple.status();
      if (status.ok()) {
        segment_ = *std::move(tuple);
        plan = PlanInstance(options_->scenarios.value_or(std::vector<ScenarioConfig>()), segment_);
        status = plan.status();
      }
    }
  }
  if (!status.ok()) {
    v1::AgentMessage message;
    SetFailure({ExitCode::kInvalidConfig, std::string(status.message())},
               message.mutable_prepared()->mutable_failure());
    Send(std::move(message));
    return;
  }
  vus_ = plan->planned_vus;
  recorder_.BeginRun(assign_, *options_);
  std::map<std::string, std::string> env(assign_.env().begin(), assign_.env().end());
  host_.Prepare(TakeBundle(), RunConfig{*options_, segment_, std::move(env), assign_.rps_share()},
                vus_, IfCurrent([this](ScriptResult<bool> result) { OnPrepared(result); }));
}

void Conductor::OnPrepared(const ScriptResult<bool>& result) {
  v1::AgentMessage message;
  v1::Prepared& prepared = *message.mutable_prepared();
  if (!result.value.has_value()) {
    SetFailure(result.failure, prepared.mutable_failure());
    Send(std::move(message));
    return;
  }
  EngineEvents& events = *this;
  engine_ = std::make_unique<ScenarioEngine>(
      ScenarioEngine::Config{options_->scenarios.value_or(std::vector<ScenarioConfig>()), segment_},
      loop_, host_.pool(), log_, events);
  prepared.set_vus(host_.pool().initialised());
  if (std::optional<ClockSync::Estimate> clock = session_.clock().best(); clock.has_value()) {
    prepared.set_clock_offset_ns(absl::ToInt64Nanoseconds(clock->offset));
    prepared.set_round_trip_ns(absl::ToInt64Nanoseconds(clock->round_trip));
  }
  Send(std::move(message));
  SealEachSecond();
}

void Conductor::OnRunSetup() {
  in_setup_ = true;
  host_.RunSetup(IfCurrent([this](ScriptResult<std::string> result) {
    in_setup_ = false;
    SealThen([this, result = std::move(result)] {
      v1::AgentMessage message;
      v1::SetupDone& done = *message.mutable_setup_done();
      if (result.value.has_value()) {
        done.mutable_value()->set_defined(!result.value->empty());
        done.mutable_value()->set_json(*result.value);
      } else {
        SetFailure(result.failure, done.mutable_failure());
      }
      done.set_last_batch(outbox_->last_number());
      Send(std::move(message));
    });
  }));
}

void Conductor::OnSetupData(const v1::SetupData& data) {
  host_.SetSetupData(data.value().defined() ? data.value().json() : "");
  v1::AgentMessage message;
  message.mutable_ready();
  Send(std::move(message));
}

// ---- from T0 on ----

void Conductor::OnStart(const v1::Start& start) {
  if (engine_ == nullptr || started_) {
    Fail("Start came without Prepare, or twice");
    return;
  }
  started_ = true;
  MonoTime t0 = session_.clock().ToLocal(start.t0_coordinator_mono_ns());
  host_.SetRunStart(t0, absl::FromUnixNanos(start.t0_wall_unix_ns()));
  SendProgress();
  if (health_ != nullptr) {
    health_timer_ = loop_.At(t0, [this] {
      measured_ = true;
      health_->Begin();
    });
  }
  engine_->Start(t0);
}

void Conductor::OnDropped(size_t scenario, int64_t count, int64_t vu_id_in_instance) {
  recorder_.AddDropped(scenario, count, vu_id_in_instance);
}

void Conductor::OnScenarioEnded(size_t, ScenarioState) {}

void Conductor::OnDone() {
  if (phase_ == Phase::kActive) {
    SendDrained();
  }
}

void Conductor::OnGracefulStop() {
  if (engine_ != nullptr && started_) {
    engine_->GracefulStop();
  } else {
    OnStop();
  }
}

void Conductor::OnStop() {
  if (engine_ != nullptr && started_) {
    engine_->Stop();
    return;
  }
  if (in_setup_) {  // nothing but a reset interrupts it; what it measured is sealed before
    SealThen([this] {
      engine_.reset();
      leases_.clear();
      host_.Reset(IfCurrent([this] { SendDrained(); }));
    });
    return;
  }
  SendDrained();
}

void Conductor::SendDrained() {
  if (drained_) {
    return;
  }
  drained_ = true;
  loop_.Cancel(progress_timer_);
  loop_.Cancel(health_timer_);
  if (measured_) {
    health_->End();
  }
  SealThen([this] {
    v1::AgentMessage message;
    v1::Drained& drained = *message.mutable_drained();
    drained.set_last_batch(outbox_->last_number());
    *drained.mutable_final_progress() = Progress();
    Send(std::move(message));
  });
}

void Conductor::OnRunTeardown(const v1::RunTeardown&) {
  host_.RunTeardown(IfCurrent([this](ScriptResult<bool> result) {
    SealThen([this, result = std::move(result)] {
      v1::AgentMessage message;
      v1::TeardownDone& done = *message.mutable_teardown_done();
      if (!result.value.has_value()) {
        SetFailure(result.failure, done.mutable_failure());
      }
      done.set_last_batch(outbox_->last_number());
      Send(std::move(message));
    });
  }));
}

void Conductor::OnRunHandleSummary(const v1::RunHandleSummary& request) {
  host_.RunHandleSummary(request.data_json(),
                         IfCurrent([this](ScriptResult<std::map<std::string, std::string>> result) {
                           v1::AgentMessage message;
                           v1::HandleSummaryDone& done = *message.mutable_handle_summary_done();
                           if (result.value.has_value()) {
                             done.mutable_outputs()->insert(result.value->begin(),
                                                            result.value->end());
                           } else {
                             SetFailure(result.failure, done.mutable_failure());
                           }
                           Send(std::move(message));
                         }));
}

// ---- reports ----

void Conductor::SealThen(absl::AnyInvocable<void()> then) {
  seals_.push_back(std::move(then));
  if (!sealing_) {
    NextSeal();
  }
}

void Conductor::NextSeal() {
  sealing_ = true;
  recorder_.Seal(outbox_->next_number(), [this, generation = generation_](std::string batch) {
    sealing_ = false;
    if (generation != generation_ || phase_ != Phase::kActive || seals_.empty()) {
      if (!seals_.empty()) {  // of a later run
        NextSeal();
      }
      return;
    }
    if (!batch.empty()) {
      outbox_->Add(std::move(batch));
      SendBatches();
    }
    absl::AnyInvocable<void()> then = std::move(seals_.front());
    seals_.pop_front();
    then();
    if (!seals_.empty() && !sealing_) {
      NextSeal();
    }
  });
}

void Conductor::SealEachSecond() {
  seal_timer_ = loop_.After(kSealEvery, [this] {
    if (drained_) {
      return;
    }
    if (!outbox_->full()) {  // otherwise the workers' aggregates grow on, and nothing is lost
      SealThen([] {});
    }
    SealEachSecond();
  });
}

void Conductor::SendBatches() {
  while (const Outbox::Item* item = outbox_->NextToSend()) {
    v1::BatchMessage message;
    message.set_run_id(run_id_);
    message.set_number(item->number);
    message.set_batch(item->encoded);
    session_.SendBatch(std::move(message));
    last_batch_sent_ = loop_.clock().Mono();
  }
  ResendLater();
}

void Conductor::ResendLater() {
  if (resend_timer_ != TimerId::kNone || outbox_->empty()) {
    return;
  }
  resend_timer_ = loop_.After(kResendAfter, [this] {
    resend_timer_ = TimerId::kNone;
    if (loop_.clock().Mono() - last_batch_sent_ >= kResendAfter) {
      Resend();
    }
    ResendLater();
  });
}

void Conductor::Resend() {
  outbox_->Rewind();
  SendBatches();
}

void Conductor::SendProgress() {
  v1::AgentMessage message;
  *message.mutable_progress() = Progress();
  Send(std::move(message));
  progress_timer_ = loop_.After(kProgressEvery, [this] { SendProgress(); });
}

v1::Progress Conductor::Progress() const {
  v1::Progress progress;
  if (engine_ == nullptr) {
    return progress;
  }
  EngineSnapshot snapshot = engine_->Snapshot();
  progress.set_vus_active(snapshot.vus_active);
  progress.set_vus_initialised(host_.pool().initialised());
  progress.set_start_lateness_ns(absl::ToInt64Nanoseconds(snapshot.start_lateness));
  for (const ScenarioSnapshot& part : snapshot.scenarios) {
    v1::ScenarioProgress& scenario = *progress.add_scenarios();
    scenario.set_name(part.name);
    scenario.set_state(ToProto(part.state));
    scenario.set_vus(part.vus_active);
    scenario.set_started(part.iterations_started);
    scenario.set_full(part.iterations_full);
    scenario.set_interrupted(part.iterations_interrupted);
    scenario.set_dropped(part.iterations_dropped);
    scenario.set_max_vus(part.vus_max);
    scenario.set_planned(part.iterations_planned);
    scenario.set_progress(std::clamp(part.progress, 0.0, 1.0));
    scenario.set_rate_per_s(part.rate_per_s);
    scenario.set_max_lateness_ns(part.lateness.max_ns());
    scenario.set_elapsed_ns(absl::ToInt64Nanoseconds(part.elapsed));
  }
  AddHealth(snapshot, &progress);
  return progress;
}

void Conductor::AddHealth(const EngineSnapshot& snapshot, v1::Progress* progress) const {
  if (!measured_) {
    return;
  }
  v1::Health health = health_->Read();
  for (const ScenarioSnapshot& part : snapshot.scenarios) {
    MergeLag(part.lateness, health.mutable_lateness());
    health.set_starts_without_vu(health.starts_without_vu() + part.starts_without_vu);
  }
  health.set_starts_planned(static_cast<int64_t>(LagCount(health.lateness())) +
                            health.starts_without_vu());
  *progress->mutable_health() = std::move(health);
}

void Conductor::SendLog() {
  if (!session_.open()) {
    return;  // they wait for a session; the log is bounded
  }
  v1::AgentMessage message;
  while (log_.Take(kLogLinesPerMessage, message.mutable_log_lines())) {
    session_.Send(run_id_, std::move(message));
    message.Clear();
  }
}

void Conductor::Send(v1::AgentMessage message) {
  SendLog();
  session_.Send(run_id_, std::move(message));
}

void Conductor::Fail(const std::string& text) {
  v1::AgentMessage message;
  message.mutable_agent_failed()->set_message(text);
  Send(std::move(message));
}

}  // namespace lockstep::agent
