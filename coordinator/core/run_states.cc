// The states of a Run, in their order: what each asks of the fleet, and when it is left.
#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/beat.h"
#include "common/base/status_macros.h"
#include "coordinator/core/run.h"

namespace lockstep::coordinator {
namespace {

constexpr absl::Duration kSecond = absl::Seconds(1);
// How long after its second a batch may arrive, to be judged with it.
constexpr absl::Duration kBatchesWithin = absl::Milliseconds(500);
// How long interrupted iterations may take to unwind.
constexpr absl::Duration kStopWithin = absl::Seconds(10);

}  // namespace

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
    case v1::RunStatus::WAITING_FOR_AGENTS:
      if (members_.size() >= settings_.agents) {
        Elect();
        EnterInspecting();
      }
      return;
    case v1::RunStatus::ASSIGNING:
      if (AllPresent([](const RunMember& m) { return m.assigned; })) {
        EnterPreparing();
      }
      return;
    case v1::RunStatus::PREPARING:
      if (AllPresent([](const RunMember& m) { return m.prepared; })) {
        EnterSetup();
      }
      return;
    case v1::RunStatus::READY_BARRIER:
      if (!paused_ && AllPresent([](const RunMember& m) { return m.ready; })) {
        EnterRunning();
      }
      return;
    case v1::RunStatus::RUNNING:
      if (AllPresent([](const RunMember& m) { return m.drained; })) {
        EnterDraining();
      }
      return;
    case v1::RunStatus::DRAINING:
      if (AllPresent([](const RunMember& m) { return m.drained && m.flushed(); })) {
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
  if (absl::Status divided = DivideWork(); !divided.ok()) {
    EndEarly(ExitCode::kInvalidConfig, std::string(divided.message()), false, true);
    return;
  }
  SetState(v1::RunStatus::ASSIGNING, settings_.assign_within);
  std::vector<std::pair<AgentId, v1::CoordinatorMessage>> messages;
  for (const RunMember& member : members_) {
    messages.emplace_back(member.id, AssignFor(member));
  }
  for (auto& [id, message] : messages) {
    fleet_.Send(id, settings_.run_id, std::move(message));
  }
}

absl::Status Run::DivideWork() {
  if (plan_->sequence.has_value()) {
    members_[0].segment_index = plan_->segment_index;
  } else {
    std::vector<int64_t> lengths;
    for (RunMember& member : members_) {
      member.segment_index = lengths.size();
      lengths.push_back(member.weight);
    }
    LOCKSTEP_ASSIGN_OR_RETURN(plan_->sequence, SegmentSequence::FromWeights(lengths));
  }
  absl::StatusOr<std::vector<SegmentTuple>> tuples =
      SegmentTuple::MakeAll(*plan_->sequence, plan_->partition);
  if (!tuples.ok()) {
    std::string text = absl::StrJoin(members_, ", ", [](std::string* out, const RunMember& m) {
      absl::StrAppend(out, m.name, " ", m.weight);
    });
    return absl::InvalidArgumentError(
        absl::StrCat("--weight: the agents' weights cannot be dealt out exactly, choose simpler "
                     "ones: ",
                     text, ": ", tuples.status().message()));
  }
  std::vector<double> weights;  // by which rps is divided
  for (const SegmentTuple& tuple : *tuples) {
    const Fraction length = tuple.length();
    weights.push_back(plan_->share_of ? static_cast<double>(plan_->share_of(tuple).max_vus)
                                      : static_cast<double>(length.numerator) /
                                            static_cast<double>(length.denominator));
  }
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (RunMember& member : members_) {
    const SegmentTuple& tuple = (*tuples)[member.segment_index];
    member.segment = plan_->sequence->segments()[member.segment_index].ToString();
    member.share = plan_->share_of ? plan_->share_of(tuple) : AgentShare();
    const double mine = weights[member.segment_index];
    const auto rps = static_cast<double>(plan_->rps);
    // Without a VU, it is only setup() and teardown() that send anything.
    member.rps_share = mine > 0 ? rps * mine / total : rps;
  }
  return absl::OkStatus();
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
  return message;
}

void Run::EnterPreparing() {
  SetState(v1::RunStatus::PREPARING, settings_.prepare_within);
  CatchUpAll();
}

void Run::EnterSetup() {
  tick_timer_ = loop_.After(kSecond, [this] { Tick(); });
  SetState(v1::RunStatus::SETUP, plan_->setup_timeout + settings_.lease);
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
  setup_over_ = true;
  if (done.has_failure()) {
    const ExitCode code = static_cast<ExitCode>(done.failure().exit_code());
    EndEarly(code, done.failure().message(), code != ExitCode::kScriptAborted, true);
    return;
  }
  setup_ok_ = true;
  setup_data_ = done.value();
  EnterReadyBarrier();
}

void Run::EnterReadyBarrier() {
  // A pause has no limit: it ends when somebody says so.
  SetState(v1::RunStatus::READY_BARRIER,
           paused_ ? absl::InfiniteDuration() : settings_.assign_within);
  CatchUpAll();
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
  SetState(v1::RunStatus::RUNNING, lead + plan_->length + settings_.lease + kStopWithin);
  SendToAll(message);
  JudgeEachSecond();
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
      EndEarly(ExitCode::kThresholdsHaveFailed, *crossed, false, /*now=*/true);
      return;
    }
    JudgeEachSecond();
  });
}

void Run::EnterDraining() {
  absl::Duration limit = settings_.lease + kStopWithin;
  if (stopping_ && !stopped_now_) {
    limit += plan_->graceful_stop;
  }
  SetState(v1::RunStatus::DRAINING, limit);
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
  SetState(v1::RunStatus::TEARDOWN, plan_->teardown_timeout + settings_.lease);
  v1::CoordinatorMessage message;
  *message.mutable_run_teardown()->mutable_value() = setup_data_;
  SendTo(*elected, std::move(message));
}

void Run::OnTeardownDone(RunMember& member, const v1::TeardownDone& done) {
  member.last_batch = std::max(member.last_batch, done.last_batch());
  if (done.has_failure()) {
    const ExitCode code = static_cast<ExitCode>(done.failure().exit_code());
    Record(code, done.failure().message(), code != ExitCode::kScriptAborted);
  }
  EnterSummarising();
}

void Run::EnterSummarising() {
  SetState(v1::RunStatus::SUMMARISING, plan_->handle_summary_timeout + settings_.lease);
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
  } else if (done.nothing()) {
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
  SetState(v1::RunStatus::DONE, absl::InfiniteDuration());
  fleet_.Dismiss("the run is over");
  events_.on_done(outcome_);
}

void Run::Tick() {
  tick_timer_ = loop_.After(kSecond, [this] { Tick(); });
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
}

}  // namespace lockstep::coordinator
