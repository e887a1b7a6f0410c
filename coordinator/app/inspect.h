// `lockstep inspect`, `plan` and `archive`: what one agent reads of a script, printed or written.
#pragma once

#include "common/base/environment.h"
#include "common/base/exit_code.h"
#include "coordinator/app/commands.h"
#include "coordinator/console/log_sink.h"

namespace lockstep::coordinator {

// Print to standard output; messages go to `logger`. As Rig says of signals and threads.
// Makes an archive of the test, and prints what runs it on Kubernetes; what is left to do goes to
// the log.
ExitCode ExecuteManifest(const ManifestCommand& command, const Environment& environment,
                         RunLogger& logger);
ExitCode ExecuteInspect(const InspectCommand& command, const Environment& environment,
                        RunLogger& logger);
ExitCode ExecutePlan(const PlanCommand& command, const Environment& environment, RunLogger& logger);
// Writes the file that the command names, in one step, or standard output.
ExitCode ExecuteArchive(const ArchiveCommand& command, const Environment& environment,
                        RunLogger& logger);

}  // namespace lockstep::coordinator
