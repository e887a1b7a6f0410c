// The states of a Run, in their order: what each asks of the fleet, and when it is left.
#include <algorithm>
#include <utility>

#include "common/base/beat.h"
#include "coordinator/core/division.h"
#include "coordinator/core/run.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::Duration kSecond = absl::Seconds(1);
// How long after its second a batch may arrive, to be judged with it.
constexpr absl::Duration kBatchesWithin = absl::Milliseconds(500);
constexpr absl::Duration kBeat = absl::Milliseconds(250);
// That are told one by one.
constexpr size_t kMostStandstills = 10;

}  // namespace

void Run::SetState(RunState state, absl::Duration limit) {
  state_ = state;
  state_since_ = loop_.clock().Mono();
  LimitState(limit);
  if (events_.on_state) {
    events_.on_state(state);
  }
}

void Run::LimitState(absl::Duration limit) {
  loop_.Cancel(limit_timer_);
  limit_timer_ = TimerId::kNone;
  limit_at_ = loop_.clock().Mono() + limit;
  if (limit < absl::InfiniteDuration()) {
    limit_timer_ = loop_.After(limit, [this] {
      limit_timer_ = TimerId::kNone;
      OnLimit();
    });
  }
}

void Run::Advance() {
  switch (state_) {
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
      if (!paused_ && roster_.AllHave(RunMember::Step::kPrepared)) {
        EnterSetup();
      }
      return;
    case v1::RunStatus::READY_BARRIER:
      if (!paused_ && roster_.AllHave(RunMember::Step::kReady)) {
        EnterRunning();
      }
      return;
    case v1::RunStatus::RUNNING:
      if (roster_.AllHave(RunMember::Step::kDrained)) {
        EnterDraining();
      }
      return;
    case v1::RunStatus::DRAINING:
      if (roster_.AllPresent([](const RunMember& m) { return m.settled(); })) {
        drained_at_ = std::min(drained_at_, loop_.clock().Mono());
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
  bundle_ = Bundle();
  bundle_.Add(script.main_url, script.text);
  v1::CoordinatorMessage message;
  v1::Inspect& inspect = *message.mutable_inspect();
  inspect.set_main_url(script.main_url);
  inspect.set_working_directory(script.working_directory);
  inspect.set_main_script(script.text);
  inspect.mutable_env()->insert(settings_.env.begin(), settings_.env.end());
  SendTo(roster_.elected(), std::move(message));
}

void Run::EnterAssigning() {
  roster_.ForgetLost();  // nothing was theirs yet, or others get it now
  ++deal_;
  deal_again_ = false;
  if (!sequence_given_) {
    plan_->sequence.reset();
  }
  for (RunMember& member : roster_.members()) {
    member.step = RunMember::Step::kJoined;
  }
  if (absl::Status divided = DivideWork(*plan_, roster_.members()); !divided.ok()) {
    EndEarly({ExitCode::kInvalidConfig, std::string(divided.message())});
    return;
  }
  SetState(v1::RunStatus::ASSIGNING, settings_.assign_within);
  for (const AgentId id : roster_.Present()) {
    if (const RunMember* member = roster_.Find(id); member != nullptr) {
      SendTo(id, AssignFor(*member));
    }
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
  assign.set_partition(plan_->partition == Partition::kFair ? v1::Assign::FAIR
                                                            : v1::Assign::STRIPED);
  assign.set_rps_share(member.rps_share);
  assign.set_keep_points(plan_->keep_points);
  assign.set_max_vu_block_ns(absl::ToInt64Nanoseconds(settings_.max_vu_block));
  assign.set_deal(deal_);
  assign.set_work_moves(settings_.redistribute);
  return message;
}

void Run::EnterPreparing() {
  SetState(v1::RunStatus::PREPARING, settings_.prepare_within);
  CatchUpAll();
}

void Run::EnterSetup() {
  if (setup_ == Setup::kDone) {  // the work has been dealt out again since
    EnterReadyBarrier();
    return;
  }
  setup_began_ = loop_.clock().Mono();
  TickSoon();
  SetState(v1::RunStatus::SETUP, plan_->setup_timeout + settings_.lease);
  if (!plan_->has_setup) {
    setup_ = Setup::kDone;
    EnterReadyBarrier();
    return;
  }
  v1::CoordinatorMessage message;
  message.mutable_run_setup();
  SendTo(roster_.elected(), std::move(message));
}

void Run::EnterReadyBarrier() {
  if (deal_again_) {
    EnterAssigning();
    return;
  }
  // A pause has no limit: it ends when somebody says so.
  SetState(v1::RunStatus::READY_BARRIER,
           paused_ ? absl::InfiniteDuration() : settings_.assign_within);
  CatchUpAll();
}

absl::Duration Run::T0Lead() const {
  const absl::Duration lead = absl::Milliseconds(3 * roster_.SlowestRoundTripMs()) +
                              absl::Milliseconds(members().size() > 1 ? 10 : 1) +
                              settings_.held_back;
  return std::min(lead, absl::Seconds(5));
}

void Run::EnterRunning() {
  absl::Duration lead = T0Lead();
  t0_ = loop_.clock().Mono() + lead;
  v1::CoordinatorMessage message;
  message.mutable_start()->set_t0_coordinator_mono_ns(t0_.nanos());
  t0_wall_ns_ = absl::ToUnixNanos(loop_.clock().Wall() + lead);
  message.mutable_start()->set_t0_wall_unix_ns(t0_wall_ns_);
  if (settings_.redistribute) {
    pools_.emplace(plan_->pools);
    vu_leases_.emplace(plan_->vu_bound);
  }
  SetState(v1::RunStatus::RUNNING, lead + plan_->length + settings_.lease + kStopWithin);
  SendToAll(message);
  JudgeEachSecond();
  last_beat_ = t0_;
  Beat();
}

// Agents seal what they measured at whole seconds after T0. Half a second later all of it is here,
// and nothing of the next second: a window of thresholds holds the seconds that it says.
void Run::JudgeEachSecond() {
  judge_timer_ = loop_.At(NextBeat(t0_ + kBatchesWithin, kSecond, loop_.clock().Mono()), [this] {
    judge_timer_ = TimerId::kNone;
    if (state_ != v1::RunStatus::RUNNING) {
      return;
    }
    const absl::Duration measured = absl::Floor(elapsed() - kBatchesWithin, kSecond);
    if (std::optional<std::string> crossed = results_.CheckThresholds(measured);
        crossed.has_value()) {
      EndEarly({ExitCode::kThresholdsHaveFailed, *crossed});
      return;
    }
    JudgeEachSecond();
  });
}

void Run::EnterDraining() {
  loop_.Cancel(std::exchange(redivision_timer_, TimerId::kNone));
  redivision_.reset();
  roster_.ForgetJoining();
  absl::Duration limit = settings_.lease + kStopWithin;
  if (stopping_ == Stopping::kGracefully) {
    limit += plan_->graceful_stop;
  }
  SetState(v1::RunStatus::DRAINING, limit);
  Advance();
}

void Run::EnterTeardown() {
  loop_.Cancel(std::exchange(tick_timer_, TimerId::kNone));
  // One whose connection is broken may be gone: whoever is there tears down as well.
  const AgentRecord* const record = fleet_.Find(roster_.elected());
  if (record != nullptr && !record->connected) {
    roster_.ElectFrom([this](const RunMember& member) {
      const AgentRecord* other = fleet_.Find(member.id);
      return other != nullptr && other->connected;
    });
  }
  const RunMember* elected = roster_.FindElected();
  const bool begun = setup_ == Setup::kDone || setup_ == Setup::kInterrupted;
  if (!plan_->has_teardown || !begun || elected == nullptr) {
    EnterSummarising();
    return;
  }
  const absl::Duration limit = plan_->teardown_timeout + settings_.lease;
  SetState(v1::RunStatus::TEARDOWN, interrupts_ > 1 ? std::min(limit, kHurriedTeardown) : limit);
  v1::CoordinatorMessage message;
  *message.mutable_run_teardown()->mutable_value() = setup_data_;
  SendTo(elected->id, std::move(message));
}

void Run::EnterSummarising() {
  SetState(v1::RunStatus::SUMMARISING, plan_->handle_summary_timeout + settings_.lease);
  const RunMember* elected = roster_.FindElected();
  if (elected != nullptr && !elected->flushed()) {
    return;  // teardown's last batch is on its way; OnBatch comes back here
  }
  verdict_.Judge([this] { return results_.FinalThresholds(measured()); });
  if (!plan_->has_handle_summary || !settings_.handle_summary || elected == nullptr ||
      !script_usable_) {
    Conclude(std::nullopt);
    return;
  }
  v1::CoordinatorMessage message;
  message.mutable_run_handle_summary()->set_data_json(
      results_.SummaryData(measured(), setup_data_));
  SendTo(elected->id, std::move(message));
}

void Run::Conclude(std::optional<std::map<std::string, std::string>> outputs) {
  verdict_.Judge([this] { return results_.FinalThresholds(measured()); });
  events_.on_summary(std::move(outputs));
  Finish();
}

void Run::Finish() {
  loop_.Cancel(tick_timer_);
  tick_timer_ = TimerId::kNone;
  SetState(v1::RunStatus::DONE, absl::InfiniteDuration());
  fleet_.Dismiss("the run is over");
  events_.on_done(verdict_.outcome());
}

void Run::Beat() {
  beat_timer_ = TimerId::kNone;
  if (state_ != v1::RunStatus::RUNNING && state_ != v1::RunStatus::DRAINING) {
    return;
  }
  const MonoTime now = loop_.clock().Mono();
  const absl::Duration gap = now - last_beat_;
  if (gap >= kStandstill && standstills_.size() < kMostStandstills) {
    standstills_.push_back({.after = now - t0_, .length = gap});
  }
  last_beat_ = now;
  beat_timer_ = loop_.After(kBeat, [this] { Beat(); });
}

void Run::TickSoon() {
  tick_timer_ = loop_.After(kSecond, [this] { Tick(); });
}

void Run::Tick() {
  TickSoon();
  int64_t vus = 0;
  int64_t vus_max = 0;
  for (const RunMember& member : members()) {
    if (!member.lost) {
      vus += member.progress.vus_active();
      vus_max += member.progress.vus_initialised();
    }
  }
  results_.AddVus(vus, vus_max);
  if (events_.on_tick) {
    events_.on_tick();
  }
}

}  // namespace lockstep::coordinator
