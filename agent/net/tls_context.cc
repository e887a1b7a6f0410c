#include "agent/net/tls_context.h"

#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "agent/net/ip.h"
#include "agent/net/net_error.h"
#include "agent/net/rules.h"
#include "common/base/check.h"
#include "common/base/openssl_text.h"
#include "common/base/status_macros.h"
#include "common/base/subject_names.h"
#include "common/trust/client_certificate.h"

namespace lockstep::agent {
namespace {

using Certificate = std::unique_ptr<X509, openssl::Free<&X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, openssl::Free<&EVP_PKEY_free>>;

int Version(absl::string_view name, int otherwise) {
  constexpr std::pair<absl::string_view, int> kVersions[] = {{"tls1.0", TLS1_VERSION},
                                                             {"tls1.1", TLS1_1_VERSION},
                                                             {"tls1.2", TLS1_2_VERSION},
                                                             {"tls1.3", TLS1_3_VERSION}};
  for (const auto& [known, version] : kVersions) {
    if (known == name) {
      return version;
    }
  }
  return otherwise;
}

// Every certificate of each PEM text is trusted.
absl::Status TrustOnly(SSL_CTX* context, const std::vector<std::string>& authorities) {
  for (const std::string& pem : authorities) {
    if (!TrustAll(SSL_CTX_get_cert_store(context), pem)) {
      return absl::InvalidArgumentError("ca: there is no PEM certificate in it");
    }
  }
  return absl::OkStatus();
}

absl::Status ShowCertificate(SSL_CTX* context, const TlsAuth& client) {
  const ClientPem given{client.cert, client.key, client.password};
  LOCKSTEP_RETURN_IF_ERROR(CheckClientCertificate(given));
  LOCKSTEP_ASSIGN_OR_RETURN(const std::string pem, KeyWithoutPassword(given));
  const openssl::Bio bio = openssl::Reader(client.cert);
  const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  const Key key(PEM_read_bio_PrivateKey(openssl::Reader(pem).get(), nullptr, nullptr, nullptr));
  SSL_CTX_use_certificate(context, certificate.get());
  for (;;) {  // the authorities between it and the root
    X509* const between = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr);
    if (between == nullptr || SSL_CTX_add_extra_chain_cert(context, between) != 1) {
      break;  // the context owns those that it has taken
    }
  }
  const bool fits = SSL_CTX_use_PrivateKey(context, key.get()) == 1;
  ERR_clear_error();
  return fits ? absl::OkStatus() : absl::InvalidArgumentError("key: it is not that of `cert`");
}

// `client`: null, or without `cert` and `key`: none.
absl::StatusOr<TlsContext> MakeContext(const Network& network, const TlsAuth* client, bool verify,
                                       const std::vector<std::string>& authorities) {
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  LOCKSTEP_CHECK(context != nullptr);
  const NetOptions& options = network.options();
  SSL_CTX_set_min_proto_version(context.get(), Version(options.tls_min, TLS1_2_VERSION));
  SSL_CTX_set_max_proto_version(context.get(), Version(options.tls_max, 0));
  if (!network.rules().openssl_ciphers.empty()) {
    SSL_CTX_set_cipher_list(context.get(), network.rules().openssl_ciphers.c_str());
  }
  if (!authorities.empty()) {
    LOCKSTEP_RETURN_IF_ERROR(TrustOnly(context.get(), authorities));
  } else if (verify && network.trusted_roots() != nullptr) {
    if (const absl::Status readable = network.trusted_roots()->status(); !readable.ok()) {
      return absl::FailedPreconditionError(readable.message());
    }
    SSL_CTX_set1_cert_store(context.get(), network.trusted_roots()->store());
  }
  if (client != nullptr && (!client->cert.empty() || !client->key.empty())) {
    LOCKSTEP_RETURN_IF_ERROR(ShowCertificate(context.get(), *client));
  }
  const bool believe_anyone = !verify || options.insecure;
  SSL_CTX_set_verify(context.get(), believe_anyone ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  NameFaultsInGosOrder(context.get());
  ERR_clear_error();
  return context;
}

// What Go's client finds first where OpenSSL found `verified`: it judges the certificate's own
// time, then its host, and then whom it leads to.
int FirstFault(X509* leaf, absl::string_view host, int verified) {
  if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0) {
    return X509_V_ERR_CERT_NOT_YET_VALID;
  }
  if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0) {
    return X509_V_ERR_CERT_HAS_EXPIRED;
  }
  return IsCertificateFor(leaf, host) ? verified : X509_V_ERR_HOSTNAME_MISMATCH;
}

// "" if nobody is expected.
std::string ExpectedHost(X509_VERIFY_PARAM* param) {
  if (const char* const name = X509_VERIFY_PARAM_get0_host(param, 0); name != nullptr) {
    return name;
  }
  char* const address = X509_VERIFY_PARAM_get1_ip_asc(param);
  std::string host = address == nullptr ? "" : address;
  OPENSSL_free(address);
  return host;
}

