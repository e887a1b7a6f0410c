// HTTP Digest authentication (RFC 7616, qop "auth" and none; MD5, SHA-256 and their -sess forms).
// Pure, so that the challenge and the answer are exchanges, and samples, of their own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

#include "agent/http/message.h"

namespace lockstep::agent {

struct DigestChallenge {
  std::string realm, nonce, opaque;
  bool has_opaque = false;
  std::string algorithm = "MD5";  // as the server spells it
  bool algorithm_given = false;
  bool qop_auth = false;  // the server offers qop="auth"
};

// The first Digest challenge among the WWW-Authenticate lines that we can answer; nothing if there
// is none.
std::optional<DigestChallenge> FindDigestChallenge(const HeaderList& response_headers);

struct DigestCredentials {
  std::string user, password;
};

// The value of the Authorization header. `target`: path and query of the request. `cnonce`: a
// random text of the client; `count`: how often the nonce has been used, from 1.
std::string DigestAuthorization(const DigestChallenge& challenge,
                                const DigestCredentials& credentials, absl::string_view method,
                                absl::string_view target, absl::string_view cnonce, uint32_t count);

}  // namespace lockstep::agent
