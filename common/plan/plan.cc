#include "common/plan/plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "common/base/counted.h"
#include "common/base/status_macros.h"
#include "common/plan/executor_plan.h"

namespace lockstep {
namespace {

// The greatest sum of all scenarios' VUs at any time. What ends at an instant makes room for what
// begins at it.
int64_t MostAtOnce(const std::vector<ScenarioPlan>& scenarios, bool with_unplanned) {
  std::map<absl::Duration, int64_t> changes;
  for (const ScenarioPlan& scenario : scenarios) {
    const int64_t unplanned = with_unplanned ? scenario.max_vus - scenario.planned_vus : 0;
    int64_t before = 0;
    for (size_t i = 0; i < scenario.reserved.size(); ++i) {
      const VuStep& step = scenario.reserved[i];
      const bool ends = i + 1 == scenario.reserved.size() && i > 0;
      const int64_t vus = step.vus + (ends ? 0 : unplanned);
      changes[scenario.start_time + step.at] += vus - before;
      before = vus;
    }
  }
  int64_t sum = 0;
  int64_t most = 0;
  for (const auto& [at, change] : changes) {
    sum += change;
    most = std::max(most, sum);
  }
  return most;
}

}  // namespace

int64_t InstancePlan::scenarios_with_work() const {
  return std::count_if(scenarios.begin(), scenarios.end(),
                       [](const ScenarioPlan& scenario) { return scenario.has_work; });
}

absl::StatusOr<ScenarioPlan> PlanScenario(const ScenarioConfig& scenario,
                                          const SegmentTuple& segment) {
  ScenarioPlan plan;
  plan.name = scenario.name;
  plan.iterations_segment = segment;
  plan.start_time = scenario.start_time;
  plan.graceful_stop = scenario.graceful_stop;
  const absl::Status planned = PlanExecutor(scenario, segment, &plan);
  if (!planned.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("scenarios.", scenario.name, ".", planned.message()));
  }
  // Externally controlled, an instance that has no VU today may get one tomorrow.
  plan.has_work = plan.max_vus > 0 || plan.controlled;
  if (!plan.has_work) {
    plan.reserved.clear();
    plan.wanted.clear();
    plan.first_start.reset();
  }
  return plan;
}

std::vector<absl::Duration> FirstStarts(const ScenarioPlan& plan, size_t most) {
  std::vector<absl::Duration> starts;
  if (plan.arrivals.has_value()) {
    SegmentArrivals arrivals(*plan.arrivals, plan.iterations_segment);
    while (starts.size() < most) {
      const std::optional<SegmentArrivals::Start> start = arrivals.Next();
      if (!start.has_value()) {
        break;
      }
      starts.push_back(start->at);
    }
    return starts;
  }
  if (plan.iterations >= 0) {
    most = std::min(most, static_cast<size_t>(plan.iterations));
  }
  int64_t before = 0;
  for (const VuStep& step : plan.wanted) {
    for (; before < step.vus && starts.size() < most; ++before) {
      starts.push_back(step.at);
    }
    before = step.vus;
  }
  return starts;
}

std::vector<int64_t> StartsBetween(const InstancePlan& part, absl::Duration from,
                                   absl::Duration to) {
  std::vector<int64_t> starts;
  for (const ScenarioPlan& plan : part.scenarios) {
    if (!plan.arrivals.has_value()) {
      starts.push_back(-1);
      continue;
    }
    const int64_t before = plan.arrivals->CountBefore(from - plan.start_time);
    const int64_t until = plan.arrivals->CountBefore(to - plan.start_time);
    starts.push_back(plan.iterations_segment.Scale(std::max<int64_t>(until - before, 0)));
  }
  return starts;
}

absl::StatusOr<InstancePlan> PlanInstance(const std::vector<ScenarioConfig>& scenarios,
                                          const SegmentTuple& segment) {
  InstancePlan plan;
  for (const ScenarioConfig& scenario : scenarios) {
    LOCKSTEP_ASSIGN_OR_RETURN(ScenarioPlan part, PlanScenario(scenario, segment));
    if (part.has_work) {
      const absl::Duration regular_end = part.start_time + part.regular_duration;
      plan.regular_duration = std::max(plan.regular_duration, regular_end);
      plan.max_duration = std::max(plan.max_duration, regular_end + part.graceful_stop);
    }
    plan.scenarios.push_back(std::move(part));
  }
  plan.planned_vus = MostAtOnce(plan.scenarios, false);
  plan.max_vus = MostAtOnce(plan.scenarios, true);
  return plan;
}

std::string DescribePlan(const InstancePlan& plan, const SegmentTuple& segment) {
  const Fraction length = segment.length();
  const double percent =
      100 * static_cast<double>(length.numerator) / static_cast<double>(length.denominator);
  const int64_t count = plan.scenarios_with_work();
  return absl::StrCat(absl::StrFormat("(%.2f%%) ", percent), Counted(count, "scenario"), ", ",
                      plan.max_vus, " max VUs, ", LengthText(plan.max_duration),
                      " max duration (incl. graceful stop)");
}

}  // namespace lockstep
