#include "common/plan/plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/status_macros.h"

namespace lockstep {
namespace {

// Fills in what depends on the kind of executor. `plan` has its times already.
class Planner {
 public:
  Planner(const SegmentTuple& segment, ScenarioPlan& plan) : segment_(segment), plan_(plan) {}

  absl::Status operator()(const SharedIterationsConfig& config) {
    plan_.source = IterationSource::kPool;
    plan_.iterations_segment = segment_.Retuple(config.vus);
    plan_.iterations = plan_.iterations_segment.Scale(config.iterations);
    if (plan_.iterations > 0) {
      HoldVus(segment_.Scale(config.vus));
    }
    return absl::OkStatus();
  }
  absl::Status operator()(const PerVuIterationsConfig& config) {
    plan_.source = IterationSource::kOfEachVu;
    plan_.iterations_per_vu = config.iterations;
    const int64_t vus = segment_.Scale(config.vus);
    if (__builtin_mul_overflow(vus, config.iterations, &plan_.iterations)) {
      return absl::InvalidArgumentError("iterations: more than 2^63 over all VUs");
    }
    HoldVus(vus);
    return absl::OkStatus();
  }
  absl::Status operator()(const ConstantVusConfig& config) {
    HoldVus(segment_.Scale(config.vus));
    return absl::OkStatus();
  }
  absl::Status operator()(const RampingVusConfig& config) {
    plan_.ramp = RampingVuSteps(config.start_vus, LinearStages(config.stages), segment_);
    plan_.wanted = plan_.ramp;
    AppendVuStep({plan_.regular_duration, 0}, &plan_.wanted);
    plan_.reserved = ReservedVuSteps(plan_.ramp, plan_.regular_duration, config.graceful_ramp_down,
                                     plan_.graceful_stop);
    plan_.planned_vus = plan_.max_vus = MaxVus(plan_.reserved);
    for (const VuStep& step : plan_.ramp) {
      if (step.vus > 0 && step.at < plan_.regular_duration) {
        plan_.first_start = step.at;
        break;
      }
    }
    return absl::OkStatus();
  }
  absl::Status operator()(const ConstantArrivalRateConfig& config) {
    return PlanArrivals(config,
                        ArrivalTimes::Constant(config.rate, config.time_unit, config.duration));
  }
  absl::Status operator()(const RampingArrivalRateConfig& config) {
    return PlanArrivals(config, ArrivalTimes::Ramping(config.start_rate, config.time_unit,
                                                      LinearStages(config.stages)));
  }
  absl::Status operator()(const ExternallyControlledConfig& config) {
    plan_.controlled = true;
    HoldVus(segment_.Scale(config.max_vus));
    plan_.wanted.front().vus = segment_.Scale(config.vus);
    if (plan_.wanted.front().vus == 0) {
      plan_.first_start.reset();
    }
    return absl::OkStatus();
  }

 private:
  // `vus` from the start to the end of the graceful stop.
  void HoldVus(int64_t vus) {
    plan_.planned_vus = plan_.max_vus = vus;
    plan_.reserved = plan_.wanted = {{absl::ZeroDuration(), vus}};
    if (plan_.regular_duration < absl::InfiniteDuration()) {
      AppendVuStep({plan_.regular_duration, 0}, &plan_.wanted);
    }
    const absl::Duration end = plan_.regular_duration + plan_.graceful_stop;
    if (end < absl::InfiniteDuration()) {
      plan_.reserved.push_back({end, 0});
    }
    if (vus > 0) {
      plan_.first_start = absl::ZeroDuration();
    }
  }

  template <class Config>
  absl::Status PlanArrivals(const Config& config, absl::StatusOr<ArrivalTimes> times) {
    LOCKSTEP_ASSIGN_OR_RETURN(plan_.arrivals, std::move(times));
    plan_.source = IterationSource::kSchedule;
    plan_.iterations_segment = segment_.Retuple(config.max_vus);
    SegmentArrivals arrivals(*plan_.arrivals, plan_.iterations_segment);
    HoldVus(segment_.Scale(config.pre_allocated_vus));
    plan_.max_vus = segment_.Scale(config.max_vus);
    plan_.iterations = arrivals.total();
    const std::optional<SegmentArrivals::Start> first = arrivals.Next();
    plan_.first_start = first.has_value() ? std::optional<absl::Duration>(first->at) : std::nullopt;
    return absl::OkStatus();
  }

  const SegmentTuple& segment_;
  ScenarioPlan& plan_;
};

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

template <class Config>
absl::Duration DurationOf(const Config& config) {
  return config.duration;
}
absl::Duration DurationOf(const SharedIterationsConfig& config) {
  return config.max_duration;
}
absl::Duration DurationOf(const PerVuIterationsConfig& config) {
  return config.max_duration;
}
absl::Duration DurationOf(const RampingVusConfig& config) {
  return TotalDuration(LinearStages(config.stages));
}
absl::Duration DurationOf(const RampingArrivalRateConfig& config) {
  return TotalDuration(LinearStages(config.stages));
}
absl::Duration DurationOf(const ExternallyControlledConfig& config) {
  return config.duration == absl::ZeroDuration() ? absl::InfiniteDuration() : config.duration;
}

}  // namespace

int64_t InstancePlan::scenarios_with_work() const {
  return std::count_if(scenarios.begin(), scenarios.end(),
                       [](const ScenarioPlan& scenario) { return scenario.has_work; });
}

std::vector<LinearStage> LinearStages(const std::vector<Stage>& stages) {
  std::vector<LinearStage> result;
  result.reserve(stages.size());
  for (const Stage& stage : stages) {
    result.push_back({stage.duration.value_or(absl::ZeroDuration()), stage.target.value_or(0)});
  }
  return result;
}

absl::StatusOr<ScenarioPlan> PlanScenario(const ScenarioConfig& scenario,
                                          const SegmentTuple& segment) {
  ScenarioPlan plan;
  plan.name = scenario.name;
  plan.iterations_segment = segment;
  plan.start_time = scenario.start_time;
  plan.regular_duration =
      std::visit([](const auto& config) { return DurationOf(config); }, scenario.executor);
  plan.graceful_stop = scenario.graceful_stop;
  const absl::Status planned = std::visit(Planner(segment, plan), scenario.executor);
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

}  // namespace lockstep
