#include "agent/net/easy_handle.h"

#include <algorithm>

#include <openssl/ssl.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "agent/http/url.h"
#include "agent/net/request_form.h"
#include "agent/net/rules.h"
#include "agent/net/tls_context.h"
#include "common/base/check.h"
#include "common/base/subject_names.h"

namespace lockstep::agent {
namespace {

constexpr long kReceiveBuffer = 16 << 10;

}  // namespace

CURLcode EasyHandle::PrepareTls(CURL* /*easy*/, void* context, void* self) {
  auto* const tls = static_cast<SSL_CTX*>(context);
  const auto& handle = *static_cast<const EasyHandle*>(self);
  if (const auto& roots = handle.network_.trusted_roots()) {
    if (!roots->status().ok()) {
      return CURLE_SSL_CACERT_BADFILE;
    }
    SSL_CTX_set1_cert_store(tls, roots->store());
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, &RefuseNameless);
    if (!absl::StartsWith(handle.proxy_, "https:")) {  // which has a certificate of its own
      ExpectHost(SSL_CTX_get0_param(tls), handle.tls_name_);
      NameFaultsInGosOrder(tls);
    }
  }
  // A record's head and its body come with one read, and with them what follows.
  SSL_CTX_set_read_ahead(tls, 1);
  // For a staple, as Go's client asks each server.
  SSL_CTX_set_tlsext_status_type(tls, TLSEXT_STATUSTYPE_ocsp);
  return CURLE_OK;
}

void Append(Slist& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  LOCKSTEP_CHECK(longer != nullptr);
  (void)list.release();  // the same list, or a new one of a single line
  list.reset(longer);
}

EasyHandle::EasyHandle(CurlDriver& driver, const Network& network, const std::string& local_ip)
    : easy_(curl_easy_init()), network_(network) {
  LOCKSTEP_CHECK(easy_ != nullptr);
  const NetOptions& options = network.options();
  driver.Attach(easy_);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_text_);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROXY, "");  // never from the environment: Target says which
  curl_easy_setopt(easy_, CURLOPT_NOPROXY, "");
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // a proxy's are not the answer
  curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, kReceiveBuffer);
  curl_easy_setopt(easy_, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_MAXREDIRS, 0L);  // to curl, sending again after a 417 is one, too
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(kDialLimit)));
  curl_easy_setopt(easy_, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy_, CURLOPT_PIPEWAIT, 1L);
  curl_easy_setopt(easy_, CURLOPT_SSL_SESSIONID_CACHE,
                   0L);  // as Go: each connection shakes hands in full
  ssl_version_ = network.rules().curl_ssl_version;
  curl_easy_setopt(easy_, CURLOPT_SSLVERSION, ssl_version_);
  curl_easy_setopt(easy_, CURLOPT_SSL_CTX_FUNCTION, &PrepareTls);
  curl_easy_setopt(easy_, CURLOPT_SSL_CTX_DATA, this);
  curl_easy_setopt(easy_, CURLOPT_CAINFO, nullptr);  // the network has them
  curl_easy_setopt(easy_, CURLOPT_CAPATH, nullptr);
  if (options.insecure) {
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!network.rules().openssl_ciphers.empty()) {
    curl_easy_setopt(easy_, CURLOPT_SSL_CIPHER_LIST, network.rules().openssl_ciphers.c_str());
  }
  prior_knowledge_ = options.http2_prior_knowledge;
  http2_ = options.http2;
  http3_ = options.http3;
  no_reuse_ = options.no_connection_reuse;
  if (no_reuse_) {
    curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy_, CURLOPT_FORBID_REUSE, 1L);
  }
  if (!local_ip.empty()) {
    curl_easy_setopt(easy_, CURLOPT_INTERFACE, absl::StrCat("host!", local_ip).c_str());
  }
}

EasyHandle::~EasyHandle() {
  curl_easy_cleanup(easy_);
}

void EasyHandle::Point(const Url& url, const Target& target, const std::optional<IpAddress>& ip) {
  if (std::string text = url.request_url(); text != url_) {
    url_ = std::move(text);
    curl_easy_setopt(easy_, CURLOPT_URL, url_.c_str());
    // curl drops the question mark of an empty query.
    const bool bare_question = url.has_query && url.query.empty();
    if (bare_question || has_request_target_) {
      const bool whole = !target.secure() && !target.proxy.empty();
      curl_easy_setopt(easy_, CURLOPT_REQUEST_TARGET,
                       !bare_question ? nullptr : (whole ? url_ : url.target()).c_str());
      has_request_target_ = bare_question;
    }
  }
  const bool direct = target.proxy.empty();
  // Only HTTP/3: who asks for it does not want to measure something else.
  const long version = target.secure()
                           ? (http3_ && direct ? long{CURL_HTTP_VERSION_3ONLY}
                                               : (http2_ ? long{CURL_HTTP_VERSION_2TLS}
                                                         : long{CURL_HTTP_VERSION_1_1}))
                           : (prior_knowledge_ && direct ? long{CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE}
                                                         : long{CURL_HTTP_VERSION_1_1});
  if (version != http_version_) {
    curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, version);
    // For QUIC, curl wants it by name: the default stands for an older one.
    curl_easy_setopt(easy_, CURLOPT_SSLVERSION,
                     version == CURL_HTTP_VERSION_3ONLY
                         ? long{CURL_SSLVERSION_TLSv1_3} | CURL_SSLVERSION_MAX_TLSv1_3
                         : ssl_version_);
    http_version_ = version;
  }
  if (target.proxy != proxy_) {
    curl_easy_setopt(easy_, CURLOPT_PROXY, target.proxy.c_str());
    proxy_ = target.proxy;
  }
  if (target.secure()) {
    tls_name_ = std::string(absl::StripSuffix(target.host, "."));
  }
  SetCertificate(target.certificate);
  if (ip && target.proxy.empty()) {
    SetAddress(target, *ip);
  }
}

