// One session of Engine.IO, the transport below Socket.IO: handshake, polling or WebSocket or the
// upgrade from one to the other, heartbeat. Knows no V8. All calls on the loop's thread; events
// come in turns of the loop, and a listener may do anything in them, destroying the session
// included.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"

#include "agent/http/client.h"
#include "agent/http/socketio/engine_packet.h"
#include "agent/http/socketio/engine_request.h"
#include "agent/http/websocket.h"
#include "common/base/event_loop.h"
#include "common/base/timer.h"

namespace lockstep::agent {

class EngineListener {
 public:
  virtual ~EngineListener() = default;
  // The handshake is done; `answer` is the server's, with addresses and timings.
  virtual void OnEngineOpen(const HttpResponse& answer) = 0;
  virtual void OnEngineMessage(EnginePacket message) = 0;
  virtual void OnEngineUpgrade() = 0;
  // The session is over. `reason` is socket.io-client's ("transport close", "transport error",
  // "ping timeout", "parse error", "forced close"), `detail` what happened, for people. `answer`:
  // what there is of the server's, if there was no handshake. The last event.
  virtual void OnEngineClose(absl::string_view reason, std::string detail,
                             const HttpResponse& answer) = 0;
};

// What sessions work with.
struct EngineEnv {
  HttpClient& client;
  ConnectionPool& pool;
  EventLoop& loop;
  absl::AnyInvocable<void(int64_t sent, int64_t received)> count_bytes;
};

class EngineSession final : private WebSocketListener {
 public:
  // Begins at once. `env` and `listener` outlive the session.
  EngineSession(EngineEnv& env, EngineOptions options, EngineListener& listener);
  // Cuts the connection, without a word.
  ~EngineSession() override;
  EngineSession(const EngineSession&) = delete;
  EngineSession& operator=(const EngineSession&) = delete;

  // Queues a message; it is dropped if the session is not open.
  void Send(EnginePacket message);
  // Says goodbye after what is queued; OnEngineClose follows.
  void Close();

  bool open() const { return state_ == State::kOpen; }
  // As the server calls it; "" before the handshake.
  const std::string& session() const { return handshake_.session; }
  // "polling" or "websocket".
  absl::string_view transport() const { return on_socket_ ? "websocket" : "polling"; }

 private:
  enum class State { kOpening, kOpen, kClosing, kOver };
  // Of the upgrade: the WebSocket is being opened and asked; it has answered, and the last poll is
  // waited for.
  enum class Upgrade { kNone, kProbing, kPausing };

  void OpenSocket();
  void Poll();
  void OnPolled(const HttpResponse& response);
  void OnPosted(const HttpResponse& response);
  void Handle(EnginePacket packet, const HttpResponse& answer);
  void OnHandshake(const std::string& json, const HttpResponse& answer);
  void Flush();
  void FlushToSocket();
  void Post();
  void FinishUpgrade();
  void DropSocket();
  // Starts the wait for the next sign of the server's life.
  void AwaitHeartbeat();
  void SendPing();
  void End(absl::string_view reason, std::string detail, const HttpResponse& answer = {});

  void OnOpen(HttpResponse response) override;
  void OnText(std::string message) override;
  void OnBinary(std::string message) override;
  void OnPing(std::string) override {}
  void OnPong(std::string) override {}
  void OnClose(int code, std::string reason) override;
  void OnRefused(HttpResponse response) override;
  void OnPacket(absl::StatusOr<EnginePacket> packet);

  EngineEnv& env_;
  const EngineOptions options_;
  EngineListener& listener_;
  // Tells this object's own functions that a listener has destroyed it.
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  State state_ = State::kOpening;
  Upgrade upgrade_ = Upgrade::kNone;
  bool on_socket_ = false;
  EngineHandshake handshake_;
  HttpResponse socket_answer_;  // the 101
  std::unique_ptr<WebSocket> socket_;
  ExchangeId poll_ = ExchangeId::kNone, post_ = ExchangeId::kNone;
  HttpRequest poll_request_, post_request_;
  std::vector<EnginePacket> queue_;
  int64_t queued_bytes_ = 0;
  Timer timeout_{env_.loop};   // of the handshake, later until the server must be heard of
  Timer end_soon_{env_.loop};  // nothing that the server says puts it off
  Timer next_ping_{env_.loop};
};

}  // namespace lockstep::agent
