// What both WebSocket modules, `k6/ws` and `k6/websockets`, share: the handshake's request, the
// ws_* metrics, and what a refusal says.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <v8.h>

#include "agent/http/call.h"
#include "agent/http/websocket.h"
#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

// A handshake as a script asked for it.
struct WsPlan {
  WebSocketRequest request;
  std::string url_text;
  std::shared_ptr<CookieJar> jar;
  TagSetId tags = kEmptyTagSet;  // of the script and the VU, url and name among them
};

// Reads URL and parameters (headers, tags, jar, compression). InvalidArgument: what is wrong;
// Cancelled: an exception is pending. With `strict`, unknown parameters are errors.
absl::StatusOr<WsPlan> PlanWs(v8::Local<v8::Context> context, ApiVu& vu, v8::Local<v8::Value> url,
                              v8::Local<v8::Value> params, bool strict);

// Writes the samples of one session.
class WsMeter {
 public:
  WsMeter(ApiVu& vu, const WsPlan& plan);

  // The handshake ended; `response` is its answer.
  void Opened(const HttpResponse& response, const std::string& subprotocol);
  void Sent();
  void Received();
  // The payload of the next ping, and the sample of its pong.
  std::string Ping();
  void Pong(const std::string& payload);
  // Once, when the session is over; `socket` may be null.
  void Ended(const WebSocket* socket);

 private:
  void Add(uint32_t metric, double value);

  ApiVu& vu_;
  TagSetId tags_;
  MonoTime opened_;
  bool open_ = false;
  int64_t pings_ = 0;
  std::map<std::string, MonoTime> waiting_;  // pings without a pong, by payload
};

// "websocket: bad handshake: 403 Forbidden: nope", with a hint where the peer speaks Socket.IO.
std::string DescribeRefusal(const HttpResponse& refusal);

}  // namespace lockstep::agent
