#include "common/plan/executor_plan.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

#include "common/base/status_macros.h"
#include "common/options/duration.h"

namespace lockstep {
namespace {

// Validation refuses what is unset here.
std::vector<LinearStage> LinearStages(const std::vector<Stage>& stages) {
  std::vector<LinearStage> result;
  result.reserve(stages.size());
  for (const Stage& stage : stages) {
    result.push_back({stage.duration.value_or(absl::ZeroDuration()), stage.target.value_or(0)});
  }
  return result;
}

// An operator each executor: how long it lasts, its VUs and iterations, and its description.
class Planner {
 public:
  Planner(const ScenarioConfig& scenario, const SegmentTuple& segment, ScenarioPlan& plan)
      : scenario_(scenario), segment_(segment), plan_(plan) {}

  absl::Status operator()(const SharedIterationsConfig& config) {
    plan_.regular_duration = config.max_duration;
    plan_.source = IterationSource::kPool;
    plan_.iterations_segment = segment_.Retuple(config.vus);
    plan_.iterations = plan_.iterations_segment.Scale(config.iterations);
    if (plan_.iterations > 0) {
      HoldVus(segment_.Scale(config.vus));
    }
    Describe(absl::StrCat(plan_.iterations, " iterations shared among ", plan_.planned_vus, " VUs"),
             "maxDuration: " + Length());
    return absl::OkStatus();
  }
  absl::Status operator()(const PerVuIterationsConfig& config) {
    plan_.regular_duration = config.max_duration;
    plan_.source = IterationSource::kOfEachVu;
    plan_.iterations_per_vu = config.iterations;
    const int64_t vus = segment_.Scale(config.vus);
    if (__builtin_mul_overflow(vus, config.iterations, &plan_.iterations)) {
      return absl::InvalidArgumentError("iterations: more than 2^63 over all VUs");
    }
    HoldVus(vus);
    Describe(absl::StrCat(config.iterations, " iterations for each of ", vus, " VUs"),
             "maxDuration: " + Length());
    return absl::OkStatus();
  }
  absl::Status operator()(const ConstantVusConfig& config) {
    plan_.regular_duration = config.duration;
    HoldVus(segment_.Scale(config.vus));
    Describe(absl::StrCat(plan_.planned_vus, " looping VUs for ", Length()));
    return absl::OkStatus();
  }
  absl::Status operator()(const RampingVusConfig& config) {
    const std::vector<LinearStage> stages = LinearStages(config.stages);
    plan_.regular_duration = TotalDuration(stages);
    plan_.ramp = RampingVuSteps(config.start_vus, stages, segment_);
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
    Describe(absl::StrCat("Up to ", segment_.Scale(Highest(config.start_vus, stages)),
                          " looping VUs for ", Length(), " over ", stages.size(), " stages"),
             "gracefulRampDown: " + LengthText(config.graceful_ramp_down));
    return absl::OkStatus();
  }
  absl::Status operator()(const ConstantArrivalRateConfig& config) {
    plan_.regular_duration = config.duration;
    LOCKSTEP_RETURN_IF_ERROR(PlanArrivals(
        config, ArrivalTimes::Constant(config.rate, config.time_unit, config.duration)));
    Describe(absl::StrCat(Rate(config.rate, config.time_unit), " for ", Length()), MaxVusText());
    return absl::OkStatus();
  }
  absl::Status operator()(const RampingArrivalRateConfig& config) {
    const std::vector<LinearStage> stages = LinearStages(config.stages);
    plan_.regular_duration = TotalDuration(stages);
    LOCKSTEP_RETURN_IF_ERROR(
        PlanArrivals(config, ArrivalTimes::Ramping(config.start_rate, config.time_unit, stages)));
    Describe(absl::StrCat("Up to ", Rate(Highest(config.start_rate, stages), config.time_unit),
                          " for ", Length(), " over ", stages.size(), " stages"),
             MaxVusText());
    return absl::OkStatus();
  }
  absl::Status operator()(const ExternallyControlledConfig& config) {
    const bool endless = config.duration == absl::ZeroDuration();
    plan_.regular_duration = endless ? absl::InfiniteDuration() : config.duration;
    plan_.controlled = true;
    HoldVus(segment_.Scale(config.max_vus));
    const int64_t vus = plan_.wanted.front().vus = segment_.Scale(config.vus);
    if (vus == 0) {
      plan_.first_start.reset();
    }
    Describe(absl::StrCat(vus, " externally controlled VUs ",
                          endless ? "until stopped" : "for " + Length()),
             absl::StrCat("maxVUs: ", plan_.max_vus));
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

  static int64_t Highest(int64_t start, const std::vector<LinearStage>& stages) {
    for (const LinearStage& stage : stages) {
      start = std::max(start, stage.target);
    }
    return start;
  }
  // This instance's part of a rate: as large as its part of the iterations, which follows the VUs
  // that it has got.
  std::string Rate(int64_t rate, absl::Duration time_unit) const {
    const Fraction length = plan_.iterations_segment.length();
    const double per_s = static_cast<double>(rate) / absl::ToDoubleSeconds(time_unit) *
                         static_cast<double>(length.numerator) /
                         static_cast<double>(length.denominator);
    return absl::StrFormat("%.2f iterations/s", per_s);
  }
  std::string MaxVusText() const {
    return plan_.planned_vus == plan_.max_vus
               ? absl::StrCat("maxVUs: ", plan_.max_vus)
               : absl::StrCat("maxVUs: ", plan_.planned_vus, "-", plan_.max_vus);
  }
  std::string Length() const { return LengthText(plan_.regular_duration); }
  // `fact` is the executor's own; those that all executors have follow it.
  void Describe(std::string text, std::string fact = "") {
    std::vector<std::string> facts;
    if (!fact.empty()) {
      facts.push_back(std::move(fact));
    }
    if (scenario_.exec != "default") {
      facts.push_back("exec: " + scenario_.exec);
    }
    if (scenario_.start_time > absl::ZeroDuration()) {
      facts.push_back("startTime: " + LengthText(scenario_.start_time));
    }
    if (scenario_.graceful_stop > absl::ZeroDuration()) {
      facts.push_back("gracefulStop: " + LengthText(scenario_.graceful_stop));
    }
    plan_.description = std::move(text);
    if (!facts.empty()) {
      absl::StrAppend(&plan_.description, " (", absl::StrJoin(facts, ", "), ")");
    }
  }

  const ScenarioConfig& scenario_;
  const SegmentTuple& segment_;
  ScenarioPlan& plan_;
};

}  // namespace

absl::Status PlanExecutor(const ScenarioConfig& scenario, const SegmentTuple& segment,
                          ScenarioPlan* plan) {
  return std::visit(Planner(scenario, segment, *plan), scenario.executor);
}

std::string LengthText(absl::Duration duration) {
  return duration == absl::InfiniteDuration() ? "infinite" : DurationText(duration);
}

}  // namespace lockstep