void EasyHandle::SetAddress(const Target& target, const IpAddress& ip) {
  std::string line;  // stays empty where the URL says all
  const bool moved = target.dial_port != target.port;
  if (!target.literal) {
    const std::string address = ip.ToString();
    const std::string name = HostPort(target.host, target.port);
    line = moved || IsIpLiteral(target.host)
               ? absl::StrCat(name, ":", HostPort(address, target.dial_port))
               : absl::StrCat(name, ":", address);
  }
  if (line == dialled_) {
    return;
  }
  dialled_ = line;
  const bool redirect = !line.empty() && (moved || IsIpLiteral(target.host));
  connect_to_.reset();
  if (redirect) {
    Append(connect_to_, line);
  } else if (!line.empty()) {
    resolve_.reset();
    Append(resolve_, line);
    curl_easy_setopt(easy_, CURLOPT_RESOLVE, resolve_.get());
  }
  curl_easy_setopt(easy_, CURLOPT_CONNECT_TO, connect_to_.get());
}

void EasyHandle::SetCertificate(const TlsAuth* certificate) {
  if (certificate == certificate_) {
    return;
  }
  certificate_ = certificate;
  const auto set = [this](CURLoption option, const std::string* text) {
    curl_blob blob{};
    if (text != nullptr) {
      blob = {const_cast<char*>(text->data()), text->size(), CURL_BLOB_COPY};
    }
    curl_easy_setopt(easy_, option, text == nullptr ? nullptr : &blob);
  };
  set(CURLOPT_SSLCERT_BLOB, certificate == nullptr ? nullptr : &certificate->cert);
  set(CURLOPT_SSLKEY_BLOB, certificate == nullptr ? nullptr : &certificate->key);
  curl_easy_setopt(easy_, CURLOPT_KEYPASSWD,
                   certificate == nullptr || certificate->password.empty()
                       ? nullptr
                       : certificate->password.c_str());
}

void EasyHandle::SetHeaders(const Url& url, const HeaderList& headers, Follows follows) {
  if (header_lines_ != nullptr && follows == follows_ && url.spelling == spelling_ &&
      headers == headers_) {
    return;
  }
  header_lines_.reset();
  bool has_type = false;
  bool has_accept = false;
  bool has_connection = false;
  bool has_host = url.spelling.empty();  // curl's own is then right
  for (const auto& [name, value] : headers) {
    if (IsLeftOut(name, value)) {
      continue;
    }
    has_type = has_type || absl::EqualsIgnoreCase(name, "Content-Type");
    has_accept = has_accept || absl::EqualsIgnoreCase(name, "Accept");
    has_connection = has_connection || absl::EqualsIgnoreCase(name, "Connection");
    has_host = has_host || absl::EqualsIgnoreCase(name, "Host");
    Append(header_lines_,
           value.empty() ? absl::StrCat(name, ";") : absl::StrCat(name, ": ", value));
  }
  if (!has_host) {
    Append(header_lines_, absl::StrCat("Host: ", url.spelling));
  }
  if (!has_accept) {
    Append(header_lines_, "Accept:");  // a name without a value keeps curl's own header away
  }
  if (follows != Follows::kNothing) {
    Append(header_lines_, "Expect:");
    if (!has_type) {
      Append(header_lines_, "Content-Type:");
    }
  }
  if (follows == Follows::kStream) {
    Append(header_lines_, "Transfer-Encoding:");
  } else if (follows == Follows::kChunks) {
    Append(header_lines_, "Transfer-Encoding: chunked");
  }
  if (no_reuse_ && !has_connection) {
    Append(header_lines_, "Connection: close");
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, header_lines_.get());
  headers_ = headers;
  spelling_ = url.spelling;
  follows_ = follows;
}

void EasyHandle::SetTimeout(absl::Duration timeout) {
  long ms = 0;
  if (timeout > absl::ZeroDuration() && timeout < absl::Hours(24 * 20)) {
    ms = std::max(
        long{1},
        static_cast<long>(absl::ToInt64Milliseconds(absl::Ceil(timeout, absl::Milliseconds(1)))));
  }
  if (ms != timeout_ms_) {
    curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, ms);
    timeout_ms_ = ms;
  }
}

const OcspStaple& EasyHandle::ReadStaple(absl::string_view der) {
  if (der != staple_der_) {
    staple_der_ = std::string(der);
    staple_ = ReadOcspStaple(der);
  }
  return staple_;
}

}  // namespace lockstep::agent
