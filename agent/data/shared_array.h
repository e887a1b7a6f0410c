// What SharedArrays share: per run and process, the elements of each as JSON text, built by the
// first VU that asks. The module `k6/data` makes read-only arrays of them in each VU. Knows no V8.
#pragma once

#include <string>
#include <vector>

#include "agent/data/once_map.h"

namespace lockstep::agent {

using SharedElements = std::vector<std::string>;

class SharedArrayStore final : public OnceMap<const SharedElements> {};

}  // namespace lockstep::agent
