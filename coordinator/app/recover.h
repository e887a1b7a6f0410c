// `lockstep recover`: what a journal holds of a run whose coordinator is gone.
#pragma once

#include "common/base/environment.h"
#include "common/base/exit_code.h"
#include "coordinator/app/commands.h"
#include "coordinator/console/log_sink.h"

namespace lockstep::coordinator {

// Prints summary and verdict and writes the outputs, all as of the last commit, and says so. The
// exit code is that of the run's first fault, or kOther, as the coordinator's end was one. Of a run
// that has ended by itself, the kept result is written out, see recover_ended.h.
ExitCode ExecuteRecover(const RecoverCommand& command, const Environment& environment,
                        RunLogger& logger);

}  // namespace lockstep::coordinator
