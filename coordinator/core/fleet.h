// The agents of a coordinator: who has joined, over which connection, when each was last heard
// from, and what must still be sent to it. Turns connections that break into sessions that do not,
// and names an agent lost once its lease has run out.
//
// Events in (On...), messages out through Connections; a timer on the loop watches the leases. Owns
// no thread and reads no clock but the loop's. All calls and callbacks on that loop. Knows nothing
// of runs.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "lockstep/v1/control.pb.h"

#include "common/base/event_loop.h"
#include "common/base/log.h"
#include "common/base/replay.h"
#include "common/base/timer.h"
#include "common/trust/certificate.h"
#include "common/trust/join_proof.h"
#include "coordinator/core/fleet_checkpoint.h"
#include "coordinator/core/ids.h"
#include "coordinator/core/refusals.h"

namespace lockstep::coordinator {

// The other end of a connection, as far as the transport knows it.
struct Peer {
  std::string address;    // for people
  PeerIdentity identity;  // of its certificate; empty in plain text
};
// For people: who it says it is, and where it is.
std::string Describe(const Peer& peer);

// The connections' other ends. Implemented by coordinator/rpc on gRPC and by the simulation.
class Connections {
 public:
  virtual ~Connections() = default;
  // Messages to a connection that no longer exists are dropped.
  virtual void Send(ConnectionId to, const v1::CoordinatorMessage& message) = 0;
  virtual void Acknowledge(ConnectionId to, const v1::BatchAck& ack) = 0;
  // Its peer has proved to belong to the fleet.
  virtual void Trust(ConnectionId connection) = 0;
  // Ends a connection once what was sent is on its way. No event of it follows.
  virtual void Close(ConnectionId connection, absl::Status reason) = 0;
};

// What is known of an agent.
struct AgentRecord {
  AgentId id{};
  std::string name;
  int64_t weight = 1;
  std::map<std::string, std::string> labels;
  int64_t process_id = 0;
  bool connected = true;  // false: its connection broke, its lease has not run out
  MonoTime last_heard;    // once it was lost
};

// For how long an agent may be silent.
inline constexpr absl::Duration kLease = absl::Seconds(10);

struct FleetSettings {
  std::string version;
  absl::Duration lease = kLease;
  absl::Duration heartbeat = absl::Seconds(1);
  // Beside the two of each member; further ones are closed at once.
  size_t max_connections = 2048;
  absl::Duration join_within = absl::Seconds(10);  // of a connection's opening
  std::string token = {};  // that agents must prove to know; empty: none is asked for
};

// fleet_joining.cc: who comes in; fleet_messages.cc: what members say; fleet_checkpoint.cc: what it
// takes to go on in another process.
class Fleet {
 public:
  struct Events {
    // Whether one more agent may join now; the Status's message is the reason if not. It may try
    // again if Unavailable.
    absl::AnyInvocable<absl::Status(const v1::Join&)> may_join;
    absl::AnyInvocable<void(AgentId)> on_joined;
    // Numbered messages, each once and in order, valid by validate.h. An error ends the agent's
    // session.
    absl::AnyInvocable<absl::Status(AgentId, const v1::AgentMessage&)> on_message;
    absl::AnyInvocable<absl::Status(AgentId, const v1::BatchMessage&)> on_batch;
    // The agent's session is over, for this reason. The agent is no longer a member. Cancelled: it
    // has left on its own; Aborted: it is known to be dead; else it may go on until its lease is
    // over.
    absl::AnyInvocable<void(const AgentRecord&, const absl::Status& reason)> on_lost;
  };

  // Makes a session id: 32 hexadecimal digits that nobody can guess (in production).
  using SessionIdSource = absl::AnyInvocable<std::string()>;
  // Makes kNonceBytes bytes that nobody can guess (in production).
  using NonceSource = absl::AnyInvocable<std::string()>;
  // `loop`, `connections` and `logger` are borrowed and outlive the fleet.
  Fleet(EventLoop& loop, Connections& connections, Logger& logger, FleetSettings settings,
        SessionIdSource session_ids, NonceSource nonces = nullptr);
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  void SetEvents(Events events) { events_ = std::move(events); }

  // From the connections.
  void OnOpened(ConnectionId connection, Peer peer = {});
  void OnMessage(ConnectionId connection, const v1::AgentMessage& message);
  void OnBatch(ConnectionId connection, const v1::BatchMessage& message);
  void OnClosed(ConnectionId connection, const absl::Status& reason);

  // To the agents. Unknown ids are ignored: such an agent was lost a moment ago.
  void Send(AgentId to, uint64_t run_id, v1::CoordinatorMessage message);
  void AcknowledgeBatches(AgentId from, uint64_t run_id, uint64_t number);
  // The coordinator itself stood still: nobody has been silent until now.
  void Forgive();
  // Ends an agent's session for `reason`, as if it had been lost.
  void Expel(AgentId agent, const absl::Status& reason);
  // The same, and the agent is to join again at once: it is wanted in this run.
  void Recall(AgentId agent, const absl::Status& reason);
  // The peer of this connection may not be here any more: ends the session that it belongs to, or
  // else the connection, and counts it as `kind`.
  void Banish(ConnectionId connection, absl::string_view kind, const absl::Status& reason);
  // Says Goodbye to all; on_lost is not called.
  void Dismiss(const std::string& reason);
  // True once all agents have heard the Goodbye or are gone.
  bool dismissed() const;
  // Calls `done`, once, as soon as that is true: at once if it is. It may not destroy the fleet.
  void WhenDismissed(absl::AnyInvocable<void()> done);

