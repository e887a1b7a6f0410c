// WebSocket frames (RFC 6455, section 5): a client's are made from messages, a server's are put
// together into messages. Pure. Our own rather than curl's, because curl does not show frames
// without payload, such as keep-alive pings, and knows no extensions.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "agent/net/websocket_deflate.h"

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

// What a client has to send.
class WebSocketWriter {
 public:
  // From now on messages of text and bytes are compressed.
  void Deflate() { deflate_ = true; }

  // Appends a message as one frame. `mask` should not be predictable (section 5.3).
  void Add(WebSocketOpcode opcode, absl::string_view payload, uint32_t mask);
  // Moves what fits to `room`; returns how much.
  size_t Take(char* room, size_t room_bytes);
  bool empty() const { return frames_.empty(); }
  // The lengths of the messages that were not taken as a whole, as they were added.
  int64_t message_bytes() const { return message_bytes_; }

 private:
  struct Frame {
    std::string bytes;
    int64_t message_bytes;
  };
  std::deque<Frame> frames_;
  size_t front_taken_ = 0;  // of the first frame
  int64_t message_bytes_ = 0;
  bool deflate_ = false;
};

class WebSocketReader {
 public:
  explicit WebSocketReader(int64_t max_message_bytes);
  ~WebSocketReader();
  WebSocketReader(const WebSocketReader&) = delete;
  WebSocketReader& operator=(const WebSocketReader&) = delete;

  // From now on messages may be compressed.
  void Inflate(const DeflateTerms& terms);

  // Takes bytes of the server and appends what they complete, fragments put together. Returns 0, or
  // the close code that a violation asks for (1002 protocol error, 1007 what cannot be
  // inflated, 1009 message too big); nothing may be fed after that.
  int Feed(absl::string_view bytes, std::vector<WebSocketMessage>& out);

 private:
  int TakeFrame(absl::string_view& bytes, std::vector<WebSocketMessage>& out, bool& complete);

  const int64_t max_message_bytes_;
  std::string pending_;  // an incomplete frame
  std::string fragments_;
  bool compressed_ = false;                    // the fragments are
  std::unique_ptr<MessageInflater> inflater_;  // null: no compression was agreed
  WebSocketOpcode fragmented_ =
      WebSocketOpcode::kContinuation;  // what the fragments are; kContinuation: none
};

}  // namespace lockstep::agent
