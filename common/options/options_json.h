// Options as JSON: canonical, as the coordinator sends them to agents, and as `lockstep inspect`
// prints them. Pure.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

#include "common/options/options.h"

namespace lockstep {

// Compact, keys in a fixed order, only what is set. Equal options give equal text, and
// FromCanonicalJson gives the same options back.
std::string ToCanonicalJson(const Options& options);
// InvalidArgument with all errors for anything that ToCanonicalJson does not write.
absl::StatusOr<Options> FromCanonicalJson(absl::string_view text);

// The canonical object with null for each option and each of a scenario's fields that nobody has
// set, as k6's `inspect` has it.
nlohmann::ordered_json ToInspectJson(const Options& options);

}  // namespace lockstep
