#include "agent/mqtt/tls.h"

#include <openssl/ssl.h>

#include "absl/strings/str_cat.h"

#include "agent/http/url.h"
#include "agent/net/net_error.h"
#include "common/base/status_macros.h"

namespace lockstep::agent {

absl::StatusOr<std::unique_ptr<MqttTls>> MqttTls::Make(const Network& network, const MqttSpec& spec,
                                                       const TlsAuth* identity) {
  TlsParties parties{.host = spec.host, .authorities = {}, .client = {}, .verify = spec.verify};
  if (!spec.ca.empty()) {
    parties.authorities.push_back(spec.ca);
  }
  if (!spec.cert.empty() || !spec.key.empty()) {
    parties.client = {
        .cert = spec.cert, .key = spec.key, .password = spec.passphrase, .domains = {}};
  } else if (identity != nullptr) {
    parties.client = *identity;
  }
  std::unique_ptr<MqttTls> tls(new MqttTls(spec.host));
  LOCKSTEP_ASSIGN_OR_RETURN(tls->context_, MakeTlsContext(network, parties));
  SSL_CTX* const context = tls->context();
  SSL_CTX_set_mode(context, SSL_MODE_AUTO_RETRY | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_app_data(context, tls.get());
  SSL_CTX_set_info_callback(context, &MqttTls::OnInfo);
  return tls;
}

void MqttTls::OnInfo(const SSL* ssl, int where, int value) {
  auto* const tls = static_cast<MqttTls*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if ((where & SSL_CB_HANDSHAKE_START) != 0) {
    // libmosquitto dials an address, and would say it as the server's name.
    const char* const name = IsIpLiteral(tls->host_) ? nullptr : tls->host_.c_str();
    SSL_set_tlsext_host_name(const_cast<SSL*>(ssl), name);
  }
  const bool fatal = (where & SSL_CB_ALERT) != 0 && (value >> 8) == SSL3_AL_FATAL;
  if (!fatal || !tls->refusal_.empty()) {
    return;
  }
  if (const long verified = SSL_get_verify_result(ssl);
      verified != X509_V_OK && SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE) {
    tls->refusal_ = CertificateRefusal(verified, tls->host_);
  } else {
    tls->refusal_ = absl::StrCat((where & SSL_CB_READ) != 0 ? "tls: the broker's alert: " : "tls: ",
                                 SSL_alert_desc_string_long(value));
  }
}

}  // namespace lockstep::agent
