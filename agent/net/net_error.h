// Failures of an exchange in k6's codes and words. A message goes into the tag `error`, so it holds
// nothing that differs from connection to connection or from host to host; the detail does.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "agent/http/error_code.h"
#include "agent/http/message.h"

namespace lockstep::agent {

// Go's words for an errno: those of the C library, which begin with a small letter there.
std::string ErrnoText(int number);

// Why a client does not believe that a server is `host`, as all that speak TLS tell it:
// "tls: failed to verify certificate: x509: certificate signed by unknown authority".
// `verified` is OpenSSL's X509_V_ERR_*.
std::string CertificateRefusal(long verified, absl::string_view host);

// What is known of a transfer that curl ended with an error.
struct CurlFailure {
  int code = 0;                    // CURLcode, not CURLE_OK
  absl::string_view text = {};     // curl's error buffer
  int os_errno = 0;                // CURLINFO_OS_ERRNO
  long verify_result = 0;          // CURLINFO_SSL_VERIFYRESULT
  bool timeout_was_dial = false;   // the time-out was the dialler's and not the request's
  absl::string_view address = {};  // "ip:port" that was dialled
  absl::string_view host = {};     // the URL's
  absl::string_view proxy = {};    // "ip:port" of the proxy, "" without one
  int connect_status = 0;          // the proxy's answer to CONNECT, 0 for none
};

HttpError ErrorFromCurl(const CurlFailure& failure);

// Of a request that a kept connection took and that the peer did not answer before it hung up;
// `text` is what curl says of the connection.
HttpError LostWithoutAnswer(absl::string_view text);

// Of an answer that is not HTTP/1, or has characters in its head that none may have.
HttpError MalformedResponse();

// Whether these stand in `text`, a line of an answer's head or a part of it: NUL, CR and LF, which
// no field may have (RFC 9110, section 5.5).
bool HasForbiddenCharacter(absl::string_view text);

// Of an answer whose head is longer than can be taken; `limits` are those of who reads it.
HttpError HeaderTooLarge(absl::string_view limits);

// Of a request whose head is longer than can be sent.
HttpError RequestHeaderTooLarge();

// Of an answer 101 that nobody asked for.
HttpError SwitchedProtocols();

// 1101 for NotFound, otherwise 1100.
HttpError ErrorFromLookup(const absl::Status& status);

}  // namespace lockstep::agent
