// `lockstep report`: the report of a run that is over, from its result file.
#pragma once

#include "common/base/exit_code.h"
#include "common/base/log.h"
#include "coordinator/app/commands.h"

namespace lockstep::coordinator {

ExitCode ExecuteReport(const ReportCommand& command, Logger& logger);

}  // namespace lockstep::coordinator
