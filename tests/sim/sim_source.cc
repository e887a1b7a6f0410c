#include "tests/sim/sim_source.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

#include "common/base/status_macros.h"
#include "common/options/options_json.h"
#include "common/plan/plan.h"

namespace lockstep::testing {

SimSource::SimSource(const SimSetup& setup) {
  Options options;
  options.scenarios = setup.scenarios;
  plan_.options_json = ToCanonicalJson(options);
  plan_.partition = setup.partition;
  plan_.has_setup = plan_.has_teardown = plan_.has_handle_summary = true;
  plan_.setup_timeout = plan_.teardown_timeout = absl::Seconds(60);
  plan_.handle_summary_timeout = absl::Seconds(120);
  plan_.length = PlanInstance(setup.scenarios, SegmentTuple())->max_duration;
  for (const ScenarioConfig& scenario : setup.scenarios) {
    plan_.graceful_stop = std::max(plan_.graceful_stop, scenario.graceful_stop);
    plan_.executors[scenario.name] = ExecutorTypeName(scenario.executor);
    if (const auto* controlled = std::get_if<ExternallyControlledConfig>(&scenario.executor)) {
      plan_.controlled[scenario.name] = {controlled->vus, controlled->max_vus};
    }
    if (const auto* shared = std::get_if<SharedIterationsConfig>(&scenario.executor)) {
      plan_.pools[scenario.name] = shared->iterations;
    }
    if (const auto* bound = std::get_if<PerVuIterationsConfig>(&scenario.executor)) {
      plan_.vu_bound[scenario.name] = {.vus = bound->vus, .iterations = bound->iterations};
    }
  }
  plan_.starts_between = [scenarios = setup.scenarios](const SegmentTuple& segment,
                                                       absl::Duration from, absl::Duration to) {
    return StartsBetween(*PlanInstance(scenarios, segment), from, to);
  };
  plan_.share_of = [scenarios = setup.scenarios](const SegmentTuple& segment) {
    const InstancePlan part = *PlanInstance(scenarios, segment);
    coordinator::AgentShare share{.scenarios = {}, .max_vus = part.max_vus};
    for (const ScenarioPlan& scenario : part.scenarios) {
      share.scenarios.push_back({scenario.name, scenario.iterations, scenario.max_vus});
    }
    return share;
  };
}

void SimSource::Fetch(const std::string& /*url*/,
                      absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) {
  done(std::string("a library"));
}

absl::StatusOr<SimResults::Merged> SimResults::Merge(const std::string& agent,
                                                     absl::string_view batch) {
  const std::vector<absl::string_view> lines = absl::StrSplit(batch, '\n', absl::SkipEmpty());
  int64_t number = 0;
  EXPECT_TRUE(absl::SimpleAtoi(lines.at(0), &number));
  std::vector<SimIteration> full;
  std::vector<coordinator::Delivered> delivered;
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(lines[i], ',');
    SimIteration& iteration = full.emplace_back();
    EXPECT_TRUE(absl::SimpleAtoi(parts.first, &iteration.first));
    EXPECT_TRUE(absl::SimpleAtoi(parts.second, &iteration.second));
    ++DeliveredOf(setup_.scenarios.at(iteration.first).name, delivered).full;
  }
  ledger_.MergeBatch(agent, number, full);
  Batch measured;
  measured.metrics.push_back({"iterations", MetricType::kCounter, ValueType::kDefault});
  measured.tag_sets.push_back({{"agent", agent}});
  for (size_t i = 0; i < full.size(); ++i) {
    Aggregate one(MetricType::kCounter);
    one.Add(1, absl::UnixEpoch());
    measured.series.push_back({.first_seen = {}, .aggregate = std::move(one)});
  }
  LOCKSTEP_RETURN_IF_ERROR(store.Merge(measured));
  return Merged{.delivered = std::move(delivered), .until = {}};
}

std::optional<std::string> SimResults::CheckThresholds(absl::Duration measured) {
  judged_.emplace_back(measured, ledger_.counted().size());
  return std::nullopt;
}

}  // namespace lockstep::testing
