#include "coordinator/core/run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);
// How long interrupted iterations may take to unwind.
constexpr absl::Duration kStopWithin = absl::Seconds(10);
constexpr int64_t kMostVus = 100'000'000;  // as in a script's options

std::string Seconds(absl::Duration d) {
  return absl::FormatDuration(d);
}

}  // namespace

template <class Predicate>
bool Run::AllPresent(Predicate predicate) const {
  return std::all_of(members_.begin(), members_.end(),
                     [&](const RunMember& m) { return m.lost || predicate(m); });
}

Run::Run(EventLoop& loop, Fleet& fleet, TestSource& source, RunResults& results, Logger& logger,
         RunSettings settings)
    : loop_(loop),
      fleet_(fleet),
      source_(source),
      results_(results),
      logger_(logger),
      settings_(std::move(settings)) {}

Run::~Run() {
  loop_.Cancel(limit_timer_);
  loop_.Cancel(tick_timer_);
}

void Run::Begin(Events events) {
  events_ = std::move(events);
  fleet_.SetEvents({
      .may_join = [this](const v1::Join& join) { return MayJoin(join); },
      .on_joined = [this](AgentId agent) { OnJoined(agent); },
      .on_message = [this](AgentId agent,
                           const v1::AgentMessage& message) { return OnMessage(agent, message); },
      .on_batch = [this](AgentId agent,
                         const v1::BatchMessage& message) { return OnBatch(agent, message); },
      .on_lost = [this](const AgentRecord& agent,
                        const absl::Status& reason) { OnLost(agent, reason); },
  });
  SetState(RunState::kWaitingForAgents, settings_.wait_for_agents);
}

// ---- people's wishes ----

void Run::Interrupt(const std::string& name) {
  ++interrupts_;
  EndEarly(ExitCode::kExternalAbort,
           absl::StrCat("test run was aborted because lockstep received a '", name, "' signal"),
           false,
           /*now=*/interrupts_ > 1);
}

void Run::Fail(ExitCode code, std::string message) {
  EndEarly(code, std::move(message), false, /*now=*/true);
}

absl::Status Run::Stop(bool now) {
  if (state_ == RunState::kDone) {
    return absl::FailedPreconditionError("the run is over");
  }
  EndEarly(ExitCode::kScriptStoppedFromRestApi, "test run stopped by a control command", false,
           now);
  return absl::OkStatus();
}

absl::Status Run::Pause() {
  if (state_ > RunState::kRunning) {
    return absl::FailedPreconditionError(
        absl::StrCat("the run is in state ", RunStateName(state_), " and cannot pause"));
  }
  if (paused_) {
    return absl::OkStatus();
  }
  if (state_ == RunState::kRunning) {
    for (const auto& [scenario, executor] : plan_->executors) {
      if (!plan_->controlled.contains(scenario)) {
        return absl::FailedPreconditionError(
            absl::StrCat(executor, " executor '", scenario,
                         "' doesn't support pause and resume operations after its start"));
      }
    }
    v1::CoordinatorMessage message;
    message.mutable_pause();
    SendToAll(message);
  }
  paused_ = true;
  return absl::OkStatus();
}

absl::Status Run::Resume() {
  if (!paused_) {
    return absl::FailedPreconditionError("the run is not paused");
  }
  paused_ = false;
  if (state_ == RunState::kRunning) {
    v1::CoordinatorMessage message;
    message.mutable_resume();
    SendToAll(message);
  }
  Advance();
  return absl::OkStatus();
}

bool Run::HasEnded(const std::string& scenario) const {
  return AllPresent([&](const RunMember& member) {
    for (const v1::ScenarioProgress& part : member.progress.scenarios()) {
      if (part.name() == scenario) {
        return part.state() != v1::ScenarioProgress::WAITING &&
               part.state() != v1::ScenarioProgress::RUNNING;
      }
    }
    return false;
  });
}

