// WebSocket frames (RFC 6455, section 5): a client's are made from messages, a server's are put
// together into messages. Pure. Our own rather than curl's, because curl does not show frames
// without payload, such as keep-alive pings, and knows no extensions.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
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

// Codes that end a connection (section 7.4.1).
inline constexpr int kProtocolError = 1002;
inline constexpr int kNoStatus = 1005;  // of a closing frame that says none
inline constexpr int kAbnormal = 1006;  // without a closing frame

struct CloseFrame {
  int code;
  std::string reason;
};
// Of a server's closing frame, whose payload is not empty. InvalidArgument: a code that may not be
// on the wire, or a reason that is not UTF-8.
absl::StatusOr<CloseFrame> ReadClose(absl::string_view payload);

// What a client has to send.
class WebSocketWriter {
 public:
  // From now on messages of text and bytes are compressed.
  void Deflate() { deflate_ = true; }

  // Appends a message as one frame. `mask` should not be predictable (section 5.3). A pong takes
  // the place of one that waits: only the last ping has to be answered (section 5.5.3), and a peer
  // that takes nothing may send any number of them.
  void Add(WebSocketOpcode opcode, absl::string_view payload, uint32_t mask);
  // Moves what fits to `room`; returns how much.
  size_t Take(char* room, size_t room_bytes);
  bool empty() const { return frames_.empty(); }
  // The lengths of the messages that were not taken as a whole, as they were added.
  int64_t message_bytes() const { return message_bytes_; }
  // Of text and bytes, taken as a whole; and whether a closing frame was.
  int64_t messages_taken() const { return messages_taken_; }
  bool close_taken() const { return close_taken_; }

 private:
  struct Frame {
    std::string bytes;
    int64_t message_bytes;
    WebSocketOpcode opcode;
  };
  void Append(Frame frame);

  std::deque<Frame> frames_;
  Frame* pong_ = nullptr;   // the one that waits among them
  size_t front_taken_ = 0;  // of the first frame
  int64_t message_bytes_ = 0;
  int64_t messages_taken_ = 0;
  bool close_taken_ = false;
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
  // What the fragments are of; kContinuation: there are none.
  WebSocketOpcode fragmented_ = WebSocketOpcode::kContinuation;
};

}  // namespace lockstep::agent
