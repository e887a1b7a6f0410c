// The modifiers of the path language (see path.h): functions from a JSON value to a JSON
// value.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// Whether `name`, without its @, is a modifier.
bool IsJsonModifier(absl::string_view name);

// What the modifier `name` makes of `json`; `argument` is the text after its colon, "" without one.
// Nothing if it does not apply.
std::optional<std::string> ApplyJsonModifier(absl::string_view name, absl::string_view argument,
                                             absl::string_view json);

}  // namespace lockstep::agent
