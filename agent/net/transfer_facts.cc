#include "agent/net/transfer_facts.h"

#include <algorithm>
#include <cerrno>

#include <openssl/ssl.h>

#include "agent/net/net_error.h"
#include "agent/net/rules.h"

namespace lockstep::agent {
namespace {

int64_t Info(CURL* easy, CURLINFO info) {
  curl_off_t value = 0;
  curl_easy_getinfo(easy, info, &value);
  return value;
}

long LongInfo(CURL* easy, CURLINFO info) {
  long value = 0;
  curl_easy_getinfo(easy, info, &value);
  return value;
}

}  // namespace

// curl's times count from an instant of its own, ours from the submission. Differences of curl's
// times are taken as they are; the border between blocked and sending is our stamp, and so is the
// first header, whose callback follows curl's start-transfer stamp at once. Only the border between
// sending and waiting is not exact, by about one system call.
HttpTimings PhasesOf(CURL* easy, const TransferStamps& stamps) {
  HttpTimings timings;
  const absl::Duration connect = absl::Microseconds(Info(easy, CURLINFO_CONNECT_TIME_T));
  const absl::Duration app_connect = absl::Microseconds(Info(easy, CURLINFO_APPCONNECT_TIME_T));
  timings.looking_up = stamps.looking_up;
  if (connect > absl::ZeroDuration()) {
    timings.connecting = connect - absl::Microseconds(Info(easy, CURLINFO_NAMELOOKUP_TIME_T));
    timings.connecting = std::max(timings.connecting, absl::ZeroDuration());
  }
  if (app_connect > absl::ZeroDuration()) {
    timings.tls_handshaking = std::max(app_connect - connect, absl::ZeroDuration());
  }
  if (stamps.prerequest == MonoTime()) {  // no request was sent
    timings.blocked = stamps.ended - stamps.started;
    return timings;
  }
  timings.blocked = stamps.prerequest - stamps.started;
  if (stamps.first_header == MonoTime()) {  // no answer came
    timings.waiting = stamps.ended - stamps.prerequest;
    return timings;
  }
  const absl::Duration start = absl::Microseconds(Info(easy, CURLINFO_STARTTRANSFER_TIME_T));
  const absl::Duration total = absl::Microseconds(Info(easy, CURLINFO_TOTAL_TIME_T));
  const absl::Duration sent = absl::Microseconds(
      std::max(Info(easy, CURLINFO_PRETRANSFER_TIME_T), Info(easy, CURLINFO_POSTTRANSFER_TIME_T)));
  const absl::Duration until_first = stamps.first_header - stamps.prerequest;
  timings.waiting = std::clamp(start - sent, absl::ZeroDuration(), until_first);
  timings.sending = until_first - timings.waiting;
  timings.receiving =
      std::clamp(total - start, absl::ZeroDuration(), stamps.ended - stamps.first_header);
  return timings;
}

void FillTls(EasyHandle& easy, HttpResponse& response) {
  curl_tlssessioninfo* session = nullptr;
  if (curl_easy_getinfo(easy.get(), CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK ||
      session == nullptr || session->backend != CURLSSLBACKEND_OPENSSL ||
      session->internals == nullptr) {
    return;
  }
  auto* const ssl = static_cast<SSL*>(session->internals);
  response.tls_version = TlsVersionName(SSL_get_version(ssl));
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl)) {
    const char* const name = SSL_CIPHER_standard_name(cipher);
    response.tls_cipher_suite = TlsCipherName(name == nullptr ? SSL_CIPHER_get_name(cipher) : name);
  }
  const unsigned char* staple = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl, &staple);
  response.ocsp =
      easy.ReadStaple(size <= 0 ? ""
                                : absl::string_view(reinterpret_cast<const char*>(staple),
                                                    static_cast<size_t>(size)));
}

void FillPeerAndBytes(CURL* easy, HttpResponse& response) {
  // curl counts what leaves together with the head as part of the request; a body that left later
  // is added.
  const int64_t request = LongInfo(easy, CURLINFO_REQUEST_SIZE);
  const int64_t upload = Info(easy, CURLINFO_SIZE_UPLOAD_T);
  response.bytes_sent = request < upload ? request + upload : request;
  response.bytes_received =
      LongInfo(easy, CURLINFO_HEADER_SIZE) + Info(easy, CURLINFO_SIZE_DOWNLOAD_T);
  const char* ip = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip) == CURLE_OK && ip != nullptr) {
    response.remote_ip = ip;
    response.remote_port = static_cast<int>(LongInfo(easy, CURLINFO_PRIMARY_PORT));
  }
}

void ReportShortage(CURL* easy, const Network& network) {
  switch (LongInfo(easy, CURLINFO_OS_ERRNO)) {
    case EADDRNOTAVAIL:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
      if (network.options().on_socket_refused) {
        network.options().on_socket_refused();
      }
      return;
    default:
      return;
  }
}

HttpError FailureOf(CURL* easy, CURLcode code, absl::string_view text, const Target& target,
                    const std::optional<IpAddress>& dialled, bool before_deadline) {
  const std::string address =
      HostPort(dialled ? dialled->ToString() : target.host, target.dial_port);
  // Without scheme and credentials.
  absl::string_view proxy = target.proxy;
  proxy.remove_prefix(std::min(proxy.size(), proxy.rfind('/') + 1));
  proxy.remove_prefix(std::min(proxy.size(), proxy.rfind('@') + 1));
  const bool connected = Info(easy, CURLINFO_CONNECT_TIME_T) > 0;
  return ErrorFromCurl(CurlFailure{
      .code = code,
      .text = text,
      .os_errno = static_cast<int>(LongInfo(easy, CURLINFO_OS_ERRNO)),
      .verify_result = LongInfo(easy, CURLINFO_SSL_VERIFYRESULT),
      .timeout_was_dial = !connected && before_deadline,
      .address = address,
      .host = target.host,
      .proxy = proxy,
      .connect_status = static_cast<int>(LongInfo(easy, CURLINFO_HTTP_CONNECTCODE)),
  });
}

}  // namespace lockstep::agent
