#include "coordinator/app/planned_test.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"
#include "common/options/options_json.h"

namespace lockstep::coordinator {
namespace {

bool Contains(const std::vector<std::string>& names, const char* name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The segment of --execution-segment in --execution-segment-sequence, or the whole.
absl::Status CutSegment(const RunOptions& options, Partition partition, PlannedTest* test,
                        bool* cut) {
  *cut = !options.execution_segment.empty();
  const bool has_sequence = !options.execution_segment_sequence.empty();
  if (!*cut && !has_sequence) {
    return absl::OkStatus();
  }
  LOCKSTEP_ASSIGN_OR_RETURN(ExecutionSegment segment,
                            ExecutionSegment::Parse(options.execution_segment));
  SegmentSequence sequence = SegmentSequence::Around(segment);
  if (has_sequence) {
    LOCKSTEP_ASSIGN_OR_RETURN(sequence, SegmentSequence::Parse(options.execution_segment_sequence));
  }
  LOCKSTEP_ASSIGN_OR_RETURN(size_t index, sequence.Find(segment));
  LOCKSTEP_ASSIGN_OR_RETURN(test->segment, SegmentTuple::Make(sequence, index, partition));
  *cut = true;
  test->plan.sequence = std::move(sequence);
  test->plan.segment_index = index;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PlannedTest> PlanTest(ResolvedOptions resolved, const v1::Inspected& inspected,
                                     int64_t agents, Partition partition) {
  std::vector<std::string> exports(inspected.exports().begin(), inspected.exports().end());
  PlannedTest test;
  test.options = std::move(resolved);
  const RunOptions& options = test.options.run;
  bool cut = false;
  LOCKSTEP_RETURN_IF_ERROR(CutSegment(options, partition, &test, &cut));
  if (cut && agents > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("executionSegment: one agent can run a part of a test, but the run has ",
                     agents, " agents; leave it out, and the coordinator divides the test"));
  }
  const std::vector<ScenarioConfig>& scenarios = options.scenarios;
  LOCKSTEP_ASSIGN_OR_RETURN(test.whole, PlanInstance(scenarios, test.segment));

  TestPlan& plan = test.plan;
  plan.options_json = ToCanonicalJson(test.options.consolidated);
  plan.partition = partition;
  plan.share_of = [scenarios](const SegmentTuple& segment) {
    AgentShare share;
    if (const absl::StatusOr<InstancePlan> part = PlanInstance(scenarios, segment); part.ok()) {
      share.max_vus = part->max_vus;
      for (const ScenarioPlan& scenario : part->scenarios) {
        share.scenarios.push_back({scenario.name, scenario.iterations, scenario.max_vus});
      }
    }
    return share;
  };
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
    if (const auto* controlled = std::get_if<ExternallyControlledConfig>(&scenario.executor)) {
      plan.controlled[scenario.name] = {controlled->vus, controlled->max_vus};
    }
    if (const auto* shared = std::get_if<SharedIterationsConfig>(&scenario.executor)) {
      plan.pools[scenario.name] = shared->iterations;
    }
    if (const auto* bound = std::get_if<PerVuIterationsConfig>(&scenario.executor)) {
      plan.vu_bound[scenario.name] = {.vus = bound->vus, .iterations = bound->iterations};
    }
  }
  return test;
}

}  // namespace lockstep::coordinator
