// Whole files, read at once.
#pragma once

#include <cstddef>
#include <limits>
#include <string>

#include "absl/status/statusor.h"

namespace lockstep {

// The bytes of a file, which need not be a regular one. ResourceExhausted if it has more than
// `most` of them; else the system's reason with its code: NotFound if there is none,
// FailedPrecondition for a folder. Messages do not name the path.
absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     size_t most = std::numeric_limits<size_t>::max());

}  // namespace lockstep
