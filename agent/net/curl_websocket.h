// A WebSocket is an HTTP exchange whose two directions go on after a 101, and as such curl runs it:
// what arrives comes as a body of no known length, what is sent goes as one. Curl's own WebSocket
// would end a refusal at its headers, does not show frames without payload, and compresses nothing;
// handshake and frames are ours (websocket_handshake.h, websocket_frames.h). Curl's callbacks only
// collect events.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <curl/curl.h>

#include "absl/random/random.h"

#include "agent/http/websocket.h"
#include "agent/net/easy_handle.h"
#include "agent/net/engine.h"
#include "agent/net/phases.h"
#include "agent/net/pool.h"
#include "agent/net/response_reader.h"
#include "agent/net/target.h"
#include "agent/net/websocket_frames.h"
#include "agent/net/websocket_handshake.h"
#include "common/base/timer.h"

namespace lockstep::agent {

// Of connections that break without a word of WebSocket's.
inline constexpr char kCutOff[] = "unexpected EOF";

class CurlWebSocket final : public WebSocket, public CurlTransfer, public EventSource {
 public:
  CurlWebSocket(Engine& engine, NetPool& pool, WebSocketRequest request,
                WebSocketListener& listener);
  ~CurlWebSocket() override;

  bool SendText(absl::string_view message) override {
    return Send(WebSocketOpcode::kText, message);
  }
  bool SendBinary(absl::string_view message) override {
    return Send(WebSocketOpcode::kBinary, message);
  }
  bool SendPing(absl::string_view payload) override {
    return Send(WebSocketOpcode::kPing, payload.substr(0, kMaxControlPayload));
  }
  bool SendPong(absl::string_view payload) override {
    return Send(WebSocketOpcode::kPong, payload.substr(0, kMaxControlPayload));
  }
  void Close(int code, absl::string_view reason) override;
  void CloseAtOnce(int code) override;
  void SetReading(bool on) override;
  int64_t buffered_bytes() const override { return outgoing_.message_bytes(); }
  int64_t messages_sent() const override { return outgoing_.messages_taken(); }
  bool close_sent() const override { return outgoing_.close_taken(); }
  const std::string& subprotocol() const override { return agreement_.subprotocol; }
  int64_t bytes_sent() const override { return bytes_sent_; }
  int64_t bytes_received() const override { return bytes_received_; }

  void OnFinished(CURLcode code) override;
  void DeliverEvents() override;

 private:
  enum class State { kConnecting, kOpen, kClosing, kOver };
  struct Event {
    enum class Type { kOpen, kText, kBinary, kPing, kPong, kClose, kRefused } type;
    std::string data;
    int code = 0;
  };

  // The head of a refusal has come; its body may be incomplete.
  bool refused() const { return response_.status >= 200; }
  void Dial();
  void Connect(const std::optional<IpAddress>& ip);
  void Refuse(HttpError error);
  void StampHandshake();
  bool Send(WebSocketOpcode opcode, absl::string_view payload);
  void Write(WebSocketOpcode opcode, absl::string_view payload);
  void ResumeSending();
  void TellCurlWhatIsPaused();
  void BeginClosing(int code, absl::string_view reason);
  void AwaitClose(MonoTime limit);
  void End(int code, std::string reason);
  void QueueLast();
  void LeaveCurl();
  void Queue(Event event);
  void Deliver(Event event);
  void OnHeaderLine(absl::string_view line);
  void OnSwitched();
  bool OnRefusalBody(absl::string_view piece);
  void OnNeverOpened(CURLcode code);
  void OnBytes(absl::string_view bytes);
  void OnClose(const std::string& payload);

  static int OnPrerequest(void* self, char* remote, char* local, int remote_port, int local_port);
  static size_t OnHeader(char* data, size_t size, size_t count, void* self);
  static size_t OnData(char* data, size_t size, size_t count, void* self);
  static size_t OnRoom(char* room, size_t size, size_t count, void* self);

  Engine& engine_;
  WebSocketListener& listener_;
  const WebSocketRequest request_;
  const Url url_;
  // Tells callbacks that outlive the WebSocket (a lookup, an event's handler) that it is gone.
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  EasyHandle easy_;
  Target target_;
  std::optional<IpAddress> dialled_;

  State state_ = State::kConnecting;
  bool in_curl_ = false;
  HttpResponse response_;
  ResponseReader reader_;
  TransferStamps stamps_;
  Timer timer_{engine_.loop()};  // of the handshake, later of the closing handshake

  absl::BitGen random_;
  const std::string key_ = HandshakeKey(random_);
  HandshakeAgreement agreement_;
  std::string violation_;  // why the server's 101 is not taken

  std::vector<Event> events_;
  WebSocketReader incoming_;
  std::optional<Event> last_;  // the connection's end is decided
  bool ended_ = false;         // the last event is queued

  WebSocketWriter outgoing_;
  bool sending_paused_ = false;  // curl waits to be told that there is more
  bool reading_ = true;
  bool more_sent_ = false;  // the listener is to be told of
  int64_t bytes_sent_ = 0;
  int64_t bytes_received_ = 0;
};

}  // namespace lockstep::agent
