// `lockstep runs`: the history of runs that a journal keeps.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "nlohmann/json.hpp"

#include "common/base/exit_code.h"
#include "common/base/log.h"
#include "coordinator/app/commands.h"
#include "coordinator/journal/journal.h"

namespace lockstep::coordinator {

// The latest first. Pure.
std::string RunsText(const std::vector<RunRecord>& runs, absl::TimeZone zone);
nlohmann::json RunsJson(const std::vector<RunRecord>& runs);

ExitCode ExecuteRuns(const RunsCommand& command, Logger& logger);

}  // namespace lockstep::coordinator