absl::Status Run::Scale(int64_t vus, int64_t max_vus) {
  if (vus < -1 || max_vus < -1 || (vus == -1 && max_vus == -1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("vus, maxVUs: one must be >= 0, the other >= 0 or -1 for unchanged; got ", vus,
                     " and ", max_vus));
  }
  if (std::max(vus, max_vus) > kMostVus) {
    return absl::InvalidArgumentError(
        absl::StrCat("vus, maxVUs: must be at most ", kMostVus, ", got ", vus, " and ", max_vus));
  }
  if (state_ != RunState::kReadyBarrier && state_ != RunState::kRunning) {
    return absl::FailedPreconditionError(absl::StrCat("the run is in state ", RunStateName(state_),
                                                      "; it can be scaled while it is Running"));
  }
  if (plan_->controlled.empty()) {
    return absl::FailedPreconditionError(
        "only externally-controlled scenarios can be scaled, and this test has none");
  }
  std::map<std::string, ControlledVus> wanted;
  for (const auto& [scenario, now] : plan_->controlled) {
    if (HasEnded(scenario)) {
      continue;
    }
    ControlledVus& totals = wanted[scenario];
    totals = {vus < 0 ? now.vus : vus, max_vus < 0 ? now.max_vus : max_vus};
    if (totals.vus > totals.max_vus) {
      return absl::InvalidArgumentError(absl::StrCat("scenarios.", scenario,
                                                     ": vus must be <= maxVUs, got ", totals.vus,
                                                     " > ", totals.max_vus));
    }
  }
  if (wanted.empty()) {
    return absl::FailedPreconditionError("all externally-controlled scenarios have ended");
  }
  for (const auto& [scenario, totals] : wanted) {
    plan_->controlled[scenario] = totals;
  }
  v1::CoordinatorMessage message;
  message.mutable_scale()->set_vus(vus);
  message.mutable_scale()->set_max_vus(max_vus);
  SendToAll(message);
  return absl::OkStatus();
}

// ---- members ----

absl::Status Run::MayJoin(const v1::Join&) {
  if (state_ != RunState::kWaitingForAgents) {
    return absl::UnavailableError("a run is in progress; wait for the next one");
  }
  return absl::OkStatus();
}

void Run::OnJoined(AgentId agent) {
  const AgentRecord& record = *fleet_.Find(agent);
  RunMember& member = members_.emplace_back();
  member.id = agent;
  member.name = record.name;
  member.weight = record.weight;
  member.labels = record.labels;
  logger_.Debug(absl::StrCat("agent ", record.name, " has joined, ", members_.size(), " of ",
                             settings_.agents));
  Advance();
}

void Run::OnLost(const AgentRecord& agent, const absl::Status& reason) {
  RunMember* member = FindMember(agent.id);
  if (member == nullptr || state_ == RunState::kDone) {
    return;
  }
  std::string message = absl::StrCat("agent ", agent.name, " was lost: ", reason.message());
  if (state_ == RunState::kWaitingForAgents) {
    logger_.Warn(message);
    std::erase_if(members_, [&](const RunMember& m) { return m.id == agent.id; });
    return;
  }
  member->lost = true;
  member->loss = std::string(reason.message());
  std::string missing = MissingWork(*member);
  logger_.Error(absl::StrCat(message, missing.empty() ? "" : "; missing: ", missing));
  const bool was_elected = agent.id == elected_;
  const RunState before = state_;
  if (was_elected) {
    Elect();  // first: what follows may go on to teardown at once
  }
  if (!WithinTolerance() || (was_elected && state_ == RunState::kSetup)) {
    EndEarly(ExitCode::kOther, message, false, /*now=*/true);
  }
  if (was_elected && state_ == before) {
    if (state_ == RunState::kInspecting) {
      EnterInspecting();
    } else if (state_ == RunState::kTeardown) {
      logger_.Error(absl::StrCat("teardown() was lost with agent ", agent.name));
      EnterSummarising();
    } else if (state_ == RunState::kSummarising) {
      Conclude(std::nullopt);
    }
  }
  Advance();
}

bool Run::WithinTolerance() const {
  size_t lost = static_cast<size_t>(
      std::count_if(members_.begin(), members_.end(), [](const auto& m) { return m.lost; }));
  return lost < members_.size() &&
         static_cast<double>(lost) * 100 <=
             settings_.tolerated_loss_percent * static_cast<double>(members_.size());
}

RunMember* Run::FindMember(AgentId agent) {
  for (RunMember& member : members_) {
    if (member.id == agent && !member.lost) {
      return &member;
    }
  }
  return nullptr;
}

