// `lockstep compare BASE NEW`: reads two result files and prints what differs.
#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "common/base/exit_code.h"
#include "common/base/log.h"
#include "common/result/result.h"
#include "coordinator/app/commands.h"

namespace lockstep::coordinator {

// Prints the comparison to standard output. kSuccess; kThresholdsHaveFailed if the new run is worse
// and the command asks for that; kOther if a file cannot be read or is not a result.
// NotFound or InvalidArgument, naming the file: it cannot be read, or is not a result.
absl::StatusOr<RunResult> LoadResult(const std::string& path);

ExitCode ExecuteCompare(const CompareCommand& command, Logger& logger);

}  // namespace lockstep::coordinator