int Judge(X509_STORE_CTX* chain, void* /*unused*/) {
  const int believed = X509_verify_cert(chain);
  X509* const leaf = X509_STORE_CTX_get0_cert(chain);
  if (believed == 1 || leaf == nullptr) {
    return believed;
  }
  if (const std::string host = ExpectedHost(X509_STORE_CTX_get0_param(chain)); !host.empty()) {
    X509_STORE_CTX_set_error(chain, FirstFault(leaf, host, X509_STORE_CTX_get_error(chain)));
  }
  return believed;
}

// What a connection with the library's own settings asks of the keys in a chain.
int SecurityLevel() {
  static const int level =
      SSL_CTX_get_security_level(TlsContext(SSL_CTX_new(TLS_client_method())).get());
  return level;
}

// The file that SSLKEYLOGFILE names, opened with the first question; -1: none.
int KeyLog() {
  static const int file = [] {
    // Nothing in the agent changes its environment.
    // NOLINTNEXTLINE(concurrency-mt-unsafe): see above
    const char* const name = std::getenv("SSLKEYLOGFILE");
    return name == nullptr || *name == '\0'
               ? -1
               : open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }();
  return file;
}

// One write a line, so that lines of several threads do not mix.
void LogKey(const SSL* /*ssl*/, const char* line) {
  const std::string text = absl::StrCat(line, "\n");
  // A file that cannot be written to keeps no request from being made.
  [[maybe_unused]] const ssize_t written = write(KeyLog(), text.data(), text.size());
}

}  // namespace

void ExpectHost(X509_VERIFY_PARAM* param, const std::string& host) {
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);  // RFC 9525
  if (ParseIp(host).ok()) {
    X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(param, host.c_str(), host.size());
  }
}

void NameFaultsInGosOrder(SSL_CTX* context) {
  SSL_CTX_set_cert_verify_callback(context, &Judge, nullptr);
}

absl::StatusOr<TlsContext> MakeTlsContext(const Network& network, const TlsParties& parties) {
  LOCKSTEP_ASSIGN_OR_RETURN(TlsContext context, MakeContext(network, &parties.client,
                                                            parties.verify, parties.authorities));
  ExpectHost(SSL_CTX_get0_param(context.get()), parties.host);
  return context;
}

absl::StatusOr<TlsContext> MakeHttpTlsContext(const Network& network, const TlsAuth* client) {
  LOCKSTEP_ASSIGN_OR_RETURN(TlsContext owned, MakeContext(network, client, /*verify=*/true, {}));
  SSL_CTX* const context = owned.get();
  constexpr unsigned char kProtocols[] = "\x02h2\x08http/1.1";
  const unsigned skipped = network.options().http2 ? 0 : kProtocols[0] + 1U;
  SSL_CTX_set_alpn_protos(context, kProtocols + skipped, sizeof kProtocols - 1 - skipped);
  SSL_CTX_set_tlsext_status_type(context,
                                 TLSEXT_STATUSTYPE_ocsp);  // as Go's client asks each server
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // A record's head and its body come with one read, and with them what follows.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  if (KeyLog() >= 0) {
    SSL_CTX_set_keylog_callback(context, &LogKey);
  }
  return owned;
}

absl::Status JudgeServer(X509_STORE* store, absl::string_view chain, absl::string_view host) {
  using Chain = std::unique_ptr<STACK_OF(X509), openssl::Free<[](STACK_OF(X509) * certificates) {
                                  sk_X509_pop_free(certificates, &X509_free);
                                }>>;
  const Chain shown(sk_X509_new_null());
  const std::unique_ptr<X509_STORE_CTX, openssl::Free<&X509_STORE_CTX_free>> context(
      X509_STORE_CTX_new());
  const openssl::Bio reader = openssl::Reader(chain);
  while (X509* const next = PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr)) {
    sk_X509_push(shown.get(), next);
  }
  ERR_clear_error();  // the end of the text is one
  X509* const leaf = sk_X509_value(shown.get(), 0);
  if (leaf == nullptr || X509_STORE_CTX_init(context.get(), store, leaf, shown.get()) != 1) {
    return absl::UnauthenticatedError(CertificateRefusal(X509_V_ERR_UNSPECIFIED, host));
  }
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context.get()), SecurityLevel());
  const bool believed = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  const int fault =
      FirstFault(leaf, host, believed ? X509_V_OK : X509_STORE_CTX_get_error(context.get()));
  return believed && fault == X509_V_OK
             ? absl::OkStatus()
             : absl::UnauthenticatedError(CertificateRefusal(fault, host));
}

}  // namespace lockstep::agent
