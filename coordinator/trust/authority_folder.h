// A fleet's authority as a folder of files, and the folders of credentials that it hands out:
//
//   FOLDER/ca.crt, ca.key, token, revoked.crl, issued/NAME.crt
//   OUT/ca.crt, tls.crt, tls.key, token, revoked.crl    what ReadCredentials reads
//
// Secrets are written for their owner alone, whatever the umask. Nothing is ever overwritten but
// the revocation list.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/trust/authority.h"

namespace lockstep::coordinator {

// Makes an authority in `folder`, with a new join token. AlreadyExists, naming the file, if there
// is one already; InvalidArgument as MakeAuthority.
absl::Status InitAuthority(const std::string& folder, const std::string& name,
                           absl::Duration lifetime, absl::Time now);

// Issues a certificate and puts all that its owner needs into the folder `out`; an operator gets no
// token. AlreadyExists if there are such files in `out`, or a certificate of this name; NotFound,
// PermissionDenied and the like, naming the file, if the authority cannot be read; InvalidArgument
// as Issue.
absl::Status IssueInto(const std::string& folder, const std::string& out,
                       const CertificateRequest& request, absl::Time now);

// Puts the certificate that was issued as `name` on the revocation list; the list's path, which the
// coordinator and the agents need a copy of.
absl::StatusOr<std::string> RevokeIssued(const std::string& folder, const std::string& name,
                                         absl::Time now);

}  // namespace lockstep::coordinator
