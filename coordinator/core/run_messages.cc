// What a Run makes of an agent's messages.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "coordinator/core/division.h"
#include "coordinator/core/run.h"
#include "proto/words.h"

namespace lockstep::coordinator {
namespace {

using Body = v1::AgentMessage::BodyCase;

// The state in which agents are asked for this answer. Unset: it is none.
std::optional<RunState> AskedIn(Body body) {
  switch (body) {
    case Body::kInspected:
      return v1::RunStatus::INSPECTING;
    case Body::kAssigned:
      return v1::RunStatus::ASSIGNING;
    case Body::kPrepared:
      return v1::RunStatus::PREPARING;
    case Body::kSetupDone:
      return v1::RunStatus::SETUP;
    case Body::kReady:
      return v1::RunStatus::READY_BARRIER;
    case Body::kDrained:
      return v1::RunStatus::RUNNING;
    case Body::kTeardownDone:
      return v1::RunStatus::TEARDOWN;
    case Body::kHandleSummaryDone:
      return v1::RunStatus::SUMMARISING;
    default:
      return std::nullopt;
  }
}

// Of a message that only agents of a run whose work moves may send.
absl::Status NoWorkMoves(const v1::AgentMessage& message) {
  return absl::InvalidArgumentError(absl::StrCat(NameOf(message), ": no work moves in this run"));
}

absl::Status OutOfOrder(const v1::AgentMessage& message, RunState state) {
  return absl::InvalidArgumentError(
      absl::StrCat("its message ", NameOf(message), " is out of order in state ", WordOf(state)));
}

// What a failure of the script means for the run; with code `traceless`, its message is not the
// script's.
RunOutcome FaultOf(const v1::ScriptFailure& failure, ExitCode traceless) {
  const auto code = static_cast<ExitCode>(failure.exit_code());
  return {code, failure.message(), code != traceless};
}

// VUs that an agent has got stay its own, also where its part becomes smaller.
v1::Progress KeepingVus(v1::Progress progress, const v1::Progress& before) {
  for (v1::ScenarioProgress& part : *progress.mutable_scenarios()) {
    for (const v1::ScenarioProgress& former : before.scenarios()) {
      if (former.name() == part.name()) {
        part.set_allocated_vus(std::max(part.allocated_vus(), former.allocated_vus()));
      }
    }
  }
  return progress;
}

// `name_agent`: each line says whose it is.
void WriteLogLines(const v1::LogLines& lines, const std::string& agent, bool name_agent,
                   Logger& logger) {
  if (lines.suppressed() > 0) {
    logger.Warn(absl::StrCat(lines.suppressed(), " log lines of agent ", agent,
                             " were dropped: too many at once"));
  }
  for (const v1::LogLine& line : lines.lines()) {
    LogRecord record;
    record.time = absl::FromUnixNanos(line.time_unix_ns());
    record.level = static_cast<LogLevel>(line.level());
    record.message = line.message();
    for (const v1::LogLine::Field& field : line.fields()) {
      record.fields.emplace_back(field.key(), field.value());
    }
    if (line.times() > 1) {
      record.fields.emplace_back("times", absl::StrCat(line.times()));
    }
    if (name_agent) {
      record.fields.emplace_back("agent", agent);
    }
    logger.Write(std::move(record));
  }
}

}  // namespace

absl::Status Run::OnMessage(AgentId agent, const v1::AgentMessage& message) {
  RunMember* const member = roster_.Find(agent);
  if (member == nullptr || state() == v1::RunStatus::DONE) {
    return absl::OkStatus();
  }
  const bool of_no_run = message.has_log_lines() || message.has_at_rest();
  if (message.run_id() != settings_.run_id && !of_no_run) {
    return absl::InvalidArgumentError(absl::StrCat("run_id: no such run: ", message.run_id()));
  }
  if (assignments_.IsOfAnEarlierDeal(message)) {
    return absl::OkStatus();
  }
  // An answer to what was never asked is a fault.
  if (const auto asked_in = AskedIn(message.body_case());
      asked_in.has_value() && state() < *asked_in) {
    return OutOfOrder(message, state());
  }
  switch (message.body_case()) {
    case Body::kFileRequest:
      files_.OnRequest(agent, message.file_request());
      return absl::OkStatus();
    case Body::kLogLines:
      WriteLogLines(message.log_lines(), member->name, members().size() > 1, logger_);
      return absl::OkStatus();
    case Body::kProgress:
      member->progress =
          MovesNow() ? KeepingVus(message.progress(), member->progress) : message.progress();
      clock_.ReportStartSkew(logger_);
      return absl::OkStatus();
    case Body::kAtRest:
      pausing_.OnAtRest(*member);
      return absl::OkStatus();
    case Body::kScriptVerdict:
      OnVerdict(message.script_verdict());
      return absl::OkStatus();
    case Body::kRowLease:
      return OnRowLease(agent, message.row_lease());
    case Body::kHeld:
      if (redivision_.has_value()) {
        redivision_->OnHeld(*member, message.held());
      }
      return absl::OkStatus();
    case Body::kIterationLease:
    case Body::kIterationsReturned:
    case Body::kVuIterationsWanted:
      return iteration_leases_.has_value() ? iteration_leases_->OnMessage(agent, message)
                                           : NoWorkMoves(message);
    case Body::kAgentFailed:
      return absl::InternalError(absl::StrCat("it failed: ", message.agent_failed().message()));
    case Body::kLeaving:
      OnLeaving(*member, message.leaving());
      return absl::OkStatus();
    case Body::kInspected:
      OnInspected(*member, message.inspected());
      return absl::OkStatus();
    case Body::kAssigned:
      OnStep(*member, RunMember::Step::kAssigned, message.assigned());
      return absl::OkStatus();
    case Body::kPrepared:
      OnPrepared(*member, message.prepared());
      return absl::OkStatus();
    case Body::kSetupDone:
      OnSetupDone(*member, message.setup_done());
      return absl::OkStatus();
    case Body::kReady:
      OnReady(*member);
      return absl::OkStatus();
    case Body::kDrained:
      OnDrained(*member, message.drained());
      return absl::OkStatus();
    case Body::kTeardownDone:
      OnTeardownDone(*member, message.teardown_done());
      return absl::OkStatus();
    case Body::kHandleSummaryDone:
      OnHandleSummaryDone(*member, message.handle_summary_done());
      return absl::OkStatus();
    default:
      return OutOfOrder(message, state());
  }
}

void Run::OnInspected(const RunMember& member, const v1::Inspected& inspected) {
  if (!Awaits(member, v1::RunStatus::INSPECTING)) {
    return;
  }
  if (inspected.has_failure()) {
    EndEarly(FaultOf(inspected.failure(), ExitCode::kSuccess));
    return;
  }
  inspected_ = inspected;
  absl::StatusOr<TestPlan> plan = source_.MakePlan(inspected);
  if (!plan.ok()) {
    EndEarly({ExitCodeOf(plan.status()), std::string(plan.status().message())});
    return;
  }
  plan_ = *std::move(plan);
  assignments_.OnPlanned(*plan_);
  if (plan_->paused) {
    pausing_.BeginPaused();
  }
  if (events_.on_planned) {
    events_.on_planned(*plan_);
  }
  if (settings_.inspect_only) {
    Finish();
    return;
  }
  EnterAssigning();
}

void Run::OnPrepared(RunMember& member, const v1::Prepared& prepared) {
  member.round_trip_ms = static_cast<double>(prepared.round_trip_ns()) / 1e6;
  member.progress.set_vus_initialised(prepared.vus());
  OnStep(member, RunMember::Step::kPrepared, prepared);
}

// A spare that catches up answers in a later state than the others did.
template <class Answer>
void Run::OnStep(RunMember& member, RunMember::Step step, const Answer& answer) {
  member.Reach(step);
  if (!answer.has_failure()) {
    CatchUp(member);
  } else if (member.joining) {
    fleet_.Expel(member.id, absl::InternalError(
                                absl::StrCat("it could not join: ", answer.failure().message())));
    return;
  } else if (state() < v1::RunStatus::RUNNING) {
    EndEarly(FaultOf(answer.failure(), ExitCode::kInvalidConfig));
    return;
  }
  Advance();
}

void Run::OnSetupDone(RunMember& member, const v1::SetupDone& done) {
  if (member.id != roster_.elected()) {
    return;
  }
  member.last_batch = std::max(member.last_batch, done.last_batch());
  if (state() != v1::RunStatus::SETUP) {
    if (setup_ == Setup::kInterrupted && !done.has_failure()) {  // it was done in time
      setup_ = Setup::kDone;
      setup_data_ = done.value();
    }
    return;
  }
  if (done.has_failure()) {
    setup_ = Setup::kFailed;
    EndEarly(FaultOf(done.failure(), ExitCode::kScriptAborted));
    return;
  }
  setup_ = Setup::kDone;
  setup_data_ = done.value();
  EnterReadyBarrier();
}

void Run::OnReady(RunMember& member) {
  member.Reach(RunMember::Step::kReady);
  if (member.joining) {
    agent_scaling_->StartLate(member);
    return;
  }
  Advance();
}

void Run::OnLeaving(RunMember& member, const v1::Leaving& leaving) {
  member.leaving = true;
  if (MovesNow()) {
    logger_.Warn(
        absl::StrCat("agent ", member.name, " is about to leave: ", leaving.reason(),
                     roster_.Staying().empty()
                         ? "; nobody stays who could take its work over, so that it works on"
                         : "; the others take its work over"));
    redivision_->Soon();
    return;
  }
  logger_.Warn(absl::StrCat("agent ", member.name, " is about to leave: ", leaving.reason(),
                            "; it begins nothing new and hands over what it has"));
}

void Run::OnDrained(RunMember& member, const v1::Drained& drained) {
  const auto& parts = drained.final_progress().scenarios();
  const bool did_all = std::all_of(parts.begin(), parts.end(), [](const auto& part) {
    return part.state() == v1::ScenarioProgress::DONE;
  });
  // One that leaves in the middle has ended, and its work has not.
  if (!member.leaving || state() != v1::RunStatus::RUNNING || did_all || member.handed_over) {
    member.Reach(RunMember::Step::kDrained);
  }
  member.last_batch = std::max(member.last_batch, drained.last_batch());
  if (drained.has_final_progress()) {
    member.progress = drained.final_progress();
  }
  // What it was counted on for until others took over is the division's word; what it did is its own.
  member.left_undone = MovesNow() && member.leaving && member.handed_over &&
                       (drained.gave_up() || FallsShort(member, drained.final_progress()));
  if (iteration_leases_.has_value()) {
    iteration_leases_->OnDrained(member.id, drained.final_progress());
  }
  Advance();
}

void Run::OnTeardownDone(RunMember& member, const v1::TeardownDone& done) {
  if (!Awaits(member, v1::RunStatus::TEARDOWN)) {
    return;
  }
  member.last_batch = std::max(member.last_batch, done.last_batch());
  if (done.has_failure()) {
    verdict_.Record(FaultOf(done.failure(), ExitCode::kScriptAborted));
  }
  EnterSummarising();
}

void Run::OnHandleSummaryDone(const RunMember& member, const v1::HandleSummaryDone& done) {
  if (!Awaits(member, v1::RunStatus::SUMMARISING)) {
    return;
  }
  if (done.has_failure()) {
    FailSummary(done.failure().message());
  } else if (done.nothing()) {
    Conclude(std::nullopt);
  } else {
    Conclude(std::map<std::string, std::string>(done.outputs().begin(), done.outputs().end()));
  }
}

absl::Status Run::OnBatch(AgentId agent, const v1::BatchMessage& message) {
  RunMember* const member = roster_.Find(agent);
  if (member == nullptr || state() == v1::RunStatus::DONE) {
    return absl::OkStatus();
  }
  if (message.run_id() != settings_.run_id) {
    return absl::InvalidArgumentError(absl::StrCat("run_id: no such run: ", message.run_id()));
  }
  bool next = member->batches.Receive(message.number()) == ReceiveWindow::Arrival::kNext;
  if (next && state() == v1::RunStatus::DRAINING && stopping_ != Stopping::kGracefully) {
    phase_.Limit(settings_.lease + kStopWithin);  // it is telling: there may be very much to tell
  }
  if (next) {
    LOCKSTEP_ASSIGN_OR_RETURN(const std::vector<EndedIterations> ended,
                              results_.Merge(member->name, message.batch()));
    AddEnded(ended, member->ended);
  }
  // A repetition is acknowledged again, its acknowledgement was lost; after a gap the agent repeats
  // what is missing. While the fleet is held, it is told of what is kept.
  fleet_.AcknowledgeBatches(agent, settings_.run_id,
                            fleet_.holding() ? member->batches_kept : member->batches.last());
  if (next && Awaits(*member, v1::RunStatus::SUMMARISING) && member->flushed()) {
    EnterSummarising();
  } else if (next) {
    Advance();
  }
  return absl::OkStatus();
}

absl::Status Run::OnRowLease(AgentId agent, const v1::RowLease& lease) {
  const int64_t agents = static_cast<int64_t>(std::max<size_t>(members().size(), 1));
  LOCKSTEP_ASSIGN_OR_RETURN(const RowQueues::Block block,
                            row_queues_.Lease(lease.queue(), lease.rows(), lease.wrap(), agents));
  v1::CoordinatorMessage message;
  v1::RowsLeased& leased = *message.mutable_rows_leased();
  leased.set_queue(lease.queue());
  leased.set_first(block.first);
  leased.set_count(block.count);
  sender_.Send(agent, std::move(message));
  return absl::OkStatus();
}

void Run::OnVerdict(const v1::ScriptVerdict& verdict) {
  if (verdict.kind() == v1::ScriptVerdict::MARKED_FAILED) {
    verdict_.Mark();
    return;
  }
  EndEarly(
      {ExitCode::kScriptAborted, verdict.message().empty() ? "test aborted" : verdict.message()});
}

}  // namespace lockstep::coordinator
