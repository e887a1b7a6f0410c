// Reads an HTTP archive (HAR 1.1 and 1.2), as browsers and proxies save it.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "coordinator/convert/recording.h"

namespace lockstep::coordinator {

// Each entry becomes a request, each page a group. Values that were in a JSON answer before and are
// sent later are hinted at. InvalidArgument with the place if it is not a HAR.
absl::StatusOr<Recording> ReadHar(absl::string_view text);

}  // namespace lockstep::coordinator
