#include "common/plan/describe.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

#include "common/base/counted.h"
#include "common/options/duration.h"

namespace lockstep {
namespace {

std::string Text(absl::Duration duration) {
  return duration == absl::InfiniteDuration() ? "infinite" : DurationText(duration);
}

class Describer {
 public:
  Describer(const ScenarioConfig& scenario, const ScenarioPlan& plan, const SegmentTuple& segment)
      : scenario_(scenario), plan_(plan), segment_(segment) {}

  std::string operator()(const SharedIterationsConfig&) const {
    return absl::StrCat(plan_.iterations, " iterations shared among ", plan_.planned_vus, " VUs",
                        Facts({"maxDuration: " + Length()}));
  }
  std::string operator()(const PerVuIterationsConfig& config) const {
    return absl::StrCat(config.iterations, " iterations for each of ", plan_.planned_vus, " VUs",
                        Facts({"maxDuration: " + Length()}));
  }
  std::string operator()(const ConstantVusConfig&) const {
    return absl::StrCat(plan_.planned_vus, " looping VUs for ", Length(), Facts({}));
  }
  std::string operator()(const RampingVusConfig& config) const {
    int64_t most = config.start_vus;
    for (const LinearStage& stage : LinearStages(config.stages)) {
      most = std::max(most, stage.target);
    }
    return absl::StrCat("Up to ", segment_.Scale(most), " looping VUs for ", Length(), " over ",
                        config.stages.size(), " stages",
                        Facts({"gracefulRampDown: " + Text(config.graceful_ramp_down)}));
  }
  std::string operator()(const ConstantArrivalRateConfig& config) const {
    return absl::StrCat(Rate(config.rate, config.time_unit), " for ", Length(),
                        Facts({MaxVusText()}));
  }
  std::string operator()(const RampingArrivalRateConfig& config) const {
    int64_t most = config.start_rate;
    for (const LinearStage& stage : LinearStages(config.stages)) {
      most = std::max(most, stage.target);
    }
    return absl::StrCat("Up to ", Rate(most, config.time_unit), " for ", Length(), " over ",
                        config.stages.size(), " stages", Facts({MaxVusText()}));
  }
  std::string operator()(const ExternallyControlledConfig&) const {
    const bool endless = plan_.regular_duration == absl::InfiniteDuration();
    return absl::StrCat(plan_.wanted.empty() ? 0 : plan_.wanted.front().vus,
                        " externally controlled VUs ",
                        endless ? "until stopped" : "for " + Length(),
                        Facts({absl::StrCat("maxVUs: ", plan_.max_vus)}));
  }

 private:
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
  std::string Length() const { return Text(plan_.regular_duration); }
  // " (fact, fact)", with what all executors have in common at the end.
  std::string Facts(std::vector<std::string> facts) const {
    if (scenario_.exec != "default") {
      facts.push_back("exec: " + scenario_.exec);
    }
    if (scenario_.start_time > absl::ZeroDuration()) {
      facts.push_back("startTime: " + Text(scenario_.start_time));
    }
    if (scenario_.graceful_stop > absl::ZeroDuration()) {
      facts.push_back("gracefulStop: " + Text(scenario_.graceful_stop));
    }
    return facts.empty() ? "" : absl::StrCat(" (", absl::StrJoin(facts, ", "), ")");
  }

  const ScenarioConfig& scenario_;
  const ScenarioPlan& plan_;
  const SegmentTuple& segment_;
};

}  // namespace

std::string DescribeScenario(const ScenarioConfig& scenario, const ScenarioPlan& plan,
                             const SegmentTuple& segment) {
  return std::visit(Describer(scenario, plan, segment), scenario.executor);
}

std::string DescribePlan(const InstancePlan& plan, const SegmentTuple& segment) {
  const Fraction length = segment.length();
  const double percent =
      100 * static_cast<double>(length.numerator) / static_cast<double>(length.denominator);
  const int64_t count = plan.scenarios_with_work();
  return absl::StrCat(absl::StrFormat("(%.2f%%) ", percent), Counted(count, "scenario"), ", ",
                      plan.max_vus, " max VUs, ", Text(plan.max_duration),
                      " max duration (incl. graceful stop)");
}

}  // namespace lockstep
