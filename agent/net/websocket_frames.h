// A server's WebSocket frames put together to messages (RFC 6455, section 5). Pure. Ours and not
// curl's, because curl's write callback does not show frames without payload, such as keep-alive
// pings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

enum class WebSocketOpcode {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10
};

inline constexpr size_t kMaxControlPayload = 125;  // section 5.5

struct WebSocketMessage {
  WebSocketOpcode opcode;  // never kContinuation
  std::string payload;
};

class WebSocketReader {
 public:
  explicit WebSocketReader(int64_t max_message_bytes) : max_message_bytes_(max_message_bytes) {}

  // Takes bytes of the server and appends what they complete, fragments put together. Returns 0, or
  // the close code that a violation asks for (1002 protocol error, 1009 message too big); nothing
  // may be fed after that.
  int Feed(absl::string_view bytes, std::vector<WebSocketMessage>& out);

 private:
  int TakeFrame(absl::string_view& bytes, std::vector<WebSocketMessage>& out, bool& complete);

  const int64_t max_message_bytes_;
  std::string pending_;  // an incomplete frame
  std::string fragments_;
  WebSocketOpcode fragmented_ =
      WebSocketOpcode::kContinuation;  // what the fragments are; kContinuation: none
};

}  // namespace lockstep::agent
