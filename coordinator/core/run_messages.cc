// What a Run makes of an agent's messages.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "coordinator/core/run.h"
#include "proto/words.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

}  // namespace

absl::Status Run::OnMessage(AgentId agent, const v1::AgentMessage& message) {
  RunMember* member = FindMember(agent);
  if (member == nullptr || state_ == v1::RunStatus::DONE) {
    return absl::OkStatus();
  }
  if (message.run_id() != settings_.run_id && !message.has_log_lines()) {
    return absl::InvalidArgumentError(absl::StrCat("run_id: no such run: ", message.run_id()));
  }
  switch (message.body_case()) {
    case v1::AgentMessage::kFileRequest:
      OnFileRequest(agent, message.file_request());
      return absl::OkStatus();
    case v1::AgentMessage::kLogLines:
      OnLogLines(*member, message.log_lines());
      return absl::OkStatus();
    case v1::AgentMessage::kProgress:
      member->progress = message.progress();
      ReportStartSkew();
      return absl::OkStatus();
    case v1::AgentMessage::kScriptVerdict:
      OnVerdict(message.script_verdict());
      return absl::OkStatus();
    case v1::AgentMessage::kRowLease:
      return OnRowLease(agent, message.row_lease());
    case v1::AgentMessage::kAgentFailed:
      return absl::InternalError(absl::StrCat("it failed: ", message.agent_failed().message()));
    default:
      return OnAnswer(*member, message);
  }
}

// Answers may come late, when the run has gone on to its end; an answer to what was never asked is
// a fault.
absl::Status Run::OnAnswer(RunMember& member, const v1::AgentMessage& message) {
  using Body = v1::AgentMessage::BodyCase;
  struct Rule {
    Body body;
    RunState asked_in;
  };
  constexpr Rule kRules[] = {
      {Body::kInspected, v1::RunStatus::INSPECTING},
      {Body::kAssigned, v1::RunStatus::ASSIGNING},
      {Body::kPrepared, v1::RunStatus::PREPARING},
      {Body::kSetupDone, v1::RunStatus::SETUP},
      {Body::kReady, v1::RunStatus::READY_BARRIER},
      {Body::kDrained, v1::RunStatus::RUNNING},
      {Body::kTeardownDone, v1::RunStatus::TEARDOWN},
      {Body::kHandleSummaryDone, v1::RunStatus::SUMMARISING},
  };
  const Rule* rule = std::find_if(std::begin(kRules), std::end(kRules),
                                  [&](const Rule& r) { return r.body == message.body_case(); });
  if (rule == std::end(kRules) || state_ < rule->asked_in) {
    return absl::InvalidArgumentError(absl::StrCat("body: message kind ",
                                                   static_cast<int>(message.body_case()),
                                                   " is out of order in state ", WordOf(state_)));
  }
  bool in_time = state_ == rule->asked_in;
  const v1::ScriptFailure* failure = nullptr;
  switch (message.body_case()) {
    case Body::kInspected:
      if (in_time && member.id == elected_) {
        OnInspected(message.inspected());
      }
      return absl::OkStatus();
    case Body::kAssigned:
      member.assigned = true;
      failure = message.assigned().has_failure() ? &message.assigned().failure() : nullptr;
      if (failure == nullptr) {
        CatchUp(member);
      }
      break;
    case Body::kPrepared:
      member.prepared = true;
      member.clock_offset_ms = static_cast<double>(message.prepared().clock_offset_ns()) / 1e6;
      member.round_trip_ms = static_cast<double>(message.prepared().round_trip_ns()) / 1e6;
      member.progress.set_vus_initialised(message.prepared().vus());
      failure = message.prepared().has_failure() ? &message.prepared().failure() : nullptr;
      if (failure == nullptr) {
        CatchUp(member);
      }
      break;
    case Body::kSetupDone:
      if (member.id == elected_) {
        if (in_time) {
          OnSetupDone(member, message.setup_done());
        } else {
          member.last_batch = std::max(member.last_batch, message.setup_done().last_batch());
        }
      }
      return absl::OkStatus();
    case Body::kReady:
      member.ready = true;
      break;
    case Body::kDrained:
      member.drained = true;
      member.last_batch = std::max(member.last_batch, message.drained().last_batch());
      if (message.drained().has_final_progress()) {
        member.progress = message.drained().final_progress();
      }
      break;
    case Body::kTeardownDone:
      if (in_time && member.id == elected_) {
        OnTeardownDone(member, message.teardown_done());
      }
      return absl::OkStatus();
    case Body::kHandleSummaryDone:
      if (in_time && member.id == elected_) {
        OnHandleSummaryDone(message.handle_summary_done());
      }
      return absl::OkStatus();
    default:
      return absl::OkStatus();
  }
  // A spare that catches up answers in a later state than the others did.
  if (failure != nullptr && (in_time || state_ < v1::RunStatus::RUNNING)) {
    EndEarly(static_cast<ExitCode>(failure->exit_code()), failure->message(),
             /*script_fault=*/failure->exit_code() != static_cast<int>(ExitCode::kInvalidConfig),
             /*now=*/true);
  } else {
    Advance();
  }
  return absl::OkStatus();
}

