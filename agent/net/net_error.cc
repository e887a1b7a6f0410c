#include "agent/net/net_error.h"

#include <cerrno>
#include <cstring>

#include <curl/curl.h>
#include <openssl/x509_vfy.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "agent/net/response_reader.h"

namespace lockstep::agent {
namespace {

using namespace error_code;  // NOLINT(google-build-using-namespace): the table of codes, used on
                             // every line below

// Go's words for an errno, where they differ from the C library's only in case.
std::string ErrnoText(int number) {
  char buffer[128];
  std::string text = strerror_r(number, buffer, sizeof buffer);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') {
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  }
  return text;
}

std::string DialPrefix(const CurlFailure& failure) {
  return failure.proxy.empty() ? absl::StrCat("dial tcp ", failure.address, ": ")
                               : absl::StrCat("proxyconnect tcp: dial tcp ", failure.proxy, ": ");
}

HttpError DialError(const CurlFailure& failure) {
  const std::string prefix = DialPrefix(failure);
  switch (failure.os_errno) {
    case ECONNREFUSED:
      return {kDialRefused, absl::StrCat(prefix, "connect: connection refused")};
    case ETIMEDOUT:
      return {kDialTimeout, absl::StrCat(prefix, "i/o timeout")};
    case 0:
      return {kDial, absl::StrCat(prefix, failure.text)};
    default:
      return {kDialUnknown, absl::StrCat(prefix, "connect: ", ErrnoText(failure.os_errno))};
  }
}

HttpError ReadError(const CurlFailure& failure) {
  if (failure.connect_status >= 300) {
    const absl::string_view phrase = ReasonPhrase(failure.connect_status);
    return {kGeneric, phrase.empty() ? absl::StrCat(failure.connect_status) : std::string(phrase)};
  }
  if (failure.os_errno == ECONNRESET || absl::StrContains(failure.text, "reset by peer")) {
    return {kReset, "read: connection reset by peer"};
  }
  if (absl::StrContains(failure.text, "unexpected eof")) {
    return {kGeneric, "unexpected EOF"};
  }
  if (failure.os_errno != 0) {
    return {kTcpUnknown, absl::StrCat("read: ", ErrnoText(failure.os_errno))};
  }
  // An alert of the peer after its side of a TLS 1.3 handshake arrives as a failed read.
  return {absl::StrContains(failure.text, "SSL") ? kTls : kTcp, std::string(failure.text)};
}

HttpError WriteError(const CurlFailure& failure) {
  switch (failure.os_errno) {
    case EPIPE:
      return {kBrokenPipe, "write: broken pipe"};
    case ECONNRESET:
      return {kReset, "write: connection reset by peer"};
    default:
      return {kTcp, absl::StrCat("write: ", failure.text)};
  }
}

HttpError VerificationError(const CurlFailure& failure) {
  switch (failure.verify_result) {
    case X509_V_OK:  // the chain was fine, so it was the name
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {kWrongHostname, absl::StrCat("x509: certificate is not valid for ", failure.host)};
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return {kUnknownAuthority, "x509: certificate signed by unknown authority"};
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {kTls, "x509: certificate has expired or is not yet valid"};
    default:
      return {kTls, absl::StrCat("x509: ", X509_verify_cert_error_string(failure.verify_result))};
  }
}

HttpError TlsError(const CurlFailure& failure) {
  if (absl::StrContains(failure.text, "wrong version number") ||
      absl::StrContains(failure.text, "packet length")) {
    return {kTlsHeader, "tls: first record does not look like a TLS handshake"};
  }
  if (failure.os_errno == ECONNRESET) {
    return {kReset, "read: connection reset by peer"};
  }
  if (absl::StrContains(failure.text, "unexpected eof") ||
      absl::StrContains(failure.text, "SSL_ERROR_SYSCALL")) {
    return {kGeneric, "EOF"};
  }
  const size_t alert = failure.text.find("alert ");
  if (alert != absl::string_view::npos) {
    return {kTls, absl::StrCat("remote error: tls: ", failure.text.substr(alert + 6))};
  }
  return {kTls, absl::StrCat("tls: ", failure.text)};
}

// curl writes "HTTP/2 stream 1 was not closed cleanly: PROTOCOL_ERROR (err 1)".
HttpError Http2Error(const CurlFailure& failure) {
  const size_t open = failure.text.rfind("(err ");
  int number = 0;
  if (open == absl::string_view::npos ||
      !absl::SimpleAtoi(failure.text.substr(open + 5, failure.text.size() - open - 6), &number) ||
      number > 13) {
    return {failure.code == CURLE_HTTP2_STREAM ? kHttp2Stream : kHttp2,
            absl::StrCat("http2: ", failure.text)};
  }
  absl::string_view name = failure.text.substr(0, open - 1);
  name = name.substr(name.rfind(' ') + 1);
  return {kHttp2Stream + 1 + number, absl::StrCat("http2: stream error with http2 ErrCode ", name)};
}

}  // namespace

HttpError ErrorFromCurl(const CurlFailure& failure) {
  switch (failure.code) {
    case CURLE_OPERATION_TIMEDOUT:
      if (failure.timeout_was_dial) {
        return {kDialTimeout, DialPrefix(failure) + "i/o timeout"};
      }
      return {kRequestTimeout, "request timeout"};
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
      return DialError(failure);
    case CURLE_COULDNT_RESOLVE_HOST:
      return {kNoSuchHost, absl::StrCat("lookup ", failure.host, ": no such host")};
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {kNoSuchHost, "proxyconnect tcp: no such host"};
    case CURLE_GOT_NOTHING:
      return {kGeneric, "EOF"};
    case CURLE_PARTIAL_FILE:
      return {kGeneric, "unexpected EOF"};
    case CURLE_RECV_ERROR:
      return ReadError(failure);
    case CURLE_SEND_ERROR:
      return WriteError(failure);
    case CURLE_UNSUPPORTED_PROTOCOL:  // curl takes what has no status line for HTTP/0.9
    case CURLE_WEIRD_SERVER_REPLY:
      return {kGeneric, "net/http: HTTP/1.x transport connection broken: malformed HTTP response"};
    case CURLE_PEER_FAILED_VERIFICATION:
      return VerificationError(failure);
    case CURLE_SSL_CONNECT_ERROR:
      return TlsError(failure);
    case CURLE_SSL_CACERT_BADFILE:
      return {kTls, "x509: SSL_CERT_FILE or SSL_CERT_DIR cannot be read"};
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
      return {kTls, absl::StrCat("tls: ", failure.text)};
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return Http2Error(failure);
    case CURLE_URL_MALFORMAT:
      return {kInvalidUrl, "invalid URL"};
    default: {
      const auto code = static_cast<CURLcode>(failure.code);
      return {kGeneric,
              failure.text.empty() ? curl_easy_strerror(code) : std::string(failure.text)};
    }
  }
}

HttpError ErrorFromLookup(const absl::Status& status) {
  return {absl::IsNotFound(status) ? kNoSuchHost : kDns, std::string(status.message())};
}

}  // namespace lockstep::agent
