#include "agent/net/net_error.h"

#include <cerrno>
#include <cstring>
#include <utility>

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

constexpr absl::string_view kNoSuchHostText = "lookup: no such host";

std::string DialPrefix(const CurlFailure& failure) {
  return failure.proxy.empty() ? absl::StrCat("dial tcp ", failure.address, ": ")
                               : absl::StrCat("proxyconnect tcp: dial tcp ", failure.proxy, ": ");
}

// k6's words for an error number that it has no code for.
std::string UnknownErrno(absl::string_view operation, int number) {
  return absl::StrCat(operation, ": unknown errno `", number, "` on linux with message `",
                      ErrnoText(number), "`");
}

HttpError DialTimeout(const CurlFailure& failure) {
  return {kDialTimeout, "dial: i/o timeout", absl::StrCat(DialPrefix(failure), "i/o timeout")};
}

HttpError DialError(const CurlFailure& failure) {
  const std::string prefix = DialPrefix(failure);
  switch (failure.os_errno) {
    case ECONNREFUSED:
      return {kDialRefused, "dial: connection refused",
              absl::StrCat(prefix, "connect: connection refused")};
    case ETIMEDOUT:
      return DialTimeout(failure);
    case 0:
      return {kDial, "dial: no connection", absl::StrCat(prefix, failure.text)};
    default:
      return {kDialUnknown, UnknownErrno("dial", failure.os_errno),
              absl::StrCat(prefix, "connect: ", ErrnoText(failure.os_errno))};
  }
}

// Go's name of the alert that OpenSSL describes in `text`; "" if it describes none.
std::string AlertIn(absl::string_view text) {
  constexpr std::pair<absl::string_view, absl::string_view> kNames[] = {
      {"alert handshake failure", "handshake failure"},
      {"alert protocol version", "protocol version not supported"},
      {"alert certificate required", "certificate required"},
      {"alert bad certificate", "bad certificate"},
      {"alert unknown ca", "unknown certificate authority"},
      {"alert certificate unknown", "unknown certificate"},
      {"alert certificate expired", "expired certificate"},
      {"alert certificate revoked", "revoked certificate"},
      {"alert unsupported certificate", "unsupported certificate"},
      {"alert decrypt error", "error decrypting message"},
      {"alert decode error", "error decoding message"},
      {"alert insufficient security", "insufficient security level"},
      {"alert no application protocol", "no application protocol"},
      {"unrecognized name", "unrecognized name"},
  };
  for (const auto& [openssl, go] : kNames) {
    if (absl::StrContains(text, openssl)) {
      return std::string(go);
    }
  }
  const size_t alert = text.find("alert ");
  if (alert == absl::string_view::npos) {
    return "";
  }
  text = text.substr(alert + 6);
  return std::string(text.substr(0, text.find_first_of(",:")));
}

// What OpenSSL's queue of errors says, without numbers and places: "unsupported protocol" of
// "error:0A000102:SSL routines::unsupported protocol".
absl::string_view OpenSslReason(absl::string_view text) {
  if (const size_t place = text.find("routines:"); place != absl::string_view::npos) {
    text = text.substr(place + 9);
    text = text.substr(text.find(':') + 1);  // npos + 1 is 0
  }
  return text.substr(0, text.find(", errno"));
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
  if (const std::string alert = AlertIn(failure.text); !alert.empty()) {
    return {kTls, absl::StrCat("remote error: tls: ", alert)};
  }
  return {kTls, absl::StrCat("tls: ", OpenSslReason(failure.text)),
          absl::StrCat("tls: ", failure.text)};
}

// libcurl's limits, which no option moves.
HttpError TooLarge(const CurlFailure& failure) {
  HttpError error = absl::StrContains(failure.text, "request too large")
                        ? RequestHeaderTooLarge()
                        : HeaderTooLarge("a line may have 100 KiB, all 300 KiB");
  error.detail = std::string(failure.text);
  return error;
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
  if (absl::StrContains(failure.text, "Too large response headers")) {
    return TooLarge(failure);
  }
  if (failure.os_errno != 0) {
    return {kTcpUnknown, UnknownErrno("read", failure.os_errno)};
  }
  // An alert of the peer after its side of a TLS 1.3 handshake arrives as a failed read.
  if (absl::StrContains(failure.text, "SSL")) {
    return TlsError(failure);
  }
  return {kTcp, "read: the connection failed", absl::StrCat("read: ", failure.text)};
}

HttpError WriteError(const CurlFailure& failure) {
  switch (failure.os_errno) {
    case EPIPE:
      return {kBrokenPipe, "write: broken pipe"};
    case ECONNRESET:
      return {kReset, "write: connection reset by peer"};
    case 0:
      return {kTcp, "write: the connection failed", absl::StrCat("write: ", failure.text)};
    default:
      return {kTcpUnknown, UnknownErrno("write", failure.os_errno)};
  }
}

bool IsWrongName(long verified) {
  return verified == X509_V_ERR_HOSTNAME_MISMATCH || verified == X509_V_ERR_IP_ADDRESS_MISMATCH;
}

bool IsUnknownAuthority(long verified) {
  switch (verified) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return true;
    default:
      return false;
  }
}

