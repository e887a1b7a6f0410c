// What a certificate says (RFC 5280), as the module k6/crypto/x509 shows it. Nothing is verified:
// it may be of anybody and of any time. On OpenSSL; pure otherwise.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lockstep::agent {

// Kinds of a name's parts, as object identifiers.
inline constexpr absl::string_view kCommonName = "2.5.4.3", kSerialNumber = "2.5.4.5",
                                   kCountry = "2.5.4.6", kLocality = "2.5.4.7", kState = "2.5.4.8",
                                   kStreet = "2.5.4.9", kOrganization = "2.5.4.10",
                                   kOrganizationalUnit = "2.5.4.11", kPostalCode = "2.5.4.17";

struct DistinguishedName {
  // Object identifier ("2.5.4.3") and value, in the certificate's order.
  std::vector<std::pair<std::string, std::string>> parts;

  // The values of one kind, in order; the first and the last of them, "" if there is none.
  std::vector<std::string> All(absl::string_view oid) const;
  std::string First(absl::string_view oid) const;
  std::string Last(absl::string_view oid) const;
};

struct CertificateKey {
  std::string algorithm;  // "RSA", "DSA", "ECDSA", "Ed25519" or OpenSSL's name of another one
  std::string curve;      // of ECDSA: "P-256", or OpenSSL's name of one that NIST does not have
  // The numbers by the names that Go gives them, big-endian: n and e of RSA; p, q, g and y of DSA;
  // x and y of ECDSA.
  std::vector<std::pair<std::string, std::string>> numbers;
  std::string raw;  // of other algorithms: the bytes of the key, if it has such
};

struct Certificate {
  DistinguishedName subject, issuer;
  std::string not_before, not_after;  // RFC 3339, in UTC: "2026-01-31T00:00:00Z"
  // Host names, mail addresses, IP addresses and URIs of the subject, in this order.
  std::vector<std::string> alt_names;
  std::string signature_algorithm;  // Go's name: "SHA256-RSA"; or "UnknownSignatureAlgorithm"
  std::string sha1;                 // of the whole certificate, 20 bytes
  CertificateKey key;
};

// The first block of `pem`. InvalidArgument: there is none, or it is not a certificate.
absl::StatusOr<Certificate> ReadCertificate(absl::string_view pem);
// The same of its DER.
absl::StatusOr<Certificate> ReadCertificateDer(absl::string_view der);

}  // namespace lockstep::agent
