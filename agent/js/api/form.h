// An object body as a form: application/x-www-form-urlencoded. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// Letters, digits and -_.~ stay, a space becomes '+', every other byte %XX.
std::string EscapeQuery(absl::string_view text);

// "a=1&b+c=x%26y": sorted by name; the values of one name keep their order.
std::string EncodeForm(std::vector<std::pair<std::string, std::string>> fields);

}  // namespace lockstep::agent
