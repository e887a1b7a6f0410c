// One HTTP exchange: a request in, a response out, no redirects, no retries, no cookies of its own.
// Everything that k6 builds on top (redirect hops, jars, authentication, body forms) is built by
// the caller from single exchanges, so that each hop is a sample of its own.
//
// Values only; this header includes neither curl nor V8. See client.h for who runs an
// exchange.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

#include "agent/http/ocsp.h"
#include "agent/http/url.h"
#include "common/base/clock.h"

namespace lockstep::agent {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

inline constexpr int64_t kMaxBodyBytes = int64_t{1} << 30;

struct HttpRequest {
  std::string method = "GET";
  Url url = {};             // http or https; credentials and fragment are not sent
  HeaderList headers = {};  // sent as they are, in this order; nothing is added but Host,
                            // Content-Length and what HTTP needs
  std::string body = {};    // sent if not empty, or if `has_body`
  bool has_body = false;
  absl::Duration timeout = absl::Seconds(60);  // whole exchange; zero or infinite: none
  bool keep_body = true;                       // false: read and count the body, but drop it
  // The longest body that is kept, as received and as decoded; a longer one fails the exchange.
  int64_t max_body_bytes = kMaxBodyBytes;
  bool follow_up =
      false;  // a redirect hop or an answer to a challenge: does not wait for the rps limit again
  // Challenge-response authentication that belongs to a connection or needs curl's state; basic is
  // a plain header.
  enum class Auth { kNone, kDigest, kNtlm };
  Auth auth = Auth::kNone;
  std::string user = {}, password = {};
};

// The phases of an exchange, in k6's sense. All >= 0. duration = sending + waiting + receiving.
struct HttpTimings {
  absl::Duration blocked, looking_up, connecting, tls_handshaking, sending, waiting, receiving;
  absl::Duration duration() const { return sending + waiting + receiving; }
};

// k6's error codes: 1000 generic, 1050 request timeout, 1101 no such host,
// 1212 refused, ...
struct HttpError {
  int code = 0;         // 0: no error
  std::string message;  // "dial tcp 127.0.0.1:1: connect: connection refused", "" without error
};

struct HttpResponse {
  int status = 0;           // 0: the exchange failed, see `error`
  std::string status_text;  // "201 Created"; HTTP/2 has no reason phrase, so the standard one
  std::string proto;        // "HTTP/1.1", "HTTP/2.0"
  HeaderList headers;       // as received, in order, one entry a line
  std::string body;         // decoded from its Content-Encoding, if `keep_body`
  HttpError error;
  HttpTimings timings;
  MonoTime started;  // when the exchange was submitted
  absl::Time ended;  // wall clock
  std::string remote_ip;
  int remote_port = 0;
  std::string tls_version;       // "tls1.3", "" without TLS
  std::string tls_cipher_suite;  // "TLS_AES_128_GCM_SHA256"
  OcspStaple ocsp;
  int64_t bytes_sent = 0;  // on the wire above TCP, headers included
  int64_t bytes_received = 0;
};

}  // namespace lockstep::agent
