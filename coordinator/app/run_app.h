// `lockstep run`, `coordinator`, `inspect` and `plan`: everything between the parsed command line
// and the exit code. Composes loop, signals, gRPC server, fleet, local agents, results, outputs and
// the run's state machine.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "common/base/exit_code.h"
#include "common/options/tiers.h"
#include "common/trust/credentials.h"
#include "coordinator/app/commands.h"
#include "coordinator/console/log_sink.h"

namespace lockstep::coordinator {

struct RunRequest {
  enum class Goal { kRun, kInspect, kPlan };
  Goal goal = Goal::kRun;
  TestSettings test;
  RunSettingsFlags run;
  // Empty: agents are started here and reached over a Unix socket. Else they come from elsewhere.
  std::string listen = {};
  std::optional<Credentials> credentials = {};  // of a `listen` address; none: plain text
  absl::Duration wait_for_agents = absl::InfiniteDuration();
  bool execution_requirements = false;  // of kInspect
  std::vector<int64_t> weights = {};    // of kPlan, one for each agent
  bool json = false;                    // of kPlan
  bool no_color = false;                // of the summary; a terminal gets colours without it
};

RunRequest ToRequest(const RunCommand& command);
RunRequest ToRequest(const CoordinatorCommand& command);
RunRequest ToRequest(const InspectCommand& command);
RunRequest ToRequest(const PlanCommand& command);

// Runs it to its end. Messages go to `logger`, results to standard output. Blocks SIGINT and
// SIGTERM in the calling thread, which must be the process's first; a third signal ends the process
// at once.
ExitCode ExecuteRun(RunRequest request, const Environment& environment, RunLogger& logger);

}  // namespace lockstep::coordinator
