// `lockstep compare BASE NEW`: reads two result files and prints what differs.
#pragma once

#include "common/base/exit_code.h"
#include "common/base/log.h"
#include "coordinator/app/commands.h"

namespace lockstep::coordinator {

// Prints the comparison to standard output. kSuccess; kThresholdsHaveFailed if the new run is worse
// and the command asks for that; kOther if a file cannot be read or is not a result.
ExitCode ExecuteCompare(const CompareCommand& command, Logger& logger);

}  // namespace lockstep::coordinator
