// One easy handle with what all transfers of a run share: TLS, local address, no environment, no
// signals. It remembers what it was told last, so that the next transfer over it sets only what
// differs (setting everything again costs 1 µs).
#pragma once

#include <memory>
#include <string>

#include <curl/curl.h>

#include "agent/http/message.h"
#include "agent/http/ocsp.h"
#include "agent/net/curl_driver.h"
#include "agent/net/target.h"

namespace lockstep::agent {

struct SlistFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Slist = std::unique_ptr<curl_slist, SlistFree>;

// Appends; `list` may be empty.
void Append(Slist& list, const std::string& line);

class EasyHandle {
 public:
  // `local_ip`: the address to dial from, "" for the system's choice.
  EasyHandle(CurlDriver& driver, const Network& network, const std::string& local_ip);
  ~EasyHandle();
  EasyHandle(const EasyHandle&) = delete;
  EasyHandle& operator=(const EasyHandle&) = delete;

  CURL* get() const { return easy_; }
  // Directs the next transfer: URL, address to dial, proxy, client certificate. `ip` is empty only
  // with a proxy.
  void Point(const Url& url, const Target& target, const std::optional<IpAddress>& ip);
  // What follows a request's head: nothing, a body, a body of no chunks, or bytes of another
  // protocol, which end when the connection does.
  enum class Follows { kNothing, kBody, kChunks, kStream };
  // Sets the header lines and keeps away those that curl would add by itself. `url` is that of the
  // request.
  void SetHeaders(const Url& url, const HeaderList& headers, Follows follows);
  // <= 0 or infinite: none.
  void SetTimeout(absl::Duration timeout);
  // curl's own words for the last failure, "" if it had none.
  std::string error_text() const { return error_text_; }
  void ClearErrorText() { error_text_[0] = '\0'; }
  // What a connection's staple says; the last one is remembered, as all requests of a connection
  // have the same.
  const OcspStaple& ReadStaple(absl::string_view der);

 private:
  // Of a new connection.
  static CURLcode PrepareTls(CURL* easy, void* context, void* self);
  void SetCertificate(const TlsAuth* certificate);
  void SetAddress(const Target& target, const IpAddress& ip);

  CURL* const easy_;
  const Network& network_;
  char error_text_[CURL_ERROR_SIZE] = {};

  std::string url_;
  std::string proxy_;
  std::string tls_name_;  // the host that the last secure URL named
  const TlsAuth* certificate_ = nullptr;
  std::string dialled_;  // the RESOLVE or CONNECT_TO line that holds
  Slist resolve_, connect_to_;
  HeaderList headers_;
  Follows follows_ = Follows::kNothing;
  std::string spelling_;  // of the host, where `header_lines_` has it
  Slist header_lines_;
  long timeout_ms_ = -1;
  long http_version_ = -1;
  bool prior_knowledge_ = false;
  bool http2_ = true;
  bool http3_ = false;
  long ssl_version_ = 0;  // of the run
  bool no_reuse_ = false;
  bool has_request_target_ = false;
  std::string staple_der_;
  OcspStaple staple_ = ReadOcspStaple("");
};

}  // namespace lockstep::agent
