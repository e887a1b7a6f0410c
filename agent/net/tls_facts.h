// What a TLS handshake has agreed upon, in k6's words. On OpenSSL.
#pragma once

#include <string>

#include <openssl/ssl.h>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

std::string TlsVersionOf(const SSL* ssl);      // "tls1.3"
std::string TlsCipherSuiteOf(const SSL* ssl);  // "TLS_AES_128_GCM_SHA256"; "" if there is none
// What the server stapled, in DER; "" for nothing. It is the connection's.
absl::string_view StapleOf(SSL* ssl);

}  // namespace lockstep::agent
