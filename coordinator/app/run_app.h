// `lockstep run` and `lockstep coordinator`: everything between the parsed command line and the
// exit code. Composes the rig with what people see of a run: outputs, progress, REST, summary.
#pragma once

#include "common/base/environment.h"
#include "common/base/exit_code.h"
#include "coordinator/app/commands.h"
#include "coordinator/console/log_sink.h"

namespace lockstep::coordinator {

// Run a test to its end. Messages go to `logger`, results to standard output. As Rig says of
// signals and threads.
ExitCode ExecuteRun(const RunCommand& command, const Environment& environment, RunLogger& logger);
ExitCode ExecuteCoordinator(const CoordinatorCommand& command, const Environment& environment,
                            RunLogger& logger);

}  // namespace lockstep::coordinator
