// Reads a description of an API: OpenAPI 3 or Swagger 2, as JSON or YAML.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "coordinator/convert/recording.h"

namespace lockstep::coordinator {

// Each operation becomes a request, each tag a group; values are the examples and defaults, or are
// made up by type. InvalidArgument with the place if it is no such description.
absl::StatusOr<Recording> ReadOpenApi(absl::string_view text);

}  // namespace lockstep::coordinator
