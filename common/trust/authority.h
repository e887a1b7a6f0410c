// A private certificate authority for a fleet: makes its own certificate, and issues those of the
// coordinator, the agents and the operators who may control a run. Pure: reads no file and no
// clock.
//
// All keys are ECDSA on P-256. What a certificate permits depends on its extended key usage and its
// organisational unit, so that an agent's certificate can neither serve as a coordinator nor stop a
// run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "common/trust/certificate.h"

namespace lockstep {

// A certificate and its private key, both PEM.
struct Credential {
  std::string certificate;
  std::string key;
};

inline constexpr int64_t kMostCertificateDays = 3650;

struct CertificateRequest {
  Role role = Role::kAgent;
  std::string name = {};                // common name: letters, digits, '.', '-', '_'; 1 to 64
  std::vector<std::string> hosts = {};  // DNS names and IP addresses; a coordinator needs one
  absl::Duration lifetime = {};         // a day to kMostCertificateDays
};

// A new authority that can sign certificates and revocation lists, but no further authorities.
// InvalidArgument, naming the field and the value, if `name` or `lifetime` is out of bounds.
absl::StatusOr<Credential> MakeAuthority(absl::string_view name, absl::Duration lifetime,
                                         absl::Time now);

// A certificate signed by `authority`, which ends no later than the authority's own.
// InvalidArgument, naming all wrong fields, for a bad request; FailedPrecondition if `authority`
// cannot be read or has expired, or if its key does not belong to it.
absl::StatusOr<Credential> Issue(const Credential& authority, const CertificateRequest& request,
                                 absl::Time now);

// What `certificate` (PEM) was issued for, with the time that it holds for. InvalidArgument if it
// is not a certificate, or has no role in a fleet.
absl::StatusOr<CertificateRequest> RequestOf(absl::string_view certificate);

// A list on which nobody is, signed by `authority`: what every folder of credentials has from the
// beginning, so that a later one takes its place. FailedPrecondition as Issue.
absl::StatusOr<std::string> EmptyRevocationList(const Credential& authority, absl::Time now);

// The revocation list `revoked` (PEM; empty: none yet) with `certificate` added, signed by
// `authority`. InvalidArgument if `certificate` was not issued by this authority or is in the list
// already; FailedPrecondition as Issue, or if the list cannot be read.
absl::StatusOr<std::string> Revoke(const Credential& authority, absl::string_view revoked,
                                   absl::string_view certificate, absl::Time now);

// Whether `certificate` is on the list `revoked`; errors as Revoke's.
absl::StatusOr<bool> IsRevoked(const Credential& authority, absl::string_view revoked,
                               absl::string_view certificate, absl::Time now);

}  // namespace lockstep