void Run::Elect() {
  elected_ = AgentId{};
  for (const RunMember& member : members_) {
    if (!member.lost) {
      elected_ = member.id;
      return;
    }
  }
}

RunMember* Run::Elected() {
  return FindMember(elected_);
}

void Run::SendTo(const RunMember& member, v1::CoordinatorMessage message) {
  fleet_.Send(member.id, settings_.run_id, std::move(message));
}

void Run::SendToAll(const v1::CoordinatorMessage& message) {
  std::vector<AgentId> present;
  for (const RunMember& member : members_) {
    if (!member.lost) {
      present.push_back(member.id);
    }
  }
  for (AgentId id : present) {  // sending may lose an agent, and change members_
    fleet_.Send(id, settings_.run_id, message);
  }
}

// ---- states ----

void Run::SetState(RunState state, absl::Duration limit) {
  state_ = state;
  loop_.Cancel(limit_timer_);
  limit_timer_ = TimerId::kNone;
  if (limit < absl::InfiniteDuration()) {
    limit_timer_ = loop_.After(limit, [this] {
      limit_timer_ = TimerId::kNone;
      OnLimit();
    });
  }
  if (events_.on_state) {
    events_.on_state(state);
  }
}

void Run::Advance() {
  switch (state_) {
    case RunState::kWaitingForAgents:
      if (members_.size() >= settings_.agents) {
        Elect();
        EnterInspecting();
      }
      return;
    case RunState::kAssigning:
      if (AllPresent([](const RunMember& m) { return m.assigned; })) {
        EnterPreparing();
      }
      return;
    case RunState::kPreparing:
      if (AllPresent([](const RunMember& m) { return m.prepared; })) {
        EnterSetup();
      }
      return;
    case RunState::kReadyBarrier:
      if (!paused_ && AllPresent([](const RunMember& m) { return m.ready; })) {
        EnterRunning();
      }
      return;
    case RunState::kRunning:
      if (AllPresent([](const RunMember& m) { return m.drained; })) {
        EnterDraining();
      }
      return;
    case RunState::kDraining:
      if (AllPresent([](const RunMember& m) { return m.drained && m.flushed(); })) {
        drained_at_ = std::min(drained_at_, loop_.clock().Mono());
        EnterTeardown();
      }
      return;
    case RunState::kInspecting:
    case RunState::kSetup:
    case RunState::kTeardown:
    case RunState::kSummarising:
    case RunState::kDone:
      return;
  }
}

void Run::EnterInspecting() {
  SetState(RunState::kInspecting, settings_.inspect_within);
  const ScriptSource& script = source_.script();
  bundle_ = Bundle();
  bundle_.Add(script.main_url, script.text);
  v1::CoordinatorMessage message;
  v1::Inspect& inspect = *message.mutable_inspect();
  inspect.set_main_url(script.main_url);
  inspect.set_working_directory(script.working_directory);
  inspect.set_main_script(script.text);
  inspect.mutable_env()->insert(settings_.env.begin(), settings_.env.end());
  fleet_.Send(elected_, settings_.run_id, std::move(message));
}

void Run::OnInspected(const v1::Inspected& inspected) {
  if (inspected.has_failure()) {
    EndEarly(static_cast<ExitCode>(inspected.failure().exit_code()), inspected.failure().message(),
             true, true);
    return;
  }
  absl::StatusOr<TestPlan> plan = source_.MakePlan(inspected);
  if (!plan.ok()) {
    EndEarly(absl::IsInvalidArgument(plan.status()) ? ExitCode::kInvalidConfig : ExitCode::kOther,
             std::string(plan.status().message()), false, true);
    return;
  }
  plan_ = *std::move(plan);
  paused_ = paused_ || plan_->paused;
  if (events_.on_planned) {
    events_.on_planned(*plan_);
  }
  if (settings_.inspect_only) {
    Finish();
    return;
  }
  EnterAssigning();
}

