// `lockstep inspect` and `lockstep plan`: what one agent reads of a script, printed.
#pragma once

#include "common/base/environment.h"
#include "common/base/exit_code.h"
#include "common/base/log.h"
#include "coordinator/app/commands.h"

namespace lockstep::coordinator {

// Print to standard output; messages go to `logger`. As Rig says of signals and threads.
ExitCode ExecuteInspect(const InspectCommand& command, const Environment& environment,
                        Logger& logger);
ExitCode ExecutePlan(const PlanCommand& command, const Environment& environment, Logger& logger);

}  // namespace lockstep::coordinator
