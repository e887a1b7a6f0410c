// The variables of the environment that say how tests run.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace lockstep::testing {

// Nothing: it is not set.
inline std::optional<std::string> FromEnvironment(const char* name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no test sets what it asks for
  const char* const value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace lockstep::testing
