// Whose a certificate is, and whether a fleet trusts it: signed by the fleet's authority, within
// its time, not revoked, made for its role. Both sides of a connection judge each other with it, so
// that each can say why it refuses. Pure: reads no file and no clock.
#pragma once

#include <initializer_list>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace lockstep {

// What a certificate's owner may do; the words are its organisational unit (OU).
enum class Role { kCoordinator, kAgent, kOperator };

// "coordinator", "agent", "operator".
absl::string_view RoleName(Role role);

// What a fleet trusts, all PEM.
struct TrustAnchors {
  std::string authority;  // one certificate or more
  std::string revoked;    // the authority's revocation list; empty: nothing is revoked
};

struct PeerIdentity {
  std::string name;  // the common name, for people
  Role role = Role::kAgent;
  std::string fingerprint;  // SHA-256 of the certificate, 32 bytes; empty: no certificate
};

// The identity of the first certificate in `chain_pem` (the others may lead to the authority), if
// it is trustworthy at `now` and has one of `roles`. A coordinator's certificate must be one for
// servers, the others' ones for clients. Unauthenticated, naming the owner and what is wrong;
// PermissionDenied for another role.
absl::StatusOr<PeerIdentity> CheckCertificate(absl::string_view chain_pem,
                                              const TrustAnchors& anchors,
                                              std::initializer_list<Role> roles, absl::Time now);

// Whether anybody could be judged by these: Unauthenticated if the authority or the list is no PEM
// text of its kind.
absl::Status CheckAnchors(const TrustAnchors& anchors);

// Whether the first certificate in `pem` was made for `host`, a DNS name or an address.
// Unauthenticated, naming both.
absl::Status CheckHost(absl::string_view pem, const std::string& host);

// InvalidArgument if `key_pem` is not a private key, or not that of the first certificate in `pem`.
absl::Status CheckKey(absl::string_view pem, absl::string_view key_pem);

}  // namespace lockstep
