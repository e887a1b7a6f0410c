// What a Run makes of an agent's messages.
#include <algorithm>
#include <iterator>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/secrets.h"
#include "common/base/status_macros.h"
#include "common/messages/hide_secrets.h"
#include "common/messages/words.h"
#include "coordinator/core/agent_log_lines.h"
#include "coordinator/core/run.h"

namespace lockstep::coordinator {
namespace {

using Body = v1::AgentMessage::BodyCase;

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

// Has the member's message taken by `kHandler` of `whose`, which is void or Status.
template <auto kHandler, class Whose, class Body>
absl::Status Tell(Whose& whose, RunMember& member, const Body& body) {
  if constexpr (std::is_void_v<decltype((whose.*kHandler)(member, body))>) {
    (whose.*kHandler)(member, body);
    return absl::OkStatus();
  } else {
    return (whose.*kHandler)(member, body);
  }
}

}  // namespace

struct Run::MessageRule {
  Body body;
  std::optional<RunState> asked_in;  // it is an answer to what agents are asked in this state
  absl::Status (*take)(Run& run, RunMember& member, const v1::AgentMessage& message);
};

template <auto kBody, auto kHandler>
absl::Status Run::Take(Run& run, RunMember& member, const v1::AgentMessage& message) {
  return Tell<kHandler>(run, member, (message.*kBody)());
}

template <auto kBody, auto kPart, auto kHandler>
absl::Status Run::TakeBy(Run& run, RunMember& member, const v1::AgentMessage& message) {
  return Tell<kHandler>(run.*kPart, member, (message.*kBody)());
}

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
  const MessageRule* const rule = RuleOf(message);
  // An answer to what was never asked is a fault.
  if (rule == nullptr || (rule->asked_in.has_value() && state() < *rule->asked_in)) {
    return OutOfOrder(message, state());
  }
  if (settings_.redactor == nullptr || settings_.redactor->empty()) {
    return rule->take(*this, *member, message);
  }
  v1::AgentMessage shown = message;
  HideSecrets(*settings_.redactor, &shown);
  return rule->take(*this, *member, shown);
}

const Run::MessageRule* Run::RuleOf(const v1::AgentMessage& message) {
  using Agent = v1::AgentMessage;
  using State = v1::RunStatus;
  constexpr auto kMovingWork = [](Run& run, RunMember& member, const Agent& told) {
    if (run.moving_.has_value()) {
      return run.moving_->OnMessage(member, told);
    }
    return told.has_held() ? absl::OkStatus() : NoWorkMoves(told);
  };
  static const MessageRule kRules[] = {
      {Body::kInspected, State::INSPECTING, Take<&Agent::inspected, &Run::OnInspected>},
      {Body::kAssigned, State::ASSIGNING, Take<&Agent::assigned, &Run::OnAssigned>},
      {Body::kPrepared, State::PREPARING, Take<&Agent::prepared, &Run::OnPrepared>},
      {Body::kSetupDone, State::SETUP, Take<&Agent::setup_done, &Run::OnSetupDone>},
      {Body::kReady, State::READY_BARRIER, Take<&Agent::ready, &Run::OnReady>},
      {Body::kDrained, State::RUNNING, Take<&Agent::drained, &Run::OnDrained>},
      {Body::kTeardownDone, State::TEARDOWN, Take<&Agent::teardown_done, &Run::OnTeardownDone>},
      {Body::kHandleSummaryDone, State::SUMMARISING,
       Take<&Agent::handle_summary_done, &Run::OnHandleSummaryDone>},
      {Body::kProgress, {}, Take<&Agent::progress, &Run::OnProgress>},
      {Body::kScriptRequest, {}, Take<&Agent::script_request, &Run::OnScriptRequest>},
      {Body::kRowLease, {}, TakeBy<&Agent::row_lease, &Run::rows_, &RowLeases::OnLease>},
      {Body::kRowsReturned, {}, TakeBy<&Agent::rows_returned, &Run::rows_, &RowLeases::OnReturned>},
      {Body::kFileRequest, {}, TakeBy<&Agent::file_request, &Run::files_, &FileServer::OnRequest>},
      {Body::kAtRest, {}, TakeBy<&Agent::at_rest, &Run::pausing_, &Pausing::OnAtRest>},
      {Body::kLeaving, {}, Take<&Agent::leaving, &Run::OnLeaving>},
      {Body::kHeld, {}, kMovingWork},
      {Body::kIterationLease, {}, kMovingWork},
      {Body::kIterationsReturned, {}, kMovingWork},
      {Body::kVuIterationsWanted, {}, kMovingWork},
      {Body::kLogLines,
       {},
       [](Run& run, RunMember& member, const Agent& told) {
         WriteLogLines(told.log_lines(), member.name, run.members().size() > 1,
                       &run.dropped_log_lines_, run.logger_);
         return absl::OkStatus();
       }},
      {Body::kAgentFailed,
       {},
       [](Run&, RunMember&, const Agent& told) {
         return absl::InternalError(absl::StrCat("it failed: ", told.agent_failed().message()));
       }},
  };
  const auto* const rule = std::find_if(
      std::begin(kRules), std::end(kRules),
      [&](const MessageRule& candidate) { return candidate.body == message.body_case(); });
  return rule == std::end(kRules) ? nullptr : rule;
}

