#include "common/plan/fleet_plan.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

#include "common/base/counted.h"
#include "common/base/status_macros.h"
#include "common/options/duration.h"

namespace lockstep {
namespace {

constexpr size_t kFirst = 5;   // starts and VU ids
constexpr size_t kSteps = 12;  // of VUs, in the text

using Json = nlohmann::ordered_json;

const char* PartitionName(Partition partition) {
  return partition == Partition::kFair ? "fair" : "striped";
}

double Percent(const SegmentTuple& tuple) {
  const Fraction length = tuple.length();
  return 100 * static_cast<double>(length.numerator) / static_cast<double>(length.denominator);
}

// To a tenth of a millisecond.
std::string DueText(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) {
    return "never";
  }
  const absl::Duration unit = absl::Microseconds(100);
  return DurationText(absl::Floor(duration + unit / 2, unit));
}

Json Seconds(absl::Duration duration) {
  return duration == absl::InfiniteDuration() ? Json() : Json(absl::ToDoubleSeconds(duration));
}

// "0s: 4, 1m0s: 0".
std::string StepsText(const ScenarioPlan& part) {
  const size_t shown = part.wanted.size() > kSteps + 1 ? kSteps : part.wanted.size();
  std::string text =
      absl::StrJoin(part.wanted.begin(), part.wanted.begin() + static_cast<std::ptrdiff_t>(shown),
                    ", ", [&](std::string* out, const VuStep& step) {
                      absl::StrAppend(out, DueText(part.start_time + step.at), ": ", step.vus);
                    });
  if (shown < part.wanted.size()) {
    absl::StrAppend(&text, ", and ", part.wanted.size() - shown, " steps more");
  }
  return text;
}

// The first VUs' ids in the whole test.
std::vector<int64_t> VuIds(const AgentPart& agent, const ScenarioPlan& part) {
  std::vector<int64_t> ids;
  const auto count = std::min<int64_t>(part.max_vus, kFirst);
  for (int64_t i = 0; i < count; ++i) {
    ids.push_back(agent.tuple.Unscale(i) + 1);
  }
  return ids;
}

void AppendScenario(const ScenarioPlan& part, const ScenarioPlan& whole, std::string* text) {
  absl::StrAppend(text, "  * ", part.name, ": ");
  if (!part.has_work) {
    absl::StrAppend(text, "nothing to do\n");
    return;
  }
  absl::StrAppend(text, part.description, "\n");
  absl::StrAppend(text, "      VUs         ", StepsText(part));
  if (part.max_vus > part.planned_vus) {
    absl::StrAppend(text, "; up to ", part.max_vus, " if needed");
  }
  absl::StrAppend(text, "\n      iterations  ");
  if (part.iterations >= 0) {
    absl::StrAppend(text, part.iterations, " of ", whole.iterations, "\n");
  } else {
    absl::StrAppend(text, "as many as the VUs can do\n");
  }
  std::vector<absl::Duration> starts = FirstStarts(part, kFirst + 1);
  const bool more = starts.size() > kFirst;
  starts.resize(std::min(starts.size(), kFirst));
  if (!starts.empty()) {
    absl::StrAppend(text, "      starts      ",
                    absl::StrJoin(starts, ", ",
                                  [&](std::string* out, absl::Duration start) {
                                    absl::StrAppend(out, DueText(part.start_time + start));
                                  }),
                    more ? ", ...\n" : "\n");
  }
}

Json ScenarioJson(const ScenarioConfig& scenario, const ScenarioPlan& part,
                  const AgentPart& agent) {
  Json json;
  json["name"] = part.name;
  json["executor"] = ExecutorTypeName(scenario.executor);
  json["has_work"] = part.has_work;
  json["start_time_s"] = Seconds(part.start_time);
  json["duration_s"] = Seconds(part.regular_duration);
  json["graceful_stop_s"] = Seconds(part.graceful_stop);
  json["planned_vus"] = part.planned_vus;
  json["max_vus"] = part.max_vus;
  json["iterations"] = part.iterations < 0 ? Json() : Json(part.iterations);
  json["vu_ids_in_test"] = VuIds(agent, part);
  json["first_starts_s"] = Json::array();
  if (part.has_work) {
    for (const absl::Duration start : FirstStarts(part, kFirst)) {
      json["first_starts_s"].push_back(Seconds(part.start_time + start));
    }
  }
  json["vus"] = Json::array();
  for (const VuStep& step : part.wanted) {
    json["vus"].push_back({{"at_s", Seconds(part.start_time + step.at)}, {"vus", step.vus}});
  }
  return json;
}

}  // namespace

