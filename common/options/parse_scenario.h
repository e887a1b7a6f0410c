// One scenario out of JSON, in either spelling. Internal to common/options.
#pragma once

#include <vector>

#include "common/options/options.h"
#include "common/options/value_reader.h"

namespace lockstep {

// The scenarios of `scenarios` (or `execution`), sorted by name. One that cannot be read is left
// out, its errors noted in the reader.
std::vector<ScenarioConfig> ReadScenarios(const ValueReader& reader);

// A list of {duration, target}.
std::optional<std::vector<Stage>> ReadStages(const ValueReader& reader);

}  // namespace lockstep
