#include "coordinator/results/run_history.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/counted.h"
#include "common/messages/words.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kMostNamedAgents = 64;

uint64_t CountOf(int64_t value) {
  return static_cast<uint64_t>(std::max<int64_t>(value, 0));
}

}  // namespace

TimelineTick MakeTimelineTick(const Run& run, const v1::RunStatus& status) {
  TimelineTick tick{.elapsed = run.elapsed(), .vus = status.vus(), .vus_max = status.vus_max()};
  for (const RunMember& member : run.members()) {
    if (!member.lost) {
      tick.agents.push_back({member.name, member.progress.vus_active(), member.progress.health()});
    }
  }
  for (const v1::ThresholdStatus& threshold : status.thresholds()) {
    tick.thresholds.push_back({threshold.metric(), threshold.expression(),
                               threshold.verdict() == v1::ThresholdStatus::FAILING});
  }
  return tick;
}

void DescribeFleet(const Run& run, const v1::RunStatus& status, History* history) {
  history->scenarios.clear();
  for (const v1::ScenarioStatus& scenario : status.scenarios()) {
    history->scenarios.push_back({scenario.name(), scenario.executor(),
                                  std::string(WordOf(scenario.state())),
                                  CountOf(scenario.iterations()), CountOf(scenario.interrupted()),
                                  CountOf(scenario.dropped()), scenario.max_lateness_ms()});
  }
  history->environment.emplace_back("agents", absl::StrCat(run.members().size()));
  size_t named = 0;
  for (const RunMember& member : run.members()) {
    if (++named > kMostNamedAgents) {
      break;
    }
    std::vector<std::string> facts;
    if (!member.segment.empty()) {
      facts.push_back(absl::StrCat("segment ", member.segment));
    }
    if (const double cores = member.progress.health().cores(); cores > 0) {
      facts.push_back(Counted(cores, "processor"));
    }
    for (const auto& [key, value] : member.labels) {
      facts.push_back(absl::StrCat(key, "=", value));
    }
    history->environment.emplace_back(absl::StrCat("agent ", member.name),
                                      absl::StrJoin(facts, ", "));
  }
}

}  // namespace lockstep::coordinator
