// The states of a Run, in their order: what each asks of the fleet, and when it is left.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/message_limits.h"
#include "common/messages/words.h"
#include "coordinator/core/run.h"

namespace lockstep::coordinator {

void Run::SetState(RunState state, absl::Duration limit) {
  phase_.Enter(state, limit);
  slow_init_.Watch();
  if (events_.on_state) {
    events_.on_state(state);
  }
}

void Run::Advance() {
  switch (state()) {
    case v1::RunStatus::WAITING_FOR_AGENTS:
      if (roster_.complete()) {
        roster_.Elect();
        EnterInspecting();
      }
      return;
    case v1::RunStatus::ASSIGNING:
      if (roster_.AllHave(RunMember::Step::kAssigned)) {
        EnterPreparing();
      }
      return;
    case v1::RunStatus::PREPARING:
      if (!pausing_.paused() && roster_.AllHave(RunMember::Step::kPrepared)) {
        EnterSetup();
      }
      return;
    case v1::RunStatus::READY_BARRIER:
      if (!pausing_.paused() && roster_.AllHave(RunMember::Step::kReady)) {
        EnterRunning();
      }
      return;
    case v1::RunStatus::RUNNING:
      // Whoever has come and takes no part yet may be the only one who is left.
      if (roster_.AllHave(RunMember::Step::kDrained) && !(MovesNow() && roster_.AwaitsJoining())) {
        EnterDraining();
      }
      return;
    case v1::RunStatus::DRAINING:
      if (roster_.AllPresent([](const RunMember& m) { return m.settled(); })) {
        clock_.AllHaveDrained();
        EnterTeardown();
      }
      return;
    default:
      return;
  }
}

void Run::EnterInspecting() {
  SetState(v1::RunStatus::INSPECTING, settings_.inspect_within);
  const ScriptSource& script = source_.script();
  files_.BeginBundle();
  v1::CoordinatorMessage message;
  v1::Inspect& inspect = *message.mutable_inspect();
  inspect.set_main_url(script.main_url);
  inspect.set_working_directory(script.working_directory);
  inspect.set_main_script(script.text);
  inspect.mutable_env()->insert(settings_.env.begin(), settings_.env.end());
  inspect.set_base_mode(script.base_mode);
  if (!MayBeSent("the script", message)) {
    return;
  }
  sender_.Send(roster_.elected(), std::move(message));
}

void Run::EnterAssigning() {
  if (absl::Status divided = assignments_.DealOut(*plan_, roster_); !divided.ok()) {
    EndEarly({ExitCode::kInvalidConfig, std::string(divided.message())});
    return;
  }
  SetState(v1::RunStatus::ASSIGNING, settings_.assign_within);
  for (const AgentId id : roster_.Present()) {
    if (const RunMember* member = roster_.Find(id); member != nullptr) {
      v1::CoordinatorMessage message = assignments_.MessageFor(*member, *plan_);
      if (!MayBeSent("what agents are to know of the test (options, environment, names of files)",
                     message)) {
        return;
      }
      sender_.Send(id, std::move(message));
    }
  }
}

// The agents are not to blame for it, so that none is to be lost by it, one after the other.
bool Run::MayBeSent(absl::string_view what, const v1::CoordinatorMessage& message) {
  const size_t bytes = message.ByteSizeLong();
  if (bytes > kMostMessageBytes) {
    EndEarly({.exit_code = ExitCode::kInvalidConfig,
              .message = absl::StrCat(what, " has ", bytes, " bytes: the most is ",
                                      kMostMessageBytes, "; put large data into files"),
              .refused = true});
  }
  return bytes <= kMostMessageBytes;
}

void Run::EnterPreparing() {
  SetState(v1::RunStatus::PREPARING, settings_.prepare_within);
  preparation_.NextOfAll();
}

void Run::EnterSetup() {
  if (script_.set_up()) {  // the work has been dealt out again since
    EnterReadyBarrier();
    return;
  }
  clock_.SetupBegins();
  ticker_.BeginTicking();
  SetState(v1::RunStatus::SETUP, plan_->setup_timeout + settings_.lease);
  if (!plan_->has_setup) {
    script_.SkipSetup();
    EnterReadyBarrier();
    return;
  }
  v1::CoordinatorMessage message;
  message.mutable_run_setup();
  sender_.Send(roster_.elected(), std::move(message));
}

void Run::EnterReadyBarrier() {
  if (assignments_.postponed()) {
    EnterAssigning();
    return;
  }
  // A pause has no limit: it ends when somebody says so.
  SetState(v1::RunStatus::READY_BARRIER,
           pausing_.paused() ? absl::InfiniteDuration() : settings_.assign_within);
  preparation_.NextOfAll();
}

void Run::EnterRunning() {
  const absl::Duration lead = clock_.ChooseT0();
  if (settings_.redistribute) {
    LetWorkMove({.pools = IterationPools(plan_->pools).state(),
                 .vu_leases = VuLeases(plan_->vu_bound).scenarios(),
                 .scaling = {.target = settings_.agents}});
  }
  SetState(v1::RunStatus::RUNNING, lead + plan_->length + settings_.lease + kStopWithin);
  sender_.SendToAll(StartMessage());
  ticker_.BeginJudging();
  standstill_watch_.Begin();
}

v1::CoordinatorMessage Run::StartMessage() const {
  v1::CoordinatorMessage message = clock_.StartMessage();
  v1::Start& start = *message.mutable_start();
  start.set_paused(pausing_.paused());
  for (const auto& [scenario, totals] : plan_->controlled) {
    v1::Start::Controlled& controlled = *start.add_controlled();
    controlled.set_scenario(scenario);
    controlled.set_vus(totals.vus);
    controlled.set_max_vus(totals.max_vus);
  }
  return message;
}

void Run::LetWorkMove(MovingWork::State state) {
  moving_.emplace(MovingWork::Parts{.loop = loop_,
                                    .phase = phase_,
                                    .run_clock = clock_,
                                    .plan = *plan_,
                                    .assignments = assignments_,
                                    .fleet = fleet_,
                                    .roster = roster_,
                                    .sender = sender_,
                                    .logger = logger_,
                                    .lease = settings_.lease},
                  std::move(state));
}

void Run::EnterDraining() {
  if (moving_.has_value()) {
    moving_->Stop();
  }
  roster_.ForgetJoining();
  absl::Duration limit = settings_.lease + kStopWithin;
  if (stopping_ == Stopping::kGracefully) {
    limit += plan_->graceful_stop;
  }
  SetState(v1::RunStatus::DRAINING, limit);
  Advance();
}

// One that is about to leave, or whose connection is broken, may be gone: whoever stays can be
// asked as well. Where the load never began, some may still make their VUs, and can do nothing
// else.
RunMember* Run::ElectForCall() {
  const auto can = [](const RunMember& member) {
    return member.step >= RunMember::Step::kPrepared;
  };
  const auto there = [this, can](const RunMember& member) {
    const AgentRecord* const record = fleet_.Find(member.id);
    return record != nullptr && record->connected && can(member);
  };
  const auto stays = [there](const RunMember& member) { return !member.leaving && there(member); };
  RunMember* elected = roster_.FindElected();
  if (elected == nullptr || !stays(*elected)) {
    roster_.ElectFrom(stays);
    elected = roster_.FindElected();
  }
  if (elected == nullptr) {  // those who have handed their work over are there as well
    roster_.ElectFrom(there);
    elected = roster_.FindElected();
  }
  return elected != nullptr && can(*elected) ? elected : nullptr;
}

void Run::EnterTeardown() {
  ticker_.StopTicking();
  const RunMember* elected = ElectForCall();
  if (!plan_->has_teardown || !script_.begun()) {
    EnterSummarising();
    return;
  }
  if (elected == nullptr) {
    RecordNow("teardown() was not called: no agent is left");
    EnterSummarising();
    return;
  }
  const absl::Duration limit = plan_->teardown_timeout + settings_.lease;
  SetState(v1::RunStatus::TEARDOWN, interrupts_ > 1 ? std::min(limit, kHurriedTeardown) : limit);
  v1::CoordinatorMessage message;
  *message.mutable_run_teardown()->mutable_value() = script_.setup_data();
  sender_.Send(elected->id, std::move(message));
}

void Run::EnterSummarising() {
  SetState(v1::RunStatus::SUMMARISING, plan_->handle_summary_timeout + settings_.lease);
  const RunMember* elected = roster_.FindElected();
  if (elected != nullptr && !elected->flushed()) {
    return;  // teardown's last batch is on its way; OnBatch comes back here
  }
  JudgeEnd();
  if (!plan_->has_handle_summary || !settings_.handle_summary) {
    Conclude(std::nullopt);
    return;
  }
  if (!script_.usable()) {
    logger_.Warn(
        "handleSummary() was not called, as a function before it was given up: what it was to "
        "write is missing");
    Conclude(std::nullopt);
    return;
  }
  elected = ElectForCall();
  if (elected == nullptr) {
    FailSummary("no agent is left to call handleSummary()");
    return;
  }
  v1::CoordinatorMessage message;
  message.mutable_run_handle_summary()->set_data_json(
      results_.SummaryData(measured(), script_.setup_data()));
  if (const size_t bytes = message.ByteSizeLong(); bytes > kMostMessageBytes) {
    FailSummary(absl::StrCat("its data has ", bytes, " bytes: the most is ", kMostMessageBytes));
    return;
  }
  sender_.Send(elected->id, std::move(message));
}

void Run::JudgeEnd() {
  faults_.Judge([this] { return results_.FinalThresholds(measured()); });
  const v1::Health::Validity validity = judgement().validity;
  if (settings_.fail_on_suspect && !IsSteady(validity)) {
    faults_.Record(
        {ExitCode::kGeneratorSuspect,
         absl::StrCat("the generator is ", WordOf(validity), ", and --fail-on-suspect was given")});
  }
}

void Run::Conclude(std::optional<std::map<std::string, std::string>> outputs) {
  JudgeEnd();
  fleet_.TellAllLines();
  events_.on_summary(std::move(outputs));
  Finish();
}

void Run::Finish() {
  ticker_.StopTicking();
  SetState(v1::RunStatus::DONE, absl::InfiniteDuration());
  const RunOutcome& outcome = faults_.outcome();
  fleet_.Dismiss(absl::StrCat("the run is over, exit code ", static_cast<int>(outcome.exit_code),
                              outcome.message.empty() ? "" : ": ",
                              outcome.message.substr(0, outcome.message.find('\n'))));
  events_.on_done(faults_.outcome());
}

}  // namespace lockstep::coordinator
