// What a program shows to be let into a fleet, and what it asks of others: certificate, key, the
// authority, the join token, the revocation list. Read from one folder, in the names that
// Kubernetes uses for TLS secrets, or from variables that hold the text itself.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/environment.h"
#include "common/trust/certificate.h"

namespace lockstep {

inline constexpr char kAuthorityFile[] = "ca.crt";
inline constexpr char kCertificateFile[] = "tls.crt";
inline constexpr char kKeyFile[] = "tls.key";
inline constexpr char kTokenFile[] = "token";
inline constexpr char kRevokedFile[] = "revoked.crl";

inline constexpr size_t kFewestTokenBytes = 16;
inline constexpr size_t kMostTokenBytes = 1024;

struct Credentials {
  TrustAnchors anchors;
  std::string certificate;  // PEM, with the chain to the authority if there is one
  std::string key;          // PEM
  std::string token;        // empty for an operator, who does not join
  PeerIdentity self;        // of `certificate`
  // Where the anchors can be read again; empty: they came from variables.
  std::string authority_file = {};
  std::string revoked_file = {};
};

// The credentials for `role` in `folder`, whose files may be replaced by the variables
// LOCKSTEP_TLS_CA, LOCKSTEP_TLS_CERT, LOCKSTEP_TLS_KEY, LOCKSTEP_TOKEN, LOCKSTEP_TLS_REVOKED of
// `environment`; with an empty folder all come from there. Checks them as the other side will. The
// error has a line for each file or variable that is missing, secret but readable by others,
// expired, somebody else's, or for another role.
absl::StatusOr<Credentials> ReadCredentials(const std::string& folder,
                                            const Environment& environment, Role role,
                                            absl::Time now);

// The anchors of `credentials` as their files are now. Those of the files that cannot be read, or
// that hold nothing that makes sense, are an error which names them; a list that was there must
// stay there.
absl::StatusOr<TrustAnchors> RereadAnchors(const Credentials& credentials);

// What a program was told about its connections: with `insecure`, nullopt, which means plain text;
// otherwise the credentials in `folder` and `environment`. InvalidArgument as ReadCredentials, if
// both are given, or neither.
absl::StatusOr<std::optional<Credentials>> ChooseCredentials(bool insecure,
                                                             const std::string& folder,
                                                             const Environment& environment,
                                                             Role role, absl::Time now);

// The content of a small file of secrets or certificates, at most 64 KiB. NotFound,
// PermissionDenied, ...: the file and the system's reason; PermissionDenied as well if `secret` and
// everybody may read it.
absl::StatusOr<std::string> ReadTrustFile(const std::string& path, bool secret);

}  // namespace lockstep
