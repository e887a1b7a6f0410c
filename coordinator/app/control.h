// `lockstep status`, `pause`, `resume`, `scale` and `stop`: talks to a running coordinator and
// prints its answer.
#pragma once

#include "common/base/environment.h"
#include "common/base/exit_code.h"
#include "common/base/log.h"
#include "coordinator/app/commands.h"

namespace lockstep::coordinator {

ExitCode ExecuteControl(const ControlCommand& command, const Environment& environment,
                        Logger& logger);

}  // namespace lockstep::coordinator