// "certificate signed by unknown authority".
std::string CertificateReason(long verified, absl::string_view host) {
  if (IsWrongName(verified)) {
    return absl::StrCat("certificate is not valid for ", host);
  }
  if (IsUnknownAuthority(verified)) {
    return "certificate signed by unknown authority";
  }
  if (verified == X509_V_ERR_CERT_HAS_EXPIRED || verified == X509_V_ERR_CERT_NOT_YET_VALID) {
    return "certificate has expired or is not yet valid";
  }
  return X509_verify_cert_error_string(verified);
}

HttpError VerificationError(const CurlFailure& failure) {
  // The name is checked by curl, after OpenSSL has found nothing wrong with the chain.
  const bool name =
      failure.verify_result == X509_V_OK || absl::StrContains(failure.text, "subject name");
  const long verified = name ? X509_V_ERR_HOSTNAME_MISMATCH : failure.verify_result;
  HttpError error{kTls, absl::StrCat("x509: ", CertificateReason(verified, failure.host)),
                  CertificateRefusal(verified, failure.host)};
  if (IsWrongName(verified)) {
    error.code = kWrongHostname;
    error.message = "x509: certificate doesn't match hostname";
  } else if (IsUnknownAuthority(verified)) {
    error.code = kUnknownAuthority;
    error.message = "x509: unknown authority";
  }
  return error;
}

// curl writes "HTTP/2 stream 1 was not closed cleanly: PROTOCOL_ERROR (err 1)".
HttpError Http2Error(const CurlFailure& failure) {
  const size_t open = failure.text.rfind("(err ");
  int number = 0;
  if (open == absl::string_view::npos ||
      !absl::SimpleAtoi(failure.text.substr(open + 5, failure.text.size() - open - 6), &number) ||
      number > 13) {
    const bool stream = failure.code == CURLE_HTTP2_STREAM;
    return {stream ? kHttp2Stream : kHttp2, stream ? "http2: stream error" : "http2: error",
            absl::StrCat("http2: ", failure.text)};
  }
  absl::string_view name = failure.text.substr(0, open - 1);
  name = name.substr(name.rfind(' ') + 1);
  return {kHttp2Stream + 1 + number, absl::StrCat("http2: stream error with http2 ErrCode ", name)};
}

}  // namespace

std::string ErrnoText(int number) {
  char buffer[128];
  std::string text = strerror_r(number, buffer, sizeof buffer);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') {
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  }
  return text;
}

std::string CertificateRefusal(long verified, absl::string_view host) {
  return absl::StrCat("tls: failed to verify certificate: x509: ",
                      CertificateReason(verified, host));
}

HttpError ErrorFromCurl(const CurlFailure& failure) {
  switch (failure.code) {
    case CURLE_OPERATION_TIMEDOUT:
      return failure.timeout_was_dial ? DialTimeout(failure)
                                      : HttpError{kRequestTimeout, "request timeout"};
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
      return DialError(failure);
    case CURLE_COULDNT_RESOLVE_HOST:
      return {kNoSuchHost, std::string(kNoSuchHostText),
              absl::StrCat("lookup ", failure.host, ": no such host")};
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {kNoSuchHost, std::string(kNoSuchHostText),
              absl::StrCat("proxyconnect tcp: lookup ", failure.proxy, ": no such host")};
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
      return MalformedResponse();
    case CURLE_PEER_FAILED_VERIFICATION:
      return VerificationError(failure);
    case CURLE_SSL_CONNECT_ERROR:
      return TlsError(failure);
    case CURLE_SSL_CACERT_BADFILE:
      return {kTls, "x509: SSL_CERT_FILE or SSL_CERT_DIR cannot be read"};
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
      return TlsError(failure);
    case CURLE_TOO_MANY_REDIRECTS:
      return {error_code::kGeneric,
              "the server refuses a request that expects 100-continue (417 Expectation Failed)"};
    case CURLE_TOO_LARGE:
      return TooLarge(failure);
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return Http2Error(failure);
    case CURLE_URL_MALFORMAT:
      return {kInvalidUrl, "invalid URL"};
    default: {
      const auto code = static_cast<CURLcode>(failure.code);
      return {kGeneric, curl_easy_strerror(code), std::string(failure.text)};
    }
  }
}

HttpError LostWithoutAnswer(absl::string_view text) {
  return absl::StrContains(text, "reset by peer")
             ? HttpError{kReset, "read: connection reset by peer"}
             : HttpError{kGeneric, "EOF"};
}

HttpError MalformedResponse() {
  return {kGeneric, "net/http: HTTP/1.x transport connection broken: malformed HTTP response"};
}

bool HasForbiddenCharacter(absl::string_view text) {
  const auto has = [text](char c) { return std::memchr(text.data(), c, text.size()) != nullptr; };
  return !text.empty() && (has('\0') || has('\r') || has('\n'));
}

HttpError HeaderTooLarge(absl::string_view limits) {
  return {kGeneric, absl::StrCat("the header of the response is too large: ", limits)};
}

HttpError RequestHeaderTooLarge() {
  return {kGeneric, "the header of the request is too large: 1 MiB at most"};
}

HttpError SwitchedProtocols() {
  return {kGeneric, "unsupported response status: 101 Switching Protocols"};
}

HttpError ErrorFromLookup(const absl::Status& status) {
  if (absl::IsNotFound(status)) {
    return {kNoSuchHost, std::string(kNoSuchHostText), std::string(status.message())};
  }
  // "lookup host: why"
  const absl::string_view why = status.message().substr(status.message().rfind(": ") + 1);
  return {kDns, absl::StrCat("lookup:", why), std::string(status.message())};
}

}  // namespace lockstep::agent
