// The compression of WebSocket messages that client and server may agree to (permessage-deflate,
// RFC 7692). Pure.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

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

// A message as the payload of a compressed one, which stands for itself. Compressed for speed
// rather than for size, as real clients do.
std::string DeflateMessage(absl::string_view message);

// The inflating side of one connection.
class MessageInflater {
 public:
  explicit MessageInflater(bool keep_context);
  ~MessageInflater();
  MessageInflater(const MessageInflater&) = delete;
  MessageInflater& operator=(const MessageInflater&) = delete;

  // Replaces a compressed message's payload by the message. InvalidArgument: it cannot be inflated;
  // ResourceExhausted: the message is longer than `max_bytes`.
  absl::Status Inflate(std::string& message, size_t max_bytes);

 private:
  struct Stream;
  const std::unique_ptr<Stream> stream_;
  const bool keep_context_;
};

}  // namespace lockstep::agent
