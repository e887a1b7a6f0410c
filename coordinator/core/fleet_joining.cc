// How an agent joins a Fleet: Join, the proof that it knows the token, and what it is told.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/messages/valid_text.h"
#include "coordinator/core/fleet.h"
#include "coordinator/core/validate.h"

namespace lockstep::coordinator {

void Fleet::OnStranger(ConnectionId connection, const v1::AgentMessage& message) {
  if (open_[connection].nonce.empty()) {
    OnJoin(connection, message);
  } else {
    OnProof(connection, message);
  }
}

void Fleet::OnJoin(ConnectionId connection, const v1::AgentMessage& message) {
  if (!message.has_join()) {
    Refuse(connection, kRefusedMessage,
           absl::InvalidArgumentError("the first message must be Join"));
    return;
  }
  if (absl::Status valid = ValidateJoin(message.join(), settings_.version); !valid.ok()) {
    Refuse(connection, kRefusedJoin, valid);
    return;
  }
  if (settings_.token.empty()) {
    LetIn(connection, message);
  } else {
    Challenge(connection, message);
  }
}

void Fleet::Challenge(ConnectionId connection, const v1::AgentMessage& join) {
  if (join.join().nonce().size() != kNonceBytes) {
    Refuse(connection, kRefusedToken,
           absl::UnauthenticatedError("the agent has no join token, and this fleet asks for one"));
    return;
  }
  Connection& stranger = open_[connection];
  stranger.join = join;
  stranger.nonce = nonces_();
  v1::CoordinatorMessage message;
  message.mutable_challenge()->set_nonce(stranger.nonce);
  connections_.Send(connection, message);
}

void Fleet::OnProof(ConnectionId connection, const v1::AgentMessage& message) {
  if (!message.has_proof()) {
    Refuse(connection, kRefusedMessage,
           absl::InvalidArgumentError("the answer to Challenge must be Proof"));
    return;
  }
  const Connection& stranger = open_[connection];
  const std::string expected = JoinProof(Prover::kAgent, settings_.token, ProofInputOf(stranger));
  if (!SameProof(message.proof().proof(), expected)) {
    Refuse(connection, kRefusedToken,
           absl::UnauthenticatedError(absl::StrCat("agent ", stranger.join.join().name(),
                                                   " does not know the fleet's join token")));
    return;
  }
  LetIn(connection, v1::AgentMessage(stranger.join));
}

ProofInput Fleet::ProofInputOf(const Connection& connection) {
  return {.coordinator_nonce = connection.nonce,
          .agent_nonce = connection.join.join().nonce(),
          .agent_fingerprint = connection.peer.identity.fingerprint,
          .agent_name = connection.join.join().name()};
}

void Fleet::LetIn(ConnectionId connection, const v1::AgentMessage& join) {
  Member* known = FindSession(join.join().session_id());
  if (known == nullptr) {
    known = FindUnwelcomed(join.join());
  }
  if (known == nullptr) {
    const std::string& fingerprint = open_[connection].peer.identity.fingerprint;
    if (const Member* left = FindLeftBehind(join.join(), fingerprint); left != nullptr) {
      Expel(left->record.id,
            absl::AbortedError("it had given its session up when it came back, so that what it "
                               "had begun is over"));
    }
    Admit(connection, join.join());
  } else if (known->fingerprint == open_[connection].peer.identity.fingerprint) {
    Resume(connection, *known, join);
  } else {
    Refuse(connection, kRefusedCertificate,
           absl::PermissionDeniedError("the session was opened with another certificate"));
  }
}

void Fleet::Resume(ConnectionId connection, Member& member, const v1::AgentMessage& message) {
  // Whoever missed the Welcome still counts the messages of another session, which are not these.
  const bool knows_session = message.join().session_id() == member.session_id;
  if (knows_session && !member.sent.Acknowledge(message.acknowledged())) {
    Refuse(connection, kRefusedMessage,
           absl::InvalidArgumentError("acknowledged: a message that was never sent"));
    return;
  }
  if (member.record.connected) {  // the old stream is dead, even if nobody has told us yet
    Drop(member.control, absl::AbortedError("the agent has come back on another stream"));
  }
  Drop(member.batches, absl::AbortedError("the agent has come back on another stream"));
  member.batches = ConnectionId{};
  member.control = connection;
  member.record.connected = true;
  member.last_heard = loop_.clock().Mono();
  open_[connection].agent = member.record.id;
  logger_.Info(absl::StrCat("agent ", member.record.name, " has come back"));
  Welcome(member, /*resumed=*/true);
  for (const SentMessage& kept : member.sent.unacknowledged()) {
    if (!holding() || kept->number() <= member.released) {
      SendNow(member, *kept);
    }
  }
  TellIfDismissed();
}

void Fleet::Admit(ConnectionId connection, const v1::Join& join) {
  if (dismissing_) {
    // Agents that stay up for the next run come at once, and have done nothing that people should
    // know.
    TurnAway(connection, absl::UnavailableError("the coordinator is about to end"));
    return;
  }
  if (FindByName(join.name()) != nullptr) {
    Refuse(connection, kRefusedJoin,
           absl::UnavailableError(absl::StrCat("an agent named ", join.name(),
                                               " is already in the fleet; names must differ")));
    return;
  }
  if (absl::Status allowed = events_.may_join(join); !allowed.ok()) {
    Refuse(connection, kRefusedJoin, allowed);
    return;
  }
  auto member = std::make_unique<Member>();
  member->record.id = AgentId{++last_id_};
  member->record.name = join.name();
  member->record.weight = std::max<int64_t>(join.weight(), 1);
  member->record.labels.insert(join.labels().begin(), join.labels().end());
  member->record.process_id = join.process_id();
  member->session_id = session_ids_();
  member->fingerprint = open_[connection].peer.identity.fingerprint;
  member->control = connection;
  member->last_heard = loop_.clock().Mono();
  open_[connection].agent = member->record.id;
  AgentId id = member->record.id;
  Welcome(*members_.emplace(id, std::move(member)).first->second, /*resumed=*/false);
  WatchLeases();
  events_.on_joined(id);
}

void Fleet::Welcome(Member& member, bool resumed) {
  v1::CoordinatorMessage message;
  v1::Welcome& welcome = *message.mutable_welcome();
  welcome.set_session_id(member.session_id);
  welcome.set_version(settings_.version);
  welcome.set_resumed(resumed);
  welcome.set_lease_ms(absl::ToInt64Milliseconds(settings_.lease));
  welcome.set_heartbeat_ms(absl::ToInt64Milliseconds(settings_.heartbeat));
  if (const Connection& connection = open_[member.control]; !connection.nonce.empty()) {
    welcome.set_proof(JoinProof(Prover::kCoordinator, settings_.token, ProofInputOf(connection)));
  }
  connections_.Trust(member.control);
  SendNow(member, std::move(message));
}

void Fleet::Refuse(ConnectionId connection, absl::string_view kind, const absl::Status& reason) {
  refusals_.Add(kind, Describe(open_[connection].peer), reason.message());
  TurnAway(connection, reason);
}

void Fleet::TurnAway(ConnectionId connection, const absl::Status& reason) {
  v1::CoordinatorMessage message;
  message.mutable_refused()->set_reason(std::string(reason.message()));
  message.mutable_refused()->set_retry(absl::IsUnavailable(reason));
  MakeTextsValid(&message);
  connections_.Send(connection, message);
  Drop(connection, reason);
}

// An agent whose Welcome got lost knows of no session, and comes again as new: it is the same
// process, and nothing has passed in either direction.
Fleet::Member* Fleet::FindUnwelcomed(const v1::Join& join) {
  for (auto& [id, member] : members_) {
    if (member->record.name == join.name() && join.process_id() != 0 &&
        member->record.process_id == join.process_id() && member->received.last() == 0 &&
        member->sent.next_number() - 1 == member->sent.size()) {
      return member.get();
    }
  }
  return nullptr;
}

// An agent that is waited for, and comes as new without its session, has lost that one: it is the
// same process, and will not come back to it.
Fleet::Member* Fleet::FindLeftBehind(const v1::Join& join, const std::string& fingerprint) {
  for (auto& [id, member] : members_) {
    if (member->record.name == join.name() && !member->record.connected &&
        join.session_id().empty() && join.process_id() != 0 &&
        member->record.process_id == join.process_id() && member->fingerprint == fingerprint) {
      return member.get();
    }
  }
  return nullptr;
}

}  // namespace lockstep::coordinator
