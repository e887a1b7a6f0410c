// Reads a Postman collection (2.0 and 2.1).
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "coordinator/convert/recording.h"

namespace lockstep::coordinator {

// Folders become groups, `{{name}}` variables. InvalidArgument with the place if it is no
// collection.
absl::StatusOr<Recording> ReadPostman(absl::string_view text);

}  // namespace lockstep::coordinator