void Run::OnProgress(RunMember& member, const v1::Progress& progress) {
  member.progress = MovesNow() ? KeepingVus(progress, member.progress) : progress;
  clock_.ReportStartSkew(logger_);
}

void Run::OnInspected(RunMember& member, const v1::Inspected& inspected) {
  if (!Awaits(member, v1::RunStatus::INSPECTING)) {
    return;
  }
  if (inspected.has_failure()) {
    EndEarly(FaultOf(inspected.failure(), ExitCode::kSuccess));
    return;
  }
  inspected_ = inspected;
  inspected_.clear_secrets();
  if (settings_.redactor != nullptr) {
    for (std::string& secret : settings_.redactor->FoundIn(inspected.options_json())) {
      inspected_.add_secrets(std::move(secret));
    }
  }
  absl::StatusOr<TestPlan> plan = source_.MakePlan(inspected_);
  if (!plan.ok()) {
    EndEarly({.exit_code = ExitCodeOf(plan.status()),
              .message = std::string(plan.status().message()),
              .refused = true});
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

void Run::OnAssigned(RunMember& member, const v1::Assigned& assigned) {
  OnStep(member, RunMember::Step::kAssigned, assigned);
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
    preparation_.Next(member);
  } else if (member.joining) {
    fleet_.Expel(member.id, absl::InternalError(
                                absl::StrCat("it could not join: ", answer.failure().message())));
    return;
  } else if (state() < v1::RunStatus::RUNNING) {
    EndInInit(member, FaultOf(answer.failure(), ExitCode::kInvalidConfig));
    return;
  }
  Advance();
}

void Run::OnSetupDone(RunMember& member, const v1::SetupDone& done) {
  if (member.id != roster_.elected()) {
    return;
  }
  member.last_batch = std::max(member.last_batch, done.last_batch());
  script_.OnSetupDone(done);
  LearnSecrets(script_.setup_data().secrets());
  if (state() != v1::RunStatus::SETUP) {
    return;
  }
  if (done.has_failure()) {
    EndEarly(FaultOf(done.failure(), ExitCode::kScriptAborted));
    return;
  }
  EnterReadyBarrier();
}

void Run::LearnSecrets(const google::protobuf::RepeatedPtrField<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    if (settings_.redactor != nullptr) {
      settings_.redactor->Add(secret);
    }
  }
}

void Run::OnReady(RunMember& member, const v1::Ready&) {
  member.Reach(RunMember::Step::kReady);
  if (member.joining) {
    moving_->StartLate(member, StartMessage());
    if (roster_.FindElected() == nullptr) {
      roster_.Elect();  // all who were there before are lost
    }
    return;
  }
  Advance();
}

void Run::OnLeaving(RunMember& member, const v1::Leaving& leaving) {
  if (state() < v1::RunStatus::RUNNING || member.joining) {  // it has begun nothing
    fleet_.Expel(member.id, absl::CancelledError(absl::StrCat("it left: ", leaving.reason())));
    return;
  }
  member.leaving = true;
  if (MovesNow()) {
    logger_.Warn(
        absl::StrCat("agent ", member.name, " is about to leave: ", leaving.reason(),
                     roster_.Staying().empty() && !moving_->HasSpare()
                         ? "; nobody stays who could take over, so that all who leave work on"
                         : "; it works on until others have its work"));
    moving_->OnLeaving();
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
  if (moving_.has_value()) {
    moving_->OnDrained(member, drained);
  }
  Advance();
}

void Run::OnTeardownDone(RunMember& member, const v1::TeardownDone& done) {
  if (!Awaits(member, v1::RunStatus::TEARDOWN)) {
    return;
  }
  member.last_batch = std::max(member.last_batch, done.last_batch());
  if (done.has_failure()) {
    faults_.Record(FaultOf(done.failure(), ExitCode::kScriptAborted));
  }
  EnterSummarising();
}

void Run::OnHandleSummaryDone(RunMember& member, const v1::HandleSummaryDone& done) {
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
  LOCKSTEP_ASSIGN_OR_RETURN(const bool next, intake_.Take(*member, message));
  if (next && state() == v1::RunStatus::DRAINING && stopping_ != Stopping::kGracefully) {
    phase_.Limit(settings_.lease + kStopWithin);  // it is telling: there may be very much to tell
  }
  if (next && Awaits(*member, v1::RunStatus::SUMMARISING) && member->flushed()) {
    EnterSummarising();
  } else if (next) {
    Advance();
  }
  return absl::OkStatus();
}

void Run::OnScriptRequest(RunMember&, const v1::ScriptRequest& request) {
  if (request.kind() == v1::ScriptRequest::MARKED_FAILED) {
    faults_.Mark();
    return;
  }
  EndEarly(
      {ExitCode::kScriptAborted, request.message().empty() ? "test aborted" : request.message()});
}

}  // namespace lockstep::coordinator
