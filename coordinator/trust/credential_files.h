// Credentials in a folder: NAME.pem and NAME.key, which only their owner may read.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "coordinator/trust/authority.h"

namespace lockstep::coordinator {

// Writes FOLDER/NAME.pem and FOLDER/NAME.key with mode 0600 whatever the umask, after making the
// folder (0700) if there is none. Never overwrites: AlreadyExists, naming the file, and nothing is
// written. Other errors name the file and the system's reason.
absl::Status WriteCredential(const std::string& folder, const std::string& name,
                             const Credential& credential);

// Reads what WriteCredential wrote. NotFound or PermissionDenied, naming the file; the latter also
// for a key that others than the owner can read.
absl::StatusOr<Credential> ReadCredential(const std::string& folder, const std::string& name);

}  // namespace lockstep::coordinator