void Run::EnterAssigning() {
  std::erase_if(members_, [](const RunMember& m) { return m.lost; });  // nothing was theirs yet
  if (!plan_->sequence.has_value()) {
    std::vector<int64_t> weights;
    for (const RunMember& member : members_) {
      weights.push_back(member.weight);
    }
    absl::StatusOr<SegmentSequence> sequence = SegmentSequence::FromWeights(weights);
    if (!sequence.ok()) {
      EndEarly(ExitCode::kInvalidConfig, std::string(sequence.status().message()), false, true);
      return;
    }
    plan_->sequence = *std::move(sequence);
    for (size_t i = 0; i < members_.size(); ++i) {
      members_[i].segment_index = i;
    }
  } else {
    members_[0].segment_index = plan_->segment_index;
  }
  for (RunMember& member : members_) {
    member.segment = plan_->sequence->segments()[member.segment_index].ToString();
  }
  SetState(RunState::kAssigning, settings_.assign_within);
  std::vector<std::pair<AgentId, v1::CoordinatorMessage>> messages;
  for (const RunMember& member : members_) {
    messages.emplace_back(member.id, AssignFor(member));
  }
  for (auto& [id, message] : messages) {
    fleet_.Send(id, settings_.run_id, std::move(message));
  }
}

v1::CoordinatorMessage Run::AssignFor(const RunMember& member) const {
  v1::CoordinatorMessage message;
  v1::Assign& assign = *message.mutable_assign();
  assign.set_main_url(source_.script().main_url);
  assign.set_working_directory(source_.script().working_directory);
  bundle_.Describe(&assign);
  assign.set_options_json(plan_->options_json);
  assign.set_segment_sequence(plan_->sequence->ToString());
  assign.set_segment_index(static_cast<int32_t>(member.segment_index));
  assign.mutable_env()->insert(settings_.env.begin(), settings_.env.end());
  if (plan_->rps > 0) {
    absl::StatusOr<SegmentTuple> tuple = SegmentTuple::Make(*plan_->sequence, member.segment_index);
    assign.set_rps_share(tuple.ok() ? std::max<int64_t>(tuple->Scale(plan_->rps), 1) : plan_->rps);
  }
  assign.set_keep_points(plan_->keep_points);
  return message;
}

void Run::EnterPreparing() {
  SetState(RunState::kPreparing, settings_.prepare_within);
  v1::CoordinatorMessage message;
  message.mutable_prepare();
  SendToAll(message);
}

void Run::EnterSetup() {
  tick_timer_ = loop_.After(kTick, [this] { Tick(); });
  SetState(RunState::kSetup, plan_->setup_timeout + settings_.lease);
  if (!plan_->has_setup) {
    setup_ok_ = true;
    EnterReadyBarrier();
    return;
  }
  v1::CoordinatorMessage message;
  message.mutable_run_setup();
  fleet_.Send(elected_, settings_.run_id, std::move(message));
}

void Run::OnSetupDone(RunMember& member, const v1::SetupDone& done) {
  member.last_batch = std::max(member.last_batch, done.last_batch());
  if (done.has_failure()) {
    EndEarly(static_cast<ExitCode>(done.failure().exit_code()), done.failure().message(), true,
             true);
    return;
  }
  setup_ok_ = true;
  setup_data_ = done.value();
  EnterReadyBarrier();
}

void Run::EnterReadyBarrier() {
  // A pause has no limit: it ends when somebody says so.
  SetState(RunState::kReadyBarrier, paused_ ? absl::InfiniteDuration() : settings_.assign_within);
  v1::CoordinatorMessage message;
  *message.mutable_setup_data()->mutable_value() = setup_data_;
  SendToAll(message);
}

absl::Duration Run::T0Lead() const {
  double slowest_ms = 0;
  for (const RunMember& member : members_) {
    slowest_ms = std::max(slowest_ms, member.lost ? 0 : member.round_trip_ms);
  }
  absl::Duration lead =
      absl::Milliseconds(3 * slowest_ms) + absl::Milliseconds(members_.size() > 1 ? 10 : 1);
  return std::min(lead, absl::Seconds(5));
}

void Run::EnterRunning() {
  absl::Duration lead = T0Lead();
  t0_ = loop_.clock().Mono() + lead;
  v1::CoordinatorMessage message;
  message.mutable_start()->set_t0_coordinator_mono_ns(t0_.nanos());
  message.mutable_start()->set_t0_wall_unix_ns(absl::ToUnixNanos(loop_.clock().Wall() + lead));
  SetState(RunState::kRunning, lead + plan_->length + settings_.lease + kStopWithin);
  SendToAll(message);
}