absl::StatusOr<FleetPlan> PlanFleet(const std::vector<ScenarioConfig>& scenarios,
                                    const std::vector<int64_t>& weights, Partition partition) {
  LOCKSTEP_ASSIGN_OR_RETURN(const SegmentSequence sequence, SegmentSequence::FromWeights(weights));
  const absl::StatusOr<std::vector<SegmentTuple>> tuples =
      SegmentTuple::MakeAll(sequence, partition);
  if (!tuples.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("weights: ", absl::StrJoin(weights, ","),
                     " cannot be dealt out exactly: ", tuples.status().message()));
  }
  FleetPlan plan;
  plan.partition = partition;
  LOCKSTEP_ASSIGN_OR_RETURN(plan.whole, PlanInstance(scenarios, SegmentTuple()));
  for (size_t i = 0; i < weights.size(); ++i) {
    LOCKSTEP_ASSIGN_OR_RETURN(InstancePlan part, PlanInstance(scenarios, (*tuples)[i]));
    plan.agents.push_back({weights[i], sequence.segments()[i], (*tuples)[i], std::move(part)});
  }
  return plan;
}

absl::StatusOr<FleetPlan> PlanPart(const std::vector<ScenarioConfig>& scenarios,
                                   const SegmentSequence& sequence, size_t index,
                                   Partition partition) {
  LOCKSTEP_ASSIGN_OR_RETURN(const SegmentTuple tuple,
                            SegmentTuple::Make(sequence, index, partition));
  FleetPlan plan;
  plan.partition = partition;
  LOCKSTEP_ASSIGN_OR_RETURN(plan.whole, PlanInstance(scenarios, tuple));
  plan.agents.push_back({1, sequence.segments()[index], tuple, plan.whole});
  return plan;
}

std::string FleetPlanText(const FleetPlan& plan) {
  std::string text = absl::StrCat(
      Counted(static_cast<int64_t>(plan.agents.size()), "agent"), ", ",
      PartitionName(plan.partition), " partition, ", Counted(plan.whole.max_vus, "VU"),
      plan.whole.max_duration == absl::InfiniteDuration()
          ? ", until stopped"
          : absl::StrCat(", at most ", DueText(plan.whole.max_duration), " (incl. graceful stop)"),
      "\n");
  for (size_t i = 0; i < plan.agents.size(); ++i) {
    const AgentPart& agent = plan.agents[i];
    absl::StrAppend(&text, "\nagent ", i + 1, ": segment ", agent.segment.ToString(),
                    absl::StrFormat(" (%.2f%%), ", Percent(agent.tuple)),
                    Counted(agent.plan.max_vus, "VU"), "\n");
    for (size_t k = 0; k < plan.whole.scenarios.size(); ++k) {
      AppendScenario(agent.plan.scenarios[k], plan.whole.scenarios[k], &text);
    }
  }
  return text;
}

Json FleetPlanJson(const std::vector<ScenarioConfig>& scenarios, const FleetPlan& plan) {
  Json json;
  json["partition"] = PartitionName(plan.partition);
  json["max_vus"] = plan.whole.max_vus;
  json["max_duration_s"] = Seconds(plan.whole.max_duration);
  json["agents"] = Json::array();
  for (size_t i = 0; i < plan.agents.size(); ++i) {
    const AgentPart& agent = plan.agents[i];
    Json part;
    part["agent"] = i + 1;
    part["weight"] = agent.weight;
    part["segment"] = agent.segment.ToString();
    part["max_vus"] = agent.plan.max_vus;
    part["max_duration_s"] = Seconds(agent.plan.max_duration);
    part["scenarios"] = Json::array();
    for (size_t k = 0; k < scenarios.size(); ++k) {
      part["scenarios"].push_back(ScenarioJson(scenarios[k], agent.plan.scenarios[k], agent));
    }
    json["agents"].push_back(std::move(part));
  }
  return json;
}

}  // namespace lockstep
