// Reads a curl command line, as browsers copy it.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "coordinator/convert/recording.h"

namespace lockstep::coordinator {

// One request for each URL. InvalidArgument, with the character's place where there is one, if it
// is not a command line of curl's.
absl::StatusOr<Recording> ReadCurl(absl::string_view line);

}  // namespace lockstep::coordinator
