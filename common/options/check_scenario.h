// What is wrong with a scenario's fields. Internal to common/options.
#pragma once

#include <string>
#include <vector>

#include "common/options/options.h"

namespace lockstep {

// The mistakes of one consolidated scenario, a message each, without its name; empty: it is fit to
// run. A field that could not be read has a message already, and nothing more is said of it.
std::vector<std::string> ScenarioMistakes(const ScenarioConfig& scenario);

}  // namespace lockstep
