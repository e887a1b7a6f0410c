// Certificates that a test shows to servers (option `tlsAuth`), checked before the first request.
#pragma once

#include "absl/status/status.h"

#include "common/options/options.h"

namespace lockstep::agent {

// InvalidArgument says what is wrong: not a PEM certificate, not a PEM key, a wrong password, or a
// key that does not belong to the certificate.
absl::Status CheckClientCertificate(const TlsAuth& auth);

}  // namespace lockstep::agent
