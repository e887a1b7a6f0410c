#include "agent/net/websocket_handshake.h"

#include <array>
#include <cstdint>
#include <utility>

#include <openssl/evp.h>

#include "absl/random/random.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "agent/http/headers.h"

namespace lockstep::agent {
namespace {

constexpr absl::string_view kOwnHeaders[] = {"Upgrade", "Connection", "Sec-WebSocket-Key",
                                             "Sec-WebSocket-Version", "Sec-WebSocket-Extensions"};

// What Sec-WebSocket-Accept says to a key (section 4.2.2).
std::string AcceptFor(absl::string_view key) {
  const std::string text = absl::StrCat(key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha1(), nullptr);
  return absl::Base64Escape(absl::string_view(reinterpret_cast<const char*>(hash.data()), size));
}

// The values of all lines of that name, as one list.
std::string Values(const HeaderList& headers, absl::string_view name) {
  std::string values;
  for (const auto& [key, value] : headers) {
    if (absl::EqualsIgnoreCase(key, name)) {
      absl::StrAppend(&values, values.empty() ? "" : ",", value);
    }
  }
  return values;
}

}  // namespace

std::string HandshakeKey(absl::BitGenRef random) {
  std::string bytes(16, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(absl::Uniform<uint8_t>(random));
  }
  return absl::Base64Escape(bytes);
}

absl::StatusOr<HeaderList> HandshakeHeaders(const WebSocketRequest& request,
                                            absl::string_view key) {
  HeaderList headers = request.headers;
  for (const auto& [name, value] : headers) {
    for (const absl::string_view own : kOwnHeaders) {
      if (absl::EqualsIgnoreCase(name, own)) {
        return absl::InvalidArgumentError(
            absl::StrCat("websocket: duplicate header not allowed: ", own));
      }
    }
  }
  headers.emplace_back("Upgrade", "websocket");
  headers.emplace_back("Connection", "Upgrade");
  headers.emplace_back("Sec-WebSocket-Key", key);
  headers.emplace_back("Sec-WebSocket-Version", "13");
  if (!request.subprotocols.empty()) {
    headers.emplace_back("Sec-WebSocket-Protocol", absl::StrJoin(request.subprotocols, ", "));
  }
  if (request.deflate) {
    headers.emplace_back("Sec-WebSocket-Extensions", kDeflateOffer);
  }
  for (const auto& [name, value] : headers) {
    if (absl::Status checked = CheckHeader(name, value); !checked.ok()) {
      return checked;
    }
  }
  return headers;
}

absl::StatusOr<HandshakeAgreement> ReadAgreement(const HeaderList& answer,
                                                 const WebSocketRequest& request,
                                                 absl::string_view key) {
  const auto bad = [](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("websocket: bad handshake: ", why));
  };
  if (!HasToken(Values(answer, "Upgrade"), "websocket")) {
    return bad("the server's 101 is not for a WebSocket (Upgrade)");
  }
  if (!HasToken(Values(answer, "Connection"), "upgrade")) {
    return bad("the server's 101 does not upgrade the connection (Connection)");
  }
  if (Values(answer, "Sec-WebSocket-Accept") != AcceptFor(key)) {
    return bad("the server's 101 answers another request (Sec-WebSocket-Accept)");
  }
  absl::StatusOr<DeflateTerms> terms = ReadDeflateTerms(Values(answer, "Sec-WebSocket-Extensions"));
  if (!terms.ok()) {
    return std::move(terms).status();
  }
  if (terms->agreed && !request.deflate) {
    return absl::InvalidArgumentError(
        "websocket: the server agrees to an extension, and none was offered");
  }
  return HandshakeAgreement{Values(answer, "Sec-WebSocket-Protocol"), *terms};
}

}  // namespace lockstep::agent
