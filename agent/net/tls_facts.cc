#include "agent/net/tls_facts.h"

#include "agent/net/rules.h"

namespace lockstep::agent {

std::string TlsVersionOf(const SSL* ssl) {
  return TlsVersionName(SSL_get_version(ssl));
}

std::string TlsCipherSuiteOf(const SSL* ssl) {
  const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl);
  if (cipher == nullptr) {
    return "";
  }
  const char* const name = SSL_CIPHER_standard_name(cipher);
  return TlsCipherName(name == nullptr ? SSL_CIPHER_get_name(cipher) : name);
}

absl::string_view StapleOf(SSL* ssl) {
  const unsigned char* staple = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl, &staple);
  return size <= 0
             ? ""
             : absl::string_view(reinterpret_cast<const char*>(staple), static_cast<size_t>(size));
}

}  // namespace lockstep::agent
