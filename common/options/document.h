// JSON and YAML texts that people write, as JSON values. Errors name the place, "line 3, column 7:
// ...", and no library. Pure.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace lockstep {

// The keys of objects stay in their order. InvalidArgument: a text that is not JSON, or one with a
// key given twice in one object.
absl::StatusOr<nlohmann::ordered_json> ParseJsonDocument(absl::string_view text);

// Plain scalars become what a person means by them, quoted ones are text. InvalidArgument likewise;
// a document that is nested too deeply, or whose aliases make it too large, is one that cannot be
// read, too.
absl::StatusOr<nlohmann::ordered_json> ParseYamlDocument(absl::string_view text);

}  // namespace lockstep
