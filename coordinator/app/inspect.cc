#include "coordinator/app/inspect.h"

#include <functional>
#include <string>
#include <utility>

#include "common/base/status_macros.h"
#include "coordinator/app/ending.h"
#include "coordinator/app/reports.h"
#include "coordinator/app/rig.h"

namespace lockstep::coordinator {
namespace {

using Report = std::function<absl::StatusOr<std::string>(const PlannedTest&)>;

ExitCode Print(const Report& report, RunRequest request, const Environment& environment,
               Logger& logger) {
  const absl::StatusOr<TestFiles> files = ReadTest(request.test, environment);
  if (!files.ok()) {
    return Refuse(files.status(), ExitCodeOf(files.status()), logger);
  }
  TellOf(files->tiers.note(), logger);
  request.inspect_only = true;
  std::string text;
  Rig rig(request, *files, logger, [&](const PlannedTest& test) -> absl::Status {
    LOCKSTEP_ASSIGN_OR_RETURN(text, report(test));
    return absl::OkStatus();
  });
  ExitCode code = ExitCode::kSuccess;
  Run::Events events;
  events.on_done = [&](const RunOutcome& outcome) {
    code = outcome.exit_code;
    WriteStdout(text);
    rig.TellOfOptions();
    LogOutcome(rig.WithCode(outcome), rig.loop().clock(), logger);
    rig.End(/*linger=*/false);
  };
  rig.run().Begin(std::move(events));
  const absl::Status played = rig.Play();
  return played.ok() ? code : Refuse(played, ExitCode::kOther, logger);
}

}  // namespace

ExitCode ExecuteInspect(const InspectCommand& command, const Environment& environment,
                        Logger& logger) {
  return Print(
      [&](const PlannedTest& test) { return InspectionText(test, command.execution_requirements); },
      {.test = command.test}, environment, logger);
}

ExitCode ExecutePlan(const PlanCommand& command, const Environment& environment, Logger& logger) {
  RunRequest request{.test = command.test};
  request.run.agents = static_cast<int64_t>(command.weights.size());
  request.run.partition = command.partition;
  return Print(
      [&](const PlannedTest& test) { return PlanText(test, command.weights, command.json); },
      std::move(request), environment, logger);
}

}  // namespace lockstep::coordinator