  // ---- a fleet that outlives its process ----
  // From now on numbered messages wait, and what arrives is not acknowledged, until Committed: no
  // agent ever knows of more than what is on disk. `on_held` is called whenever something waits, in
  // the middle of an event: it may only ask for a commit after it.
  void Hold(absl::AnyInvocable<void()> on_held);
  bool holding() const { return on_held_ != nullptr; }
  // A former Checkpoint, which told of these, is on disk: sends what has waited for that.
  void Committed(const std::vector<SessionMark>& marks);
  // Nothing is held back any more.
  void ReleaseHold();
  // Tells of log lines at once, though it is not yet on disk that they have come: the end is near.
  void TellAllLines();
  FleetCheckpoint Checkpoint() const;
  // Before anybody has joined, and followed by Hold. The agents have a lease to come back.
  void Restore(FleetCheckpoint saved);

  const AgentRecord* Find(AgentId agent) const;
  // When it last said something; the machine's start if it is not a member.
  MonoTime LastHeard(AgentId agent) const;
  const AgentRecord* FindByName(absl::string_view name) const;
  const AgentRecord* FindByProcess(int64_t process_id) const;
  // In the order of their joining.
  std::vector<AgentId> agents() const;
  size_t size() const { return members_.size(); }
  // Those who were turned away, by the fleet and by the connections below it.
  Refusals& refusals() { return refusals_; }
  const Refusals& refusals() const { return refusals_; }
  Logger& logger() { return logger_; }

 private:
  struct Member {
    AgentRecord record;
    std::string session_id;
    std::string fingerprint;  // of the certificate that it joined with
    ConnectionId control{};
    ConnectionId batches{};
    MonoTime last_heard;
    SendWindow<SentMessage> sent;
    ReceiveWindow received;
    size_t unsaid_bytes = 0;  // received, and not acknowledged by any message since
    // While the fleet is held: the messages to it that may leave, and those of it that may be
    // acknowledged.
    uint64_t released = 0;
    uint64_t kept = 0;
    // Log lines whose coming is not yet on disk. Until it is, nobody is told, as the agent would
    // send them to another process again. The agent keeps them bounded: it waits for
    // acknowledgements.
    std::deque<v1::AgentMessage> untold;
    bool dismissed = false;
  };
  struct Connection {
    MonoTime opened;
    AgentId agent{};  // 0 before it is admitted
    Peer peer;
    v1::AgentMessage join;  // kept while a proof is awaited
    std::string nonce;      // of the Challenge; empty: none was sent
    std::string pieces;     // of a member's message or batch that is not complete
  };

  static ProofInput ProofInputOf(const Connection& connection);

  void OnStranger(ConnectionId connection, const v1::AgentMessage& message);
  void OnJoin(ConnectionId connection, const v1::AgentMessage& message);
  void OnProof(ConnectionId connection, const v1::AgentMessage& message);
  void Challenge(ConnectionId connection, const v1::AgentMessage& join);
  void LetIn(ConnectionId connection, const v1::AgentMessage& join);
  void Resume(ConnectionId connection, Member& member, const v1::AgentMessage& message);
  void Admit(ConnectionId connection, const v1::Join& join);
  // The next piece of a message of `member`; the last one completes it.
  void OnPiece(ConnectionId connection, const Member& member, const v1::Piece& piece);
  // Tells the peer, and ends the connection.
  void TurnAway(ConnectionId connection, const absl::Status& reason);
  // The same, and counts it as `kind`.
  void Refuse(ConnectionId connection, absl::string_view kind, const absl::Status& reason);
  // Of Expel and Recall.
  void End(AgentId agent, const absl::Status& reason, bool join_again);
  // Expels an agent for what it sent.
  void EndForMessage(AgentId agent, const absl::Status& reason);
  void Welcome(Member& member, bool resumed);
  void HandleNumbered(Member& member, const v1::AgentMessage& message);
  void HandleBatch(Member& member, const v1::BatchMessage& message);
  void SendNow(Member& member, v1::CoordinatorMessage message);
  void Drop(ConnectionId connection, const absl::Status& reason);
  Member* FindMember(AgentId agent);
  Member* FindSession(const std::string& session_id);
  Member* FindUnwelcomed(const v1::Join& join);
  Member* FindLeftBehind(const v1::Join& join, const std::string& fingerprint);
  void TellIfDismissed();
  // Up to this number.
  void SendHeld(Member& member, uint64_t last);
  void AcknowledgeIfMuch(Member& member);
  // Tells of log lines up to this number.
  void TellLines(Member& member, uint64_t last);
  void WatchLeases();
  void CheckLeases();

  EventLoop& loop_;
  Connections& connections_;
  Logger& logger_;
  const FleetSettings settings_;
  Events events_;

  SessionIdSource session_ids_;
  NonceSource nonces_;
  Refusals refusals_;
  std::map<AgentId, std::unique_ptr<Member>> members_;
  absl::flat_hash_map<ConnectionId, Connection> open_;
  uint32_t last_id_ = 0;
  bool dismissing_ = false;
  absl::AnyInvocable<void()> on_dismissed_;
  absl::AnyInvocable<void()> on_held_;  // null: nothing is held back
  Timer lease_timer_{loop_};
  Timer lines_timer_{loop_};  // until it is asked that log lines are kept
};

}  // namespace lockstep::coordinator
