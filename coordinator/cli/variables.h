// The variables LOCKSTEP_* that stand for flags, and those of which nothing is known.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "common/base/environment.h"
#include "common/flags/flag_variables.h"
#include "coordinator/cli/command_table.h"

namespace lockstep::coordinator {

// Whether each flag of the command has a variable: `run` and `coordinator`, which deployments
// start.
bool HasVariables(absl::string_view command);
// The whole name of a flag's variable: "LOCKSTEP_MAX_VU_BLOCK"; "" of one that has none.
std::string VariableOf(const Flag& flag);
// Each variable that begins with LOCKSTEP_ and that nobody reads, with what may have been meant;
// and each that begins with K6_ where that is plain, as k6 has some that are unknown here.
// `k6_variables` are those behind K6_ that the command's flags have; none of a command whose flags
// have no variables.
std::vector<UnknownVariable> UnknownVariables(const Environment& environment,
                                              const std::vector<CommandSpec>& commands,
                                              const std::set<std::string>& k6_variables);

}  // namespace lockstep::coordinator
