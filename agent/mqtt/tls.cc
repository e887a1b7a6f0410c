#include "agent/mqtt/tls.h"

#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_cat.h"

#include "agent/http/url.h"
#include "agent/net/client_certificate.h"
#include "agent/net/network.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Bio Reading(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
}

int GivePassword(char* buffer, int size, int, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  return static_cast<int>(text.copy(buffer, static_cast<size_t>(size)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<MqttTls>> MqttTls::Make(const Network& network, const MqttSpec& spec,
                                                       const TlsAuth* identity) {
  std::unique_ptr<MqttTls> tls(new MqttTls(spec.host));
  tls->context_ = SSL_CTX_new(TLS_client_method());
  LOCKSTEP_CHECK(tls->context_ != nullptr);
  SSL_CTX_set_min_proto_version(tls->context_, TLS1_2_VERSION);
  SSL_CTX_set_mode(tls->context_, SSL_MODE_AUTO_RETRY | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_app_data(tls->context_, tls.get());
  SSL_CTX_set_info_callback(tls->context_, &MqttTls::OnInfo);
  LOCKSTEP_RETURN_IF_ERROR(tls->Trust(network, spec));
  if (!spec.cert.empty() || !spec.key.empty()) {
    const TlsAuth own{
        .cert = spec.cert, .key = spec.key, .password = spec.passphrase, .domains = {}};
    LOCKSTEP_RETURN_IF_ERROR(tls->Identify(own));
  } else if (identity != nullptr) {
    LOCKSTEP_RETURN_IF_ERROR(tls->Identify(*identity));
  }
  return tls;
}

MqttTls::~MqttTls() {
  SSL_CTX_free(context_);
}

absl::Status MqttTls::Trust(const Network& network, const MqttSpec& spec) {
  if (!spec.verify || network.options().insecure) {
    SSL_CTX_set_verify(context_, SSL_VERIFY_NONE, nullptr);
    return absl::OkStatus();
  }
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, &MqttTls::OnVerify);
  X509_VERIFY_PARAM* const param = SSL_CTX_get0_param(context_);
  if (IsIpLiteral(host_)) {
    X509_VERIFY_PARAM_set1_ip_asc(param, host_.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(param, host_.c_str(), host_.size());
  }
  if (spec.ca.empty()) {
    LOCKSTEP_RETURN_IF_ERROR(network.trusted_roots()->status());
    SSL_CTX_set1_cert_store(context_, network.trusted_roots()->store());
    return absl::OkStatus();
  }
  int count = 0;
  const Bio reading = Reading(spec.ca);
  while (X509* const authority = PEM_read_bio_X509(reading.get(), nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), authority);
    X509_free(authority);
    ++count;
  }
  ERR_clear_error();
  return count > 0 ? absl::OkStatus()
                   : absl::InvalidArgumentError("ca: there is no PEM certificate in it");
}

absl::Status MqttTls::Identify(const TlsAuth& identity) {
  LOCKSTEP_RETURN_IF_ERROR(CheckClientCertificate(identity));
  const Bio certificates = Reading(identity.cert);
  std::string password = identity.password;
  bool first = true;
  while (X509* const certificate =
             PEM_read_bio_X509(certificates.get(), nullptr, GivePassword, &password)) {
    if (std::exchange(first, false)) {
      SSL_CTX_use_certificate(context_, certificate);
      X509_free(certificate);
    } else {
      SSL_CTX_add_extra_chain_cert(context_, certificate);  // takes it over
    }
  }
  EVP_PKEY* const key =
      PEM_read_bio_PrivateKey(Reading(identity.key).get(), nullptr, GivePassword, &password);
  SSL_CTX_use_PrivateKey(context_, key);
  EVP_PKEY_free(key);
  ERR_clear_error();
  return absl::OkStatus();
}

int MqttTls::OnVerify(int good, X509_STORE_CTX* chain) {
  if (good == 0) {
    auto* const ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* const tls = static_cast<MqttTls*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    tls->refusal_ = absl::StrCat("tls: failed to verify certificate: ",
                                 X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain)));
  }
  return good;
}

// libmosquitto dials an address, and would say it as the server's name.
void MqttTls::OnInfo(const SSL* ssl, int where, int /*value*/) {
  if ((where & SSL_CB_HANDSHAKE_START) == 0) {
    return;
  }
  const auto* const tls = static_cast<const MqttTls*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const char* const name = IsIpLiteral(tls->host_) ? nullptr : tls->host_.c_str();
  SSL_set_tlsext_host_name(const_cast<SSL*>(ssl), name);
}

}  // namespace lockstep::agent
