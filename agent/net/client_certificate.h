// Certificates that a test shows to servers (option `tlsAuth`), checked before the first request.
#pragma once

#include "absl/status/status.h"

#include "common/options/options.h"

namespace lockstep::agent {

// InvalidArgument says what is wrong: no PEM certificate, no PEM key or another password, a key
// that is not the certificate's.
absl::Status CheckClientCertificate(const TlsAuth& auth);

}  // namespace lockstep::agent
