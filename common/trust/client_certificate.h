// Certificates that a test shows to servers (option `tlsAuth`), checked before the first request.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace lockstep {

// All of it borrowed.
struct ClientPem {
  const std::string& cert;
  const std::string& key;
  const std::string& password;  // of the key; empty: none
};

// InvalidArgument says what is wrong: not a PEM certificate, not a PEM key, a wrong password, or a
// key that does not belong to the certificate.
absl::Status CheckClientCertificate(const ClientPem& auth);

// The key in PEM, decrypted: for libraries that take no password. InvalidArgument as above.
absl::StatusOr<std::string> KeyWithoutPassword(const ClientPem& auth);

}  // namespace lockstep
