// A WebSocket's opening handshake, as the client sees it (RFC 6455, section 4.1). Pure.
#pragma once

#include <string>

#include "absl/random/bit_gen_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "agent/http/message.h"
#include "agent/http/websocket.h"
#include "agent/net/websocket_deflate.h"

namespace lockstep::agent {

// A nonce for Sec-WebSocket-Key.
std::string HandshakeKey(absl::BitGenRef random);

// The header lines of the request. InvalidArgument: among the caller's is one that belongs to the
// handshake itself, or one that no request may have: its name is none, or its value would begin
// another.
absl::StatusOr<HeaderList> HandshakeHeaders(const WebSocketRequest& request, absl::string_view key);

// What the server agreed to with its 101.
struct HandshakeAgreement {
  std::string subprotocol = {};  // "" for none
  DeflateTerms deflate = {};
};
// InvalidArgument, saying why, unless the answer fits this request.
absl::StatusOr<HandshakeAgreement> ReadAgreement(const HeaderList& answer,
                                                 const WebSocketRequest& request,
                                                 absl::string_view key);

}  // namespace lockstep::agent
