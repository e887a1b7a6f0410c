// A server's WebSocket frames put together to messages (RFC 6455, section 5), which may be
// compressed (permessage-deflate, RFC 7692). Pure. Ours and not curl's, because curl's write
// callback does not show frames without payload, such as keep-alive pings, and knows no extension.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
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

// What a client offers in Sec-WebSocket-Extensions: messages that stand for themselves, both ways.
inline constexpr char kDeflateOffer[] =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

// The server's answer to the offer.
struct DeflateTerms {
  bool agreed = false;
  bool server_keeps_context = true;  // its messages build on those before
};
// Reads the server's Sec-WebSocket-Extensions, "" for none. InvalidArgument: it agrees to what was
// not offered.
absl::StatusOr<DeflateTerms> ReadDeflateTerms(absl::string_view header);

class MessageInflater;

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
