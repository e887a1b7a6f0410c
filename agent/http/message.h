// One HTTP exchange: a request in, a response out, no redirects, no retries, no cookies of its own.
// Everything that k6 builds on top (redirect hops, jars, authentication, body forms) is built by
// the caller from single exchanges, so that each hop is a sample of its own.
//
// Values only; this header includes neither curl nor V8. See client.h for who runs an
// exchange.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "agent/http/ocsp.h"
#include "agent/http/url.h"
#include "common/base/clock.h"

namespace lockstep::agent {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

inline constexpr int64_t kMaxBodyBytes = int64_t{1} << 30;

// The longest value of a header that can be sent: libcurl leaves out longer ones without a word.
inline constexpr size_t kMaxHeaderValueBytes = size_t{300} << 10;

struct HttpResponse;

// Hears of a response while it comes, between curl's work, as `done` of HttpClient::Submit does
// (client.h); it may cancel the exchange at any time.
class ResponseListener {
 public:
  virtual ~ResponseListener() = default;
  // The head: what `response` has before its body. An exchange that fails before its head says so
  // to `done` alone.
  virtual void OnHead(const HttpResponse& response) = 0;
  // The next piece of the body, not empty, decoded from its Content-Encoding.
  virtual void OnBody(std::string piece) = 0;
};

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
  // A redirect hop or an answer to a challenge: it does not wait for the rps limit again.
  bool follow_up = false;
  // The caller goes on to where a redirect leads, and nobody reads its body: it may end as it
  // likes.
  bool follows_redirects = false;
  // Challenge-response authentication that belongs to a connection or needs curl's state, with the
  // credentials of the URL; basic is a plain header.
  enum class Auth { kNone, kDigest, kNtlm };
  Auth auth = Auth::kNone;
  // Not owned, null for none: is told the body, which is not kept then and may have any length.
  ResponseListener* listener = nullptr;
};

// The phases of an exchange, in k6's sense. All >= 0. duration = sending + waiting + receiving.
struct HttpTimings {
  absl::Duration blocked, looking_up, connecting, tls_handshaking, sending, waiting, receiving;
  absl::Duration duration() const { return sending + waiting + receiving; }
};

struct HttpError {
  int code = 0;  // k6's, of error_code.h; 0: no error
  // "dial: connection refused": what Response.error and the tag `error` show. It names no host,
  // address or port, as each would be a tag of its own. "" without an error.
  std::string message;
  // "dial tcp 127.0.0.1:1: connect: connection refused": for logs and exceptions. "": as `message`.
  std::string detail = {};

  const std::string& in_full() const { return detail.empty() ? message : detail; }
};

// What the handshake of a connection has agreed upon, in k6's words.
struct TlsFacts {
  std::string version;       // "tls1.3"
  std::string cipher_suite;  // "TLS_AES_128_GCM_SHA256"
  OcspStaple ocsp;
};

struct HttpResponse {
  int status = 0;           // 0: the exchange failed, see `error`
  std::string status_text;  // "201 Created"; HTTP/2 has no reason phrase, so the standard one
  absl::string_view proto;  // "HTTP/1.1", "HTTP/2.0", "HTTP/3": of ProtocolOf
  HeaderList headers;       // as received, in order, one entry a line
  std::string body;         // decoded from its Content-Encoding, if `keep_body`
  HttpError error;
  HttpTimings timings;
  MonoTime started;  // when the exchange was submitted
  absl::Time ended;  // wall clock
  std::string remote_ip;
  int remote_port = 0;
  std::shared_ptr<const TlsFacts> tls;  // the connection's; null without TLS
  int64_t bytes_sent = 0;               // on the wire above TCP, headers included
  int64_t bytes_received = 0;

  // "" without TLS.
  absl::string_view tls_version() const {
    return tls == nullptr ? absl::string_view() : tls->version;
  }
  absl::string_view tls_cipher_suite() const {
    return tls == nullptr ? absl::string_view() : tls->cipher_suite;
  }
  absl::string_view ocsp_status() const {
    return tls == nullptr ? absl::string_view() : tls->ocsp.status;
  }

  // As it was made, with the memory that it has.
  void Reset() {
    for (std::string* const text :
         {&status_text, &body, &error.message, &error.detail, &remote_ip}) {
      text->clear();
    }
    proto = "";
    status = error.code = remote_port = 0;
    headers.clear();
    timings = HttpTimings();
    started = MonoTime();
    ended = absl::Time();
    tls.reset();
    bytes_sent = bytes_received = 0;
  }

  // Leaves of the answer only what it took and whom it came from: no check may take it for good.
  // What has come of the body stays if `keep_body`.
  void Fail(HttpError why, bool keep_body = false) {
    status = 0;
    status_text.clear();
    proto = "";
    headers.clear();
    if (!keep_body) {
      body.clear();
    }
    error = std::move(why);
  }
};

}  // namespace lockstep::agent
