// The variables that stand for no flag: those of outputs and of sources of secrets.
#pragma once

#include <string>
#include <vector>

namespace lockstep::coordinator {

// Behind LOCKSTEP_ or K6_.
std::vector<std::string> VariablesOfOutputsAndSecrets();

}  // namespace lockstep::coordinator
