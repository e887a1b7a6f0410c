// What a session of Engine.IO asks a server for over HTTP, and what it means if the server refuses.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "agent/http/cookie_jar.h"
#include "agent/http/message.h"
#include "agent/http/socketio/engine_packet.h"
#include "agent/http/websocket.h"

namespace lockstep::agent {

struct EngineOptions {
  EngineProtocol protocol = EngineProtocol::kFour;
  Url url = {};  // http or https, whose path is the server's ("/socket.io/"), with the query
  HeaderList headers = {};
  // At least one; both: polling first, and the WebSocket if the server has it.
  bool polling = true, websocket = true;
  absl::Duration timeout = absl::Seconds(20);  // for the handshake
  std::shared_ptr<CookieJar> jar = {};         // never null
};

// What waits to be sent, at most, and the longest message that is taken.
inline constexpr int64_t kMaxEngineBytes = int64_t{64} << 20;

// The requests of the session that the server calls `session`, "" before the handshake. `now`
// decides which cookies are still good. A poll waits until there are packets; a post carries some.
HttpRequest EnginePoll(const EngineOptions& options, absl::string_view session, absl::Time now);
HttpRequest EnginePost(const EngineOptions& options, absl::string_view session, absl::Time now,
                       std::string packets);
WebSocketRequest EngineSocketRequest(const EngineOptions& options, absl::string_view session,
                                     absl::Time now);

// For people: what the server said that did not answer 200 or let a WebSocket in, and what to do
// about it.
std::string DescribeEngineRefusal(const HttpResponse& refusal, EngineProtocol protocol);
// Likewise, of packets that are not packets of the protocol: what DecodeEnginePayload and the like
// said.
std::string DescribeEngineError(const absl::Status& status);

}  // namespace lockstep::agent
