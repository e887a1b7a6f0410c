// What an agent may be called.
#pragma once

#include "absl/strings/string_view.h"

namespace lockstep {

// Of an agent's name, in bytes.
inline constexpr size_t kMostAgentNameBytes = 128;

// Whether `name` has 1 to kMostAgentNameBytes bytes of UTF-8 without control characters of ASCII.
// What is not UTF-8 would be another name on its way, and no proof of the token would fit it.
bool IsAgentName(absl::string_view name);

}  // namespace lockstep
