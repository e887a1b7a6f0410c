#include "coordinator/app/reports.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/json_text.h"
#include "common/base/status_macros.h"
#include "common/base/whole_file.h"
#include "common/options/duration.h"
#include "common/options/options_json.h"
#include "common/plan/fleet_plan.h"
#include "coordinator/console/streams.h"

namespace lockstep::coordinator {
std::string InspectionText(const PlannedTest& test, bool execution_requirements) {
  const Options& consolidated = test.options.consolidated;
  Options options = execution_requirements ? consolidated : test.options.merged;
  // k6 gives these two their defaults before anything is consolidated.
  options.system_tags = consolidated.system_tags;
  options.summary_trend_stats = consolidated.summary_trend_stats;
  nlohmann::ordered_json json = ToInspectJson(options);
  if (execution_requirements) {
    json["totalDuration"] = DurationText(test.whole.max_duration);
    json["maxVUs"] = test.whole.max_vus;
  }
  return JsonText(json, 2) + "\n";
}

absl::StatusOr<std::string> PlanText(const PlannedTest& test, const std::vector<int64_t>& weights,
                                     bool json) {
  const std::vector<ScenarioConfig>& scenarios = test.options.run.scenarios;
  const Partition partition = test.plan.partition;
  LOCKSTEP_ASSIGN_OR_RETURN(const FleetPlan plan, test.plan.sequence.has_value()
                                                      ? PlanPart(scenarios, *test.plan.sequence,
                                                                 test.plan.segment_index, partition)
                                                      : PlanFleet(scenarios, weights, partition));
  return json ? JsonText(FleetPlanJson(scenarios, plan), 2) + "\n" : FleetPlanText(plan);
}

absl::Status WriteSummaryOutputs(const std::map<std::string, std::string>& outputs,
                                 const std::vector<NamedFile>& inputs, Logger& logger) {
  std::vector<std::string> errors;
  for (const auto& [target, content] : outputs) {
    if (target == "stdout") {
      WriteStdout(content);
      continue;
    }
    if (target == "stderr") {
      WriteStderr(content);
      continue;
    }
    std::vector<NamedFile> files = inputs;
    files.push_back({"handleSummary()", target});
    if (const std::vector<std::string> clashes = ClashesOf(files); !clashes.empty()) {
      errors.push_back(clashes.front());
    } else if (const absl::Status written = WriteWholeFile(target, content); !written.ok()) {
      errors.push_back(absl::StrCat("could not open '", target, "': ", written.message()));
    }
  }
  if (!errors.empty()) {
    logger.Error(absl::StrCat("Could not save some summary information:\n\t- ",
                              absl::StrJoin(errors, "\n\t- ")));
  }
  return errors.empty() ? absl::OkStatus() : absl::DataLossError(errors.front());
}

}  // namespace lockstep::coordinator
