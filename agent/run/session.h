// An agent's membership in a fleet: joins a coordinator, keeps the lease alive, measures the clock
// offset, and carries numbered messages over connections that may break, so that each arrives once
// and in order. Knows nothing of runs.
//
// A broken connection is opened again, after growing pauses. Within the lease, in which the pauses
// stay short and a last attempt comes just before its end, the session then goes on; after it the
// session is lost, and the next connection opens a new one. Loop-bound: all methods and callbacks
// on the conductor's loop.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "agent/run/clock_sync.h"
#include "agent/run/transport.h"
#include "common/base/event_loop.h"
#include "common/base/log.h"
#include "common/base/replay.h"
#include "common/base/timer.h"

namespace lockstep::agent {

struct SessionSettings {
  std::string coordinator = {};  // its address, for messages to people
  std::string version = {};
  std::string name = {};
  int64_t weight = 1;
  std::map<std::string, std::string> labels = {};
  int64_t process_id = 0;
  // What the agent proves itself with. A session keeps what it was opened with.
  struct Identity {
    std::string token = {};        // the fleet's; empty: plain text, nothing is proved
    std::string fingerprint = {};  // of the certificate that the transport shows; empty: none
  };
  Identity identity = {};
  // Called before each connection that is to open a new session, as the credentials may have been
  // renewed meanwhile: what the transport shows from now on. Null: `identity` stays.
  std::function<Identity()> renew = {};
  // kNonceBytes bytes that nobody can guess; needed with a token.
  std::function<std::string()> nonces = {};
  bool end_is_told = false;  // whoever has started the agent tells how runs end
  // One run: the session's end is the agent's, but where it is told to join again. Without a
  // coordinator it gives up after `give_up_after`.
  bool once = false;
  absl::Duration give_up_after = absl::Seconds(10);
  absl::Duration first_pause = absl::Milliseconds(20);  // doubles up to max_pause
  absl::Duration max_pause = absl::Seconds(2);
  absl::Duration max_pause_in_session = absl::Milliseconds(250);  // while there is one to save
};

class Session {
 public:
  struct Events {
    absl::AnyInvocable<void()> on_opened;  // a new session
    absl::AnyInvocable<void(const v1::CoordinatorMessage&)>
        on_message;  // numbered ones, each once and in order
    absl::AnyInvocable<void(const v1::BatchAck&)> on_batch_ack;
    absl::AnyInvocable<void()> on_resumed;  // batches that are not acknowledged must be sent again
    // safe_until() is another one.
    absl::AnyInvocable<void()> on_proved = [] {};
    // There may be less that is not acknowledged.
    absl::AnyInvocable<void()> on_acknowledged = [] {};
    // The session is over: load must stop. A new one follows, if the settings say so.
    absl::AnyInvocable<void(absl::Status)> on_lost;
    // No further session will follow. OK after a Goodbye; else why.
    absl::AnyInvocable<void(absl::Status)> on_finished;
  };

  // `loop`, `transport` and `logger` are borrowed and outlive the session.
  Session(EventLoop& loop, Transport& transport, Logger& logger, SessionSettings settings);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Starts joining; call once.
  void Open(Events events);
  // Queues a reliable message; it reaches the coordinator as long as the session lives. Dropped
  // without a session. One of more than kMostMessageBytes is replaced by AgentFailed that says so.
  void Send(uint64_t run_id, v1::AgentMessage message);
  // Sends a batch over the present connection, if there is one. The caller repeats what is not
  // acknowledged.
  void SendBatch(v1::BatchMessage message);
  // Says goodbye and ends the connection; on_finished is not called.
  void Leave(std::string reason);

  // Of messages that the coordinator has not acknowledged.
  size_t unacknowledged_bytes() const { return sent_.bytes(); }
  size_t unacknowledged() const { return sent_.size(); }
  bool open() const { return !session_id_.empty(); }
  const ClockSync& clock() const { return clock_; }
  // Until then the coordinator does not take us for lost, whatever happens: it has heard from us
  // one lease before.
  MonoTime safe_until() const { return proved_ + lease_; }

 private:
  enum class Link { kDown, kJoining, kUp };
  // That a coordinator may stand still on purpose, see Suspend in control.proto.
  static constexpr absl::Duration kLongestSuspension = absl::Hours(24);

  // How long it may hear nothing.
  absl::Duration longest_silence() const { return suspended_ ? kLongestSuspension : lease_; }
  void Connect();
  void OnClosed(const absl::Status& status);
  void OnMessage(const v1::CoordinatorMessage& message);
  void OnAnswerToJoin(const v1::CoordinatorMessage& message);
  void OnChallenge(const v1::Challenge& challenge);
  bool KnowsToken(const v1::Welcome& welcome) const;
  void OnWelcome(const v1::CoordinatorMessage& message);
  void OnRefused(const v1::Refused& refused);
  void OnGoodbye(const v1::Goodbye& goodbye);
  // To whoever reads the agent's log, if nobody else tells.
  void TellOfEnd(const std::string& end);
  void OnClockAnswer(const v1::ClockAnswer& answer);
  void SendUnnumbered(v1::AgentMessage message);
  void SendProbe();
  void Beat();
  void Break(const absl::Status& status);
  void RetryLater(const absl::Status& status);
  // Until the next attempt to open a connection.
  absl::Duration PauseNow() const;
  void LoseSession(const absl::Status& status);
  void Finish(const absl::Status& status);

  EventLoop& loop_;
  Transport& transport_;
  Logger& logger_;
  const SessionSettings settings_;
  Events events_;

  Link link_ = Link::kDown;
  SessionSettings::Identity identity_;
  std::string nonce_;              // of this connection's Join
  std::string coordinator_nonce_;  // of its Challenge; empty: none came
  bool finished_ = false;
  std::string session_id_;  // empty: no session
  SendWindow<v1::AgentMessage> sent_;
  ReceiveWindow received_;
  // The oldest message that was not acknowledged when the session was last opened or resumed, and
  // how many times it was resumed since without an acknowledgement.
  uint64_t oldest_at_last_ = 0;
  int fruitless_ = 0;
  ClockSync clock_;
  uint64_t probes_ = 0;
  // Until a Welcome says otherwise.
  absl::Duration lease_ = absl::Seconds(10);
  absl::Duration heartbeat_ = absl::Seconds(1);
  bool suspended_ = false;     // the coordinator stands still on purpose
  bool between_runs_ = false;  // the last coordinator has said goodbye
  bool refused_ = false;       // by the coordinator, on this connection
  MonoTime last_heard_;
  MonoTime proved_;  // when we have sent the latest probe that was answered
  MonoTime down_since_;
  MonoTime last_complaint_;
  std::string complaint_;  // the last one
  absl::Duration pause_;
  Timer retry_timer_{loop_};
  Timer beat_timer_{loop_};
};

}  // namespace lockstep::agent
