// What both WebSocket modules, `k6/ws` and `k6/websockets`, share: the handshake's request, the
// ws_* metrics, and what a refusal says.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <v8.h>

#include "agent/http/websocket.h"
#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

// A handshake as a script asked for it.
struct WsPlan {
  WebSocketRequest request;
  std::string url_text;    // as written, without credentials
  absl::Status url_error;  // of k6/ws, where a bad URL is a connection that fails; else OK
  std::shared_ptr<CookieJar> jar;
  TagSet tags = kEmptyTagSet;  // of the script and the VU, and the url
};

// Reads URL and parameters (headers, tags, jar, compression). InvalidArgument: what is wrong;
// Cancelled: an exception is pending. `strict` is k6/websockets: unknown parameters and bad URLs
// are errors, and the samples have the tag `name`.
absl::StatusOr<WsPlan> PlanWs(Context context, ApiVu& vu, v8::Local<v8::Value> url,
                              v8::Local<v8::Value> params, bool strict);

// What a script is told of the end of a connection that had been open.
struct WsEnd {
  int code;
  std::string reason;
  std::string error;  // "websocket: close 1011 (internal server error): bye"; "" for 1000 and 1001
};

// Writes the samples of one session.
class WsMeter {
 public:
  WsMeter(ApiVu& vu, const WsPlan& plan);

  // The handshake ended, well or not; `response` is its answer.
  void Connected(const HttpResponse& response);
  // Of this session, so many messages have left by now.
  void Sent(int64_t messages);
  void Received();
  // The peer ended the session, with this code: unless it said so in good order, that is a failure
  // of the run.
  void ClosedByPeer(const WsEnd& end);
  // The payload of the next ping, and the sample of its pong.
  std::string Ping();
  void Pong(const std::string& payload);
  // Once, when the session is over; `socket` may be null.
  void Ended(const WebSocket* socket);

 private:
  void Add(uint32_t metric, double value);

  ApiVu& vu_;
  TagSet tags_;
  const std::string url_;
  MonoTime opened_;
  bool open_ = false;
  int64_t sent_ = 0;
  int64_t pings_ = 0;
  std::map<std::string, MonoTime> waiting_;  // pings without a pong, by payload
};

// What a connection has brought and the script has not got to: above a limit, the server has to
// wait.
class WsBacklog {
 public:
  static constexpr size_t kMostBytes = size_t{1} << 20;

  // `socket` is null where the connection is gone.
  void Add(WebSocket* socket, size_t text_bytes) {
    bytes_ += text_bytes + kWaitingEventBytes;
    if (bytes_ > kMostBytes && socket != nullptr) {
      socket->SetReading(false);
    }
  }
  void Remove(WebSocket* socket, size_t text_bytes) {
    bytes_ -= text_bytes + kWaitingEventBytes;
    if (bytes_ <= kMostBytes / 2 && socket != nullptr) {
      socket->SetReading(true);
    }
  }

 private:
  size_t bytes_ = 0;
};

// Of what WebSocketListener::OnClose was told.
WsEnd DescribeEnd(int code, std::string reason);

// "websocket: bad handshake: 403 Forbidden: nope", with a hint where the peer speaks Socket.IO.
std::string DescribeRefusal(const HttpResponse& refusal);

}  // namespace lockstep::agent
