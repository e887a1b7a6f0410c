// What a server says about its certificate in a staple to its TLS handshake (OCSP, RFC 6960). Pure.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// In k6's words. Not judged: a load test is told what the server says, whoever signed it.
struct OcspStaple {
  // "good", "revoked" or "unknown", which is also the word for no staple, or one that cannot be
  // read; "" without TLS.
  std::string status = {};
  std::string revocation_reason = {};  // "unspecified", "key_compromise", ...; "" without a staple
  // Unix seconds; 0: not said.
  int64_t produced_at = 0, this_update = 0, next_update = 0, revoked_at = 0;
};

// `der`: the OCSPResponse, "" for none.
OcspStaple ReadOcspStaple(absl::string_view der);

}  // namespace lockstep::agent