void Run::GracefulStopAll() {
  stopping_ = true;
  v1::CoordinatorMessage message;
  message.mutable_graceful_stop();
  SendToAll(message);
}

void Run::StopAll() {
  stopping_ = true;
  stopped_now_ = true;
  v1::CoordinatorMessage message;
  message.mutable_stop();
  SendToAll(message);
}

void Run::EnterDraining() {
  absl::Duration limit = settings_.lease + kStopWithin;
  if (stopping_ && !stopped_now_) {
    limit += plan_->graceful_stop;
  }
  SetState(RunState::kDraining, limit);
  Advance();
}

void Run::EnterTeardown() {
  loop_.Cancel(tick_timer_);
  tick_timer_ = TimerId::kNone;
  RunMember* elected = Elected();
  if (!plan_->has_teardown || !setup_ok_ || elected == nullptr) {
    EnterSummarising();
    return;
  }
  SetState(RunState::kTeardown, plan_->teardown_timeout + settings_.lease);
  v1::CoordinatorMessage message;
  *message.mutable_run_teardown()->mutable_value() = setup_data_;
  SendTo(*elected, std::move(message));
}

void Run::OnTeardownDone(RunMember& member, const v1::TeardownDone& done) {
  member.last_batch = std::max(member.last_batch, done.last_batch());
  if (done.has_failure()) {
    Record(static_cast<ExitCode>(done.failure().exit_code()), done.failure().message(), true);
  }
  EnterSummarising();
}

void Run::EnterSummarising() {
  SetState(RunState::kSummarising, plan_->handle_summary_timeout + settings_.lease);
  RunMember* elected = Elected();
  if (elected != nullptr && !elected->flushed()) {
    return;  // teardown's last batch is on its way; OnBatch comes back here
  }
  Judge();
  if (!plan_->has_handle_summary || !settings_.handle_summary || elected == nullptr ||
      !script_usable_) {
    Conclude(std::nullopt);
    return;
  }
  v1::CoordinatorMessage message;
  message.mutable_run_handle_summary()->set_data_json(results_.SummaryData(elapsed(), setup_data_));
  SendTo(*elected, std::move(message));
}

void Run::OnHandleSummaryDone(const v1::HandleSummaryDone& done) {
  if (done.has_failure()) {
    logger_.Error(
        absl::StrCat("failed to handle the end-of-test summary: ", done.failure().message()));
    Conclude(std::nullopt);
  } else {
    Conclude(std::map<std::string, std::string>(done.outputs().begin(), done.outputs().end()));
  }
}

// An exec.test.fail() comes before the thresholds: the earlier fault decides the exit code.
void Run::Judge() {
  if (marked_) {
    Record(ExitCode::kMarkedAsFailed,
           mark_.empty() ? "test run was marked as failed"
                         : absl::StrCat("test run was marked as failed: ", mark_),
           false);
  }
  if (judged_) {
    return;
  }
  judged_ = true;
  if (std::optional<std::string> crossed = results_.FinalThresholds(elapsed());
      crossed.has_value()) {
    Record(ExitCode::kThresholdsHaveFailed, *crossed, false);
  }
}

void Run::Conclude(std::optional<std::map<std::string, std::string>> outputs) {
  Judge();
  events_.on_summary(std::move(outputs));
  Finish();
}

void Run::Finish() {
  loop_.Cancel(tick_timer_);
  tick_timer_ = TimerId::kNone;
  SetState(RunState::kDone, absl::InfiniteDuration());
  fleet_.Dismiss("the run is over");
  events_.on_done(outcome_);
}

// ---- ending early ----

void Run::Record(ExitCode code, std::string message, bool script_fault) {
  if (!faulted_) {
    faulted_ = true;
    outcome_ = {code, std::move(message), script_fault};
  }
}

