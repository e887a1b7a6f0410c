// `lockstep recover --run N` of a run that has ended by itself: writes out the result that the
// journal has kept of it, as it was.
#pragma once

#include "absl/status/statusor.h"

#include "common/base/exit_code.h"
#include "common/base/log.h"
#include "coordinator/app/commands.h"
#include "coordinator/app/journal_host.h"
#include "coordinator/journal/journal.h"

namespace lockstep::coordinator {

// Those of the command, or else the run's own.
std::vector<Setting> OutputsToWrite(const RecoverCommand& command, const KeptSettings& settings);

// Prints how the run ended, and writes what its outputs were, or those of the command: the result
// file, the report, the JUnit file. What takes the measurements themselves (github,
// --summary-export) cannot be had of it any more. kSuccess once all of them are written, whatever
// the run's own exit code was.
// Errors: InvalidArgument, an output that cannot be had; NotFound, there is no result; DataLoss, it
// makes no sense; Unavailable, a file cannot be written.
absl::StatusOr<ExitCode> WriteOutEnded(const RecoverCommand& command, const RunRecord& record,
                                       Journal& journal, Logger& logger);

}  // namespace lockstep::coordinator
