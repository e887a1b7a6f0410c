#include "coordinator/app/planned_test.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/status_macros.h"
#include "common/options/chosen_segment.h"
#include "common/options/options_json.h"

namespace lockstep::coordinator {
namespace {

bool Contains(const std::vector<std::string>& names, const char* name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Whether a run with these flags may be one of a part of a test.
absl::Status RunsPartsOfTests(const RunSettingsFlags& flags, const OptionSources& sources) {
  const std::string option = NameOf("executionSegment", sources);
  if (flags.agents > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(option, ": one agent can run a part of a test, but the run has ", flags.agents,
                     " agents; leave it out, and the coordinator divides the test"));
  }
  if (flags.redistribute) {
    return absl::InvalidArgumentError(
        absl::StrCat(option,
                     ": a part of a test cannot be divided anew, as --on-agent-loss "
                     "redistribute asks; leave one of them out"));
  }
  return absl::OkStatus();
}

AgentShare ShareOf(const std::vector<ScenarioConfig>& scenarios, const SegmentTuple& segment) {
  AgentShare share;
  if (const absl::StatusOr<InstancePlan> part = PlanInstance(scenarios, segment); part.ok()) {
    share.max_vus = part->max_vus;
    for (const ScenarioPlan& scenario : part->scenarios) {
      share.scenarios.push_back({.name = scenario.name,
                                 .iterations = scenario.iterations,
                                 .max_vus = scenario.max_vus,
                                 .at_a_rate = scenario.source == IterationSource::kSchedule});
    }
  }
  return share;
}

// What is scaled or leased are totals of the whole test, whatever part of it this fleet runs.
absl::Status AddTotals(const std::vector<ScenarioConfig>& scenarios, TestPlan* plan) {
  LOCKSTEP_ASSIGN_OR_RETURN(const InstancePlan undivided, PlanInstance(scenarios, SegmentTuple()));
  for (const ScenarioPlan& scenario : undivided.scenarios) {
    if (scenario.controlled) {
      plan->controlled[scenario.name] = {scenario.wanted.front().vus, scenario.max_vus};
    } else if (scenario.source == IterationSource::kPool) {
      plan->pools[scenario.name] = scenario.iterations;
    } else if (scenario.source == IterationSource::kOfEachVu) {
      plan->vu_bound[scenario.name] = {.vus = scenario.planned_vus,
                                       .iterations = scenario.iterations_per_vu};
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PlannedTest> PlanTest(ResolvedOptions resolved, const v1::Inspected& inspected,
                                     const RunSettingsFlags& flags) {
  std::vector<std::string> exports(inspected.exports().begin(), inspected.exports().end());
  PlannedTest test;
  test.options = std::move(resolved);
  const RunOptions& options = test.options.run;
  StringList errors;
  std::optional<ChosenSegment> chosen = ChooseSegment(options, &errors, test.options.sources);
  if (!errors.empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(errors, "\n"));
  }
  if (chosen.has_value()) {
    LOCKSTEP_RETURN_IF_ERROR(RunsPartsOfTests(flags, test.options.sources));
    LOCKSTEP_ASSIGN_OR_RETURN(test.segment,
                              SegmentTuple::Make(chosen->sequence, chosen->index, flags.partition));
    test.plan.sequence = std::move(chosen->sequence);
    test.plan.segment_index = chosen->index;
  }
  const std::vector<ScenarioConfig>& scenarios = options.scenarios;
  LOCKSTEP_ASSIGN_OR_RETURN(test.whole, PlanInstance(scenarios, test.segment));

  TestPlan& plan = test.plan;
  plan.options_json = ToCanonicalJson(test.options.consolidated);
  plan.partition = flags.partition;
  plan.share_of = [scenarios](const SegmentTuple& segment) { return ShareOf(scenarios, segment); };
  plan.starts_between = [scenarios](const SegmentTuple& segment, absl::Duration from,
                                    absl::Duration to) {
    const absl::StatusOr<InstancePlan> part = PlanInstance(scenarios, segment);
    return part.ok() ? StartsBetween(*part, from, to) : std::vector<int64_t>();
  };
  plan.rps = options.rps;
  plan.has_setup = Contains(exports, "setup") && !options.no_setup;
  plan.has_teardown = Contains(exports, "teardown") && !options.no_teardown;
  plan.has_handle_summary = Contains(exports, "handleSummary");
  plan.paused = options.paused;
  plan.setup_timeout = options.setup_timeout;
  plan.teardown_timeout = options.teardown_timeout;
  plan.handle_summary_timeout = options.handle_summary_timeout;
  plan.length = test.whole.max_duration;
  for (const ScenarioConfig& scenario : scenarios) {
    plan.graceful_stop = std::max(plan.graceful_stop, scenario.graceful_stop);
    plan.executors[scenario.name] = ExecutorTypeName(scenario.executor);
  }
  LOCKSTEP_RETURN_IF_ERROR(AddTotals(scenarios, &plan));
  return test;
}

}  // namespace lockstep::coordinator