void Run::EndEarly(ExitCode code, std::string message, bool script_fault, bool now) {
  switch (state_) {
    case RunState::kWaitingForAgents:
    case RunState::kInspecting:
    case RunState::kAssigning:
    case RunState::kPreparing:
      Record(code, std::move(message), script_fault);
      Finish();
      return;
    case RunState::kSetup:
      script_usable_ = script_fault;  // otherwise setup() is being interrupted
      [[fallthrough]];
    case RunState::kReadyBarrier:
      Record(code, std::move(message), script_fault);
      StopAll();
      EnterDraining();
      return;
    case RunState::kRunning:
      Record(code, std::move(message), script_fault);
      if (now) {
        StopAll();
      } else {
        GracefulStopAll();
      }
      EnterDraining();
      return;
    case RunState::kDraining:
      Record(code, std::move(message), script_fault);
      if (now && !stopped_now_) {
        StopAll();
        EnterDraining();
      }
      return;
    case RunState::kTeardown:
      Record(code, std::move(message), script_fault);
      if (now) {
        script_usable_ = false;
        logger_.Warn("teardown() was given up");
        EnterSummarising();
      }
      return;
    case RunState::kSummarising:
      Record(code, std::move(message), script_fault);
      if (now) {
        Conclude(std::nullopt);
      }
      return;
    case RunState::kDone:
      return;
  }
}

void Run::OnLimit() {
  switch (state_) {
    case RunState::kWaitingForAgents:
      EndEarly(ExitCode::kOther,
               absl::StrCat("only ", members_.size(), " of ", settings_.agents,
                            " agents joined within ", Seconds(settings_.wait_for_agents)),
               false, true);
      return;
    case RunState::kInspecting:
      EndEarly(ExitCode::kGenericTimeout,
               absl::StrCat("the script's init code did not end within ",
                            Seconds(settings_.inspect_within)),
               false, true);
      return;
    case RunState::kAssigning:
    case RunState::kPreparing:
    case RunState::kReadyBarrier: {
      std::string late;
      for (const RunMember& m : members_) {
        bool done = state_ == RunState::kAssigning   ? m.assigned
                    : state_ == RunState::kPreparing ? m.prepared
                                                     : m.ready;
        if (!m.lost && !done) {
          absl::StrAppend(&late, late.empty() ? "" : ", ", m.name);
        }
      }
      if (late.empty()) {
        return;  // a pause
      }
      EndEarly(ExitCode::kGenericTimeout,
               absl::StrCat("state ", RunStateName(state_), " took too long on: ", late), false,
               true);
      return;
    }
    case RunState::kSetup:
      EndEarly(ExitCode::kSetupTimeout,
               absl::StrCat("setup() execution timed out after ", Seconds(plan_->setup_timeout)),
               false, true);
      return;
    case RunState::kRunning:
      logger_.Warn("the plan's time is over, but iterations still run; they are interrupted");
      StopAll();
      EnterDraining();
      return;
    case RunState::kDraining: {
      if (!stopped_now_) {
        StopAll();
        EnterDraining();
        return;
      }
      std::vector<AgentId> late;
      for (const RunMember& m : members_) {
        if (!m.lost && !(m.drained && m.flushed())) {
          late.push_back(m.id);
        }
      }
      for (AgentId id : late) {
        fleet_.Expel(id, absl::DeadlineExceededError("it did not stop when it was told to"));
      }
      return;
    }
    case RunState::kTeardown:
      script_usable_ = false;
      Record(
          ExitCode::kTeardownTimeout,
          absl::StrCat("teardown() execution timed out after ", Seconds(plan_->teardown_timeout)),
          false);
      EnterSummarising();
      return;
    case RunState::kSummarising:
      logger_.Error("failed to handle the end-of-test summary: it took too long");
      Conclude(std::nullopt);
      return;
    case RunState::kDone:
      return;
  }
}

void Run::Tick() {
  tick_timer_ = loop_.After(kTick, [this] { Tick(); });
  int64_t vus = 0;
  int64_t vus_max = 0;
  for (const RunMember& member : members_) {
    if (!member.lost) {
      vus += member.progress.vus_active();
      vus_max += member.progress.vus_initialised();
    }
  }
  results_.AddVus(vus, vus_max);
  if (events_.on_tick) {
    events_.on_tick();
  }
  if (state_ == RunState::kRunning) {
    if (std::optional<std::string> crossed = results_.CheckThresholds(elapsed());
        crossed.has_value()) {
      EndEarly(ExitCode::kThresholdsHaveFailed, *crossed, false, /*now=*/true);
    }
  }
}

}  // namespace lockstep::coordinator
