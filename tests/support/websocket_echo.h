// The server's side of a WebSocket that echoes, for the test server. Bytes in, bytes out; pure.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace lockstep::testing {

// The value of Sec-WebSocket-Accept for a key (RFC 6455, section 4.2.2).
std::string WebSocketAccept(absl::string_view key);

// One unmasked frame.
std::string WebSocketFrame(int opcode, absl::string_view payload);

class WebSocketEcho {
 public:
  // A mute one answers nothing, not even a close.
  explicit WebSocketEcho(bool mute) : mute_(mute) {}
  // Takes bytes of the client and appends what the server answers to `out`. False once the
  // connection is to be closed.
  bool Receive(absl::string_view bytes, std::string& out);

 private:
  bool TakeFrame(std::string& out, bool& open);
  const bool mute_;
  std::string buffer_;
  std::string message_;
  int message_opcode_ = 0;
};

}  // namespace lockstep::testing