absl::Status Run::OnBatch(AgentId agent, const v1::BatchMessage& message) {
  RunMember* member = FindMember(agent);
  if (member == nullptr || state_ == v1::RunStatus::DONE) {
    return absl::OkStatus();
  }
  if (message.run_id() != settings_.run_id) {
    return absl::InvalidArgumentError(absl::StrCat("run_id: no such run: ", message.run_id()));
  }
  bool next = member->batches.Receive(message.number()) == ReceiveWindow::Arrival::kNext;
  if (next) {
    if (absl::Status merged = results_.Merge(member->name, message.batch()); !merged.ok()) {
      return merged;
    }
  }
  // A repetition is acknowledged again, its acknowledgement was lost; after a gap the agent repeats
  // what is missing.
  fleet_.AcknowledgeBatches(agent, settings_.run_id, member->batches.last());
  if (next && state_ == v1::RunStatus::SUMMARISING && agent == elected_ && member->flushed()) {
    EnterSummarising();
  } else if (next) {
    Advance();
  }
  return absl::OkStatus();
}

void Run::OnFileRequest(AgentId agent, const v1::FileRequest& request) {
  if (const std::string* content = bundle_.Find(request.url()); content != nullptr) {
    SendPiece(agent, request, *content);
    return;
  }
  if (state_ != v1::RunStatus::INSPECTING) {
    SendPiece(agent, request, absl::NotFoundError("the file was not asked for during inspection"));
    return;
  }
  source_.Fetch(request.url(), [this, agent, request](absl::StatusOr<std::string> content) {
    if (content.ok() && state_ == v1::RunStatus::INSPECTING) {
      bundle_.Add(request.url(), *content);
    }
    SendPiece(agent, request, content);
  });
}

void Run::SendPiece(AgentId agent, const v1::FileRequest& request,
                    const absl::StatusOr<std::string>& content) {
  v1::CoordinatorMessage message;
  v1::FileReply& reply = *message.mutable_file_reply();
  reply.set_id(request.id());
  absl::Status status = content.status();
  if (status.ok() && static_cast<uint64_t>(request.offset()) > content->size()) {
    status = absl::OutOfRangeError("offset: past the end of the file");
  }
  if (status.ok()) {
    reply.set_size_bytes(static_cast<int64_t>(content->size()));
    reply.set_data(content->substr(static_cast<size_t>(request.offset()), kPieceBytes));
  } else {
    reply.set_error_code(static_cast<int32_t>(status.code()));
    reply.set_error(std::string(status.message()));
  }
  fleet_.Send(agent, settings_.run_id, std::move(message));
}

absl::Status Run::OnRowLease(AgentId agent, const v1::RowLease& lease) {
  const int64_t agents = static_cast<int64_t>(std::max<size_t>(members_.size(), 1));
  LOCKSTEP_ASSIGN_OR_RETURN(const RowQueues::Block block,
                            row_queues_.Lease(lease.queue(), lease.rows(), lease.wrap(), agents));
  v1::CoordinatorMessage message;
  v1::RowsLeased& leased = *message.mutable_rows_leased();
  leased.set_queue(lease.queue());
  leased.set_first(block.first);
  leased.set_count(block.count);
  fleet_.Send(agent, settings_.run_id, std::move(message));
  return absl::OkStatus();
}

void Run::OnVerdict(const v1::ScriptVerdict& verdict) {
  if (verdict.kind() == v1::ScriptVerdict::MARKED_FAILED) {
    if (!marked_) {
      marked_ = true;
      mark_ = verdict.message();
    }
    return;
  }
  EndEarly(ExitCode::kScriptAborted, verdict.message().empty() ? "test aborted" : verdict.message(),
           false,
           /*now=*/true);
}

void Run::OnLogLines(const RunMember& member, const v1::LogLines& lines) {
  if (lines.suppressed() > 0) {
    logger_.Warn(absl::StrCat(lines.suppressed(), " log lines of agent ", member.name,
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
    if (members_.size() > 1) {
      record.fields.emplace_back("agent", member.name);
    }
    logger_.Write(std::move(record));
  }
}

}  // namespace lockstep::coordinator
