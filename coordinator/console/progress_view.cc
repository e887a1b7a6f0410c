#include "coordinator/console/progress_view.h"

#include <algorithm>

namespace lockstep::coordinator {
namespace {

bool HasEnded(v1::ScenarioProgress::State state) {
  return state == v1::ScenarioProgress::INTERRUPTED || state == v1::ScenarioProgress::DONE;
}

// Where time decides, the run's clock is asked: the agents' last reports are up to a second old.
double ProgressOf(const ScenarioPlan& plan, double reported, const ScenarioProgressView& line) {
  if (line.state == v1::ScenarioProgress::DONE) {
    return 1;
  }
  const bool moves =
      line.state == v1::ScenarioProgress::RUNNING || line.state == v1::ScenarioProgress::STOPPING;
  if (plan.by_clock() && moves && line.total > absl::ZeroDuration() &&
      line.total < absl::InfiniteDuration()) {
    reported = absl::FDivDuration(line.elapsed, line.total);
  }
  return std::clamp(reported, 0.0, 1.0);
}

ScenarioProgressView MakeScenario(const v1::RunStatus& status, const ScenarioPlan& part,
                                  absl::Duration elapsed) {
  ScenarioProgressView line;
  line.name = part.name;
  line.total = part.regular_duration;
  line.elapsed = std::max(elapsed - part.start_time, absl::ZeroDuration());
  line.starts_in = std::max(part.start_time - elapsed, absl::ZeroDuration());
  for (const v1::ScenarioStatus& scenario : status.scenarios()) {
    if (scenario.name() != part.name) {
      continue;
    }
    line.state = scenario.state();
    line.progress = ProgressOf(part, scenario.progress(), line);
    line.vus = scenario.vus();
    line.max_vus = scenario.allocated_vus();
    line.iterations = scenario.iterations();
    line.planned = scenario.planned();
    line.per_s = scenario.load().iterations_per_s();
    line.failed_per_s = scenario.load().http_reqs_failed_per_s();
    line.wanted_per_s = scenario.wanted_per_s();
    if (HasEnded(line.state)) {
      line.elapsed = absl::Seconds(scenario.elapsed_s());
    }
  }
  if (status.state() >= v1::RunStatus::SUMMARISING && line.state != v1::ScenarioProgress::DONE) {
    line.state = v1::ScenarioProgress::INTERRUPTED;
  }
  return line;
}

AgentProgressView MakeAgent(const v1::AgentStatus& agent) {
  return {.name = agent.name(),
          .state = agent.state(),
          .vus = agent.vus(),
          .max_vus = agent.vus_max(),
          .requests_per_s = agent.load().http_reqs_per_s(),
          .failed_per_s = agent.load().http_reqs_failed_per_s(),
          .cpu = agent.cpu_share() > 0 ? agent.cpu_share() : -1,
          .lag = absl::Milliseconds(agent.loop_lag_p99_ms()),
          .clock_within = absl::Milliseconds(agent.clock_round_trip_ms() / 2)};
}

// "agent-2" before "agent-10".
bool NameLess(const std::string& a, const std::string& b) {
  const auto digit = [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); };
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (!digit(a[i]) || !digit(b[j])) {
      if (a[i] != b[j]) {
        return a[i] < b[j];
      }
      ++i;
      ++j;
      continue;
    }
    const auto number = [&digit](const std::string& text, size_t* at) {
      const size_t begin = std::min(text.find_first_not_of('0', *at), text.size());
      size_t end = begin;
      while (end < text.size() && digit(text[end])) {
        ++end;
      }
      *at = end;
      return text.substr(begin, end - begin);
    };
    const std::string left = number(a, &i), right = number(b, &j);
    if (left != right) {
      return left.size() != right.size() ? left.size() < right.size() : left < right;
    }
  }
  return a.size() - i < b.size() - j;
}

}  // namespace

ProgressView MakeProgressView(const v1::RunStatus& status, const InstancePlan* plan,
                              ProgressParts parts) {
  ProgressView view;
  view.state = status.state();
  view.in_state = absl::Seconds(status.state_s());
  view.interrupts = static_cast<int>(status.interrupts());
  view.stop_within = absl::Seconds(status.stop_within_s());
  view.agents_wanted = status.agents_wanted();
  for (const v1::AgentStatus& agent : status.agents()) {
    view.agents += agent.state() == v1::AgentStatus::CONNECTED ? 1 : 0;
    if (parts.agents) {
      view.agent_lines.push_back(MakeAgent(agent));
    }
  }
  std::sort(view.agent_lines.begin(), view.agent_lines.end(),
            [](const auto& a, const auto& b) { return NameLess(a.name, b.name); });
  if (parts.thresholds) {
    for (const v1::ThresholdStatus& threshold : status.thresholds()) {
      view.threshold_lines.push_back({.metric = threshold.metric(),
                                      .expression = threshold.expression(),
                                      .verdict = threshold.verdict(),
                                      .value = threshold.value_text()});
    }
  }
  view.elapsed = absl::Seconds(status.elapsed_s());
  view.paused = status.paused();
  view.vus = status.vus();
  view.max_vus = status.vus_max();
  view.complete = status.iterations();
  view.interrupted = status.interrupted();
  view.requests_per_s = status.load().http_reqs_per_s();
  view.failed_per_s = status.load().http_reqs_failed_per_s();
  if (plan != nullptr) {
    view.total = plan->regular_duration;
    view.vus_wanted = plan->planned_vus;
    for (const ScenarioPlan& part : plan->scenarios) {
      view.scenarios.push_back(MakeScenario(status, part, view.elapsed));
    }
  }
  return view;
}

}  // namespace lockstep::coordinator
