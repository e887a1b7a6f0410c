// Times as text for programs.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace lockstep {

// "2026-01-02T03:04:05.5Z", with as many decimals as it takes.
std::string Rfc3339(absl::Time time);

}  // namespace lockstep
