// `lockstep runs`: the history of runs that a journal keeps.
#pragma once

#include "common/base/exit_code.h"
#include "common/base/log.h"
#include "coordinator/app/commands.h"

namespace lockstep::coordinator {

ExitCode ExecuteRuns(const RunsCommand& command, Logger& logger);

}  // namespace lockstep::coordinator
