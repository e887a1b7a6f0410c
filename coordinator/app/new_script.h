// `lockstep new`: a script to begin with, from a template or of what there is already.
#pragma once

#include "common/base/exit_code.h"
#include "common/base/log.h"
#include "coordinator/app/commands.h"

namespace lockstep::coordinator {

// Writes the script, or prints it if its file is "-". What was not converted is warned of.
ExitCode ExecuteNew(const NewCommand& command, Logger& logger);

}  // namespace lockstep::coordinator
