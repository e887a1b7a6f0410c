// A fleet's authority as a folder of files, and the folders of credentials that it hands out:
//
//   FOLDER/ca.crt, ca.key, token, revoked.crl, issued/NAME.crt
//   OUT/ca.crt, tls.crt, tls.key, token, revoked.crl    what ReadCredentials reads
//
// Secrets are written for their owner alone, whatever the umask. Nothing is ever overwritten but
// the revocation list, and what is renewed: its former certificate stays as
// issued/NAME@SECONDS.crt.
#pragma once

#include <optional>
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

// Issues a certificate like the one that was issued last as `name`, with a new key, and puts it and
// all else that its owner needs into the folder `out`, in the place of what is there; each file is
// replaced at one instant. The former certificate remains good until it ends. Without `lifetime` it
// holds for as long as that one. NotFound if none was issued; FailedPrecondition if it is revoked,
// as a revocation is to last; otherwise as IssueInto.
absl::Status RenewIssued(const std::string& folder, const std::string& out, const std::string& name,
                         std::optional<absl::Duration> lifetime, absl::Time now);

// Puts the certificates that were issued as `name`, former ones too, on the revocation list; the
// list's path, which the coordinator and the agents need a copy of.
absl::StatusOr<std::string> RevokeIssued(const std::string& folder, const std::string& name,
                                         absl::Time now);

}  // namespace lockstep::coordinator
