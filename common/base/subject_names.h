// Whom a server's certificate is for (RFC 9525): the names and addresses in its subjectAltName, and
// never the common name of its subject, which browsers and Go do not read either. Any thread.
#pragma once

#include <openssl/x509.h>

#include "absl/strings/string_view.h"

namespace lockstep {

// Whether `certificate` is for `host`, a name or an address. It leaves nothing in OpenSSL's queue
// of errors.
bool IsCertificateFor(X509* certificate, absl::string_view host);

// For SSL_CTX_set_verify where a library compares the host itself, and makes do with the common
// name: a server's certificate without any name or address in its subjectAltName is for no host
// (X509_V_ERR_HOSTNAME_MISMATCH).
int RefuseNameless(int ok, X509_STORE_CTX* context);

}  // namespace lockstep
