#include "agent/net/transfer_facts.h"

#include <algorithm>
#include <cerrno>

#include <openssl/ssl.h>

#include "agent/net/net_error.h"
#include "agent/net/tls_facts.h"

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

// curl counts what leaves together with the head as part of the request; a body that left later is
// added.
int64_t BytesSent(CURL* easy) {
  const int64_t request = LongInfo(easy, CURLINFO_REQUEST_SIZE);
  const int64_t upload = Info(easy, CURLINFO_SIZE_UPLOAD_T);
  return request < upload ? request + upload : request;
}

}  // namespace

CurlTimes TimesOf(CURL* easy) {
  const auto time = [easy](CURLINFO info) { return absl::Microseconds(Info(easy, info)); };
  return {.name_lookup = time(CURLINFO_NAMELOOKUP_TIME_T),
          .connect = time(CURLINFO_CONNECT_TIME_T),
          .app_connect = time(CURLINFO_APPCONNECT_TIME_T),
          .pre_transfer = time(CURLINFO_PRETRANSFER_TIME_T),
          .post_transfer = time(CURLINFO_POSTTRANSFER_TIME_T),
          .start_transfer = time(CURLINFO_STARTTRANSFER_TIME_T),
          .total = time(CURLINFO_TOTAL_TIME_T),
          .bytes_sent = BytesSent(easy)};
}

void FillTls(EasyHandle& easy, HttpResponse& response) {
  curl_tlssessioninfo* session = nullptr;
  if (curl_easy_getinfo(easy.get(), CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK ||
      session == nullptr || session->backend != CURLSSLBACKEND_OPENSSL ||
      session->internals == nullptr) {
    return;
  }
  auto* const ssl = static_cast<SSL*>(session->internals);
  response.tls = std::make_shared<TlsFacts>(TlsFacts{.version = TlsVersionOf(ssl),
                                                     .cipher_suite = TlsCipherSuiteOf(ssl),
                                                     .ocsp = easy.ReadStaple(StapleOf(ssl))});
}

void FillPeerAndBytes(CURL* easy, HttpResponse& response) {
  response.bytes_sent = BytesSent(easy);
  response.bytes_received =
      LongInfo(easy, CURLINFO_HEADER_SIZE) + Info(easy, CURLINFO_SIZE_DOWNLOAD_T);
  const char* ip = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip) == CURLE_OK && ip != nullptr) {
    response.remote_ip = ip;
    // -1 without a connection
    response.remote_port = std::max(0, static_cast<int>(LongInfo(easy, CURLINFO_PRIMARY_PORT)));
  }
}

int OsErrorOf(CURL* easy) {
  return static_cast<int>(LongInfo(easy, CURLINFO_OS_ERRNO));
}

void ReportShortage(int os_errno, const Network& network) {
  switch (os_errno) {
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
      .os_errno = OsErrorOf(easy),
      .verify_result = LongInfo(easy, CURLINFO_SSL_VERIFYRESULT),
      .timeout_was_dial = !connected && before_deadline,
      .address = address,
      .host = target.host,
      .proxy = proxy,
      .connect_status = static_cast<int>(LongInfo(easy, CURLINFO_HTTP_CONNECTCODE)),
  });
}

}  // namespace lockstep::agent
