// What the agents say, once they have joined: their messages and their batches of metrics.
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/message_limits.h"
#include "coordinator/core/fleet.h"
#include "coordinator/core/validate.h"

namespace lockstep::coordinator {
namespace {

// An agent keeps its messages until they are acknowledged. After so many bytes it is told at once,
// and not only with the next answer to a probe.
constexpr size_t kAcknowledgeAfterBytes = 256 << 10;
// While the fleet is held: how long log lines may wait for others, so that not each of them is a
// commit.
constexpr absl::Duration kLinesWithin = absl::Milliseconds(100);

}  // namespace

void Fleet::OnMessage(ConnectionId connection, const v1::AgentMessage& message) {
  auto found = open_.find(connection);
  if (found == open_.end()) {
    return;
  }
  if (found->second.agent == AgentId{}) {
    OnStranger(connection, message);
    return;
  }
  Member* member = FindMember(found->second.agent);
  if (member == nullptr) {
    return;
  }
  member->last_heard = loop_.clock().Mono();
  if (message.has_piece()) {
    OnPiece(connection, *member, message.piece());
    return;
  }
  absl::Status valid = ValidateAgentMessage(message);
  if (valid.ok() && !member->sent.Acknowledge(message.acknowledged())) {
    valid = absl::InvalidArgumentError("acknowledged: a message that was never sent");
  }
  if (!valid.ok()) {
    EndForMessage(member->record.id, valid);
    return;
  }
  if (message.has_clock_probe()) {
    v1::CoordinatorMessage answer;
    answer.mutable_clock_answer()->set_id(message.clock_probe().id());
    answer.mutable_clock_answer()->set_agent_mono_ns(message.clock_probe().agent_mono_ns());
    answer.mutable_clock_answer()->set_coordinator_mono_ns(loop_.clock().Mono().nanos());
    answer.mutable_clock_answer()->set_coordinator_wall_unix_ns(
        absl::ToUnixNanos(loop_.clock().Wall()));
    SendNow(*member, std::move(answer));
  } else if (message.number() > 0) {
    HandleNumbered(*member, message);
  }
  TellIfDismissed();
}

void Fleet::OnPiece(ConnectionId connection, const Member& member, const v1::Piece& piece) {
  const AgentId id = member.record.id;
  std::string& pieces = open_[connection].pieces;
  if (piece.data().empty() || pieces.size() + piece.data().size() > kMostMessageBytes) {
    EndForMessage(id, absl::ResourceExhaustedError(absl::StrCat(
                          "piece: a message may have at most ", kMostMessageBytes, " bytes")));
    return;
  }
  pieces += piece.data();
  if (!piece.last()) {
    return;
  }
  v1::AgentMessage whole;
  const bool parsed = whole.ParseFromString(std::exchange(pieces, std::string()));
  if (!parsed || whole.has_piece()) {
    EndForMessage(id, absl::InvalidArgumentError("piece: the pieces make no message"));
    return;
  }
  OnMessage(connection, whole);
}

void Fleet::HandleNumbered(Member& member, const v1::AgentMessage& message) {
  switch (member.received.Receive(message.number())) {
    case ReceiveWindow::Arrival::kRepeated:
      return;
    case ReceiveWindow::Arrival::kGap:
      EndForMessage(member.record.id, absl::InvalidArgumentError(absl::StrCat(
                                          "number: expected ", member.received.last() + 1, ", got ",
                                          message.number())));
      return;
    case ReceiveWindow::Arrival::kNext:
      break;
  }
  AgentId id = member.record.id;
  member.unsaid_bytes += message.ByteSizeLong();
  if (message.has_leaving() && !message.leaving().draining()) {
    Expel(id, absl::CancelledError(absl::StrCat("it left: ", message.leaving().reason())));
    return;
  }
  if (holding() && message.has_log_lines()) {
    member.untold.push_back(message);
    if (!lines_timer_.set()) {
      lines_timer_.After(kLinesWithin, [this] {
        if (holding()) {
          on_held_();
        }
      });
    }
    return;
  }
  absl::Status handled = events_.on_message(id, message);
  if (!handled.ok()) {
    EndForMessage(id, handled);
    return;
  }
  if (Member* still = FindMember(id); still != nullptr) {
    AcknowledgeIfMuch(*still);
  }
}

void Fleet::AcknowledgeIfMuch(Member& member) {
  if (member.unsaid_bytes < kAcknowledgeAfterBytes) {
    return;
  }
  if (holding() && member.kept < member.received.last()) {
    on_held_();
    return;
  }
  v1::CoordinatorMessage acknowledgement;
  acknowledgement.mutable_heartbeat();
  SendNow(member, std::move(acknowledgement));
}

void Fleet::EndForMessage(AgentId agent, const absl::Status& reason) {
  if (const AgentRecord* record = Find(agent); record != nullptr) {
    refusals_.Add(kRefusedMessage, absl::StrCat("a message of agent ", record->name),
                  reason.message());
  }
  Expel(agent, reason);
}

void Fleet::OnBatch(ConnectionId connection, const v1::BatchMessage& message) {
  auto found = open_.find(connection);
  if (found == open_.end()) {
    return;
  }
  absl::Status valid = ValidateBatchMessage(message);
  Member* member = FindSession(message.session_id());
  if (valid.ok() &&
      (member == nullptr || member->fingerprint != found->second.peer.identity.fingerprint)) {
    valid = absl::PermissionDeniedError("session_id: no such session of this peer");
  }
  if (!valid.ok()) {
    refusals_.Add(kRefusedMessage, absl::StrCat("a batch of ", Describe(found->second.peer)),
                  valid.message());
    Drop(connection, valid);
    return;
  }
  found->second.agent = member->record.id;
  if (member->batches != connection) {
    Drop(member->batches, absl::AbortedError("the agent has opened another stream"));
    member->batches = connection;
    connections_.Trust(connection);  // which may be another one than that of the session
  }
  member->last_heard = loop_.clock().Mono();
  std::string& pieces = found->second.pieces;
  if (pieces.size() + message.batch().size() > kMostMessageBytes) {
    EndForMessage(member->record.id, absl::ResourceExhaustedError(absl::StrCat(
                                         "batch: may have at most ", kMostMessageBytes, " bytes")));
    return;
  }
  if (message.more()) {
    pieces += message.batch();
  } else if (pieces.empty()) {
    HandleBatch(*member, message);
  } else {
    v1::BatchMessage whole = message;
    whole.set_batch(absl::StrCat(std::exchange(pieces, std::string()), message.batch()));
    HandleBatch(*member, whole);
  }
}

void Fleet::HandleBatch(Member& member, const v1::BatchMessage& message) {
  if (message.number() == 0) {
    return;
  }
  const AgentId id = member.record.id;
  absl::Status handled = events_.on_batch(id, message);
  if (!handled.ok()) {
    EndForMessage(id, handled);
  }
}

}  // namespace lockstep::coordinator
