#include "coordinator/console/progress.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

#include "common/base/display_width.h"
#include "common/options/duration.h"
#include "common/plan/describe.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kWidestName = 30;
constexpr int kBarWidth = 40;
constexpr int kPercentageWidth = 8;

std::string ShortName(const std::string& name) {
  return DisplayWidth(name) <= kWidestName
             ? name
             : absl::StrCat(CutToWidth(name, kWidestName - 1), "\u2026");
}

// "0m12.3s": a fixed number of decimals, so that columns stand still.
std::string ClockText(absl::Duration duration) {
  const int64_t tenths = std::max<int64_t>(0, absl::ToInt64Milliseconds(duration) / 100);
  return absl::StrFormat("%dm%02d.%ds", tenths / 600, tenths / 10 % 60, tenths % 10);
}

std::string VusText(int64_t vus, int64_t max_vus) {
  const int width = static_cast<int>(absl::StrCat(max_vus).size());
  return absl::StrFormat("%0*d/%d", width, vus, max_vus);
}

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
  if (plan.by_time && moves && line.total > absl::ZeroDuration() &&
      line.total < absl::InfiniteDuration()) {
    reported = absl::FDivDuration(line.elapsed, line.total);
  }
  return std::clamp(reported, 0.0, 1.0);
}

struct Sign {
  const char* text;
  const char* color;
};

Sign SignOf(v1::ScenarioProgress::State state) {
  switch (state) {
    case v1::ScenarioProgress::WAITING:
      return {"\u2022", "33"};
    case v1::ScenarioProgress::STOPPING:
      return {"\u2193", "33"};
    case v1::ScenarioProgress::INTERRUPTED:
      return {"\u2717", "31"};
    case v1::ScenarioProgress::DONE:
      return {"\u2713", "32"};
    default:
      return {" ", "0"};
  }
}

std::string PercentText(double progress) {
  return absl::StrFormat("%3d%%", static_cast<int>(std::floor(progress * 100)));
}

std::string BarText(double progress) {
  const int inner = kBarWidth - 2;
  const int filled = static_cast<int>(std::floor(progress * inner));
  std::string bar(static_cast<size_t>(filled), '=');
  if (filled > 0 && filled < inner) {
    bar.back() = '>';
  }
  return absl::StrCat("[", bar, std::string(static_cast<size_t>(inner - filled), '-'), "]");
}

// The columns right of the bar.
std::vector<std::string> Facts(const ScenarioProgressView& scenario) {
  const std::string total =
      scenario.total == absl::InfiniteDuration() ? "" : "/" + ClockText(scenario.total);
  const std::string time =
      scenario.state == v1::ScenarioProgress::WAITING && scenario.starts_in > absl::ZeroDuration()
          ? "starts in " + ClockText(scenario.starts_in)
          : ClockText(std::min(scenario.elapsed, scenario.total)) + total;
  const std::string iterations = scenario.planned >= 0
                                     ? absl::StrCat(scenario.iterations, "/", scenario.planned)
                                     : absl::StrCat(scenario.iterations);
  return {VusText(scenario.vus, scenario.max_vus) + " VUs", time, iterations + " iters"};
}

size_t WidestName(const std::vector<ScenarioProgressView>& scenarios) {
  size_t widest = 0;
  for (const ScenarioProgressView& scenario : scenarios) {
    widest = std::max(widest, DisplayWidth(ShortName(scenario.name)));
  }
  return widest;
}

std::vector<size_t> WidestFacts(const std::vector<ScenarioProgressView>& scenarios) {
  std::vector<size_t> widths(3, 0);
  for (const ScenarioProgressView& scenario : scenarios) {
    const std::vector<std::string> facts = Facts(scenario);
    for (size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(facts[i]));
    }
  }
  return widths;
}

// The facts of one scenario, in columns of these widths.
std::string FactsLine(const ScenarioProgressView& scenario, const std::vector<size_t>& widths) {
  const std::vector<std::string> facts = Facts(scenario);
  return absl::StrCat(PadToWidth(facts[0], widths[0]), "  ", PadToWidth(facts[1], widths[1]), "  ",
                      facts[2]);
}

}  // namespace

std::string RenderHeader(const HeaderFacts& facts, const std::vector<ScenarioConfig>& scenarios,
                         const InstancePlan& plan, const SegmentTuple& segment) {
  std::string text =
      absl::StrCat("     execution: ", facts.execution, "\n        script: ", facts.script, "\n");
  absl::StrAppend(
      &text, "        output: ", facts.outputs.empty() ? "-" : absl::StrJoin(facts.outputs, ", "),
      "\n\n     scenarios: ", DescribePlan(plan, segment), ":\n");
  for (size_t i = 0; i < scenarios.size(); ++i) {
    if (plan.scenarios[i].has_work) {
      absl::StrAppend(&text, "              * ", scenarios[i].name, ": ",
                      DescribeScenario(scenarios[i], plan.scenarios[i], segment), "\n");
    }
  }
  return text + "\n";
}

ProgressView MakeProgressView(const v1::RunStatus& status, const InstancePlan& plan) {
  ProgressView view;
  view.elapsed = absl::Seconds(status.elapsed_s());
  view.paused = status.paused();
  view.vus = status.vus();
  view.max_vus = status.vus_max();
  view.complete = status.iterations();
  view.interrupted = status.interrupted();
  view.total = plan.regular_duration;
  for (const ScenarioPlan& part : plan.scenarios) {
    ScenarioProgressView& line = view.scenarios.emplace_back();
    line.name = part.name;
    line.total = part.regular_duration;
    line.elapsed = std::max(view.elapsed - part.start_time, absl::ZeroDuration());
    line.starts_in = std::max(part.start_time - view.elapsed, absl::ZeroDuration());
    for (const v1::ScenarioStatus& scenario : status.scenarios()) {
      if (scenario.name() == part.name) {
        line.state = scenario.state();
        line.progress = ProgressOf(part, scenario.progress(), line);
        line.vus = scenario.vus();
        line.max_vus = scenario.allocated_vus();
        line.iterations = scenario.iterations();
        line.planned = scenario.planned();
        if (HasEnded(line.state)) {
          line.elapsed = absl::Seconds(scenario.elapsed_s());
        }
      }
    }
  }
  return view;
}

std::string RenderRunLine(const ProgressView& view) {
  const std::string total =
      view.total == absl::InfiniteDuration() ? "" : "/" + DurationText(view.total);
  return absl::StrCat(view.paused ? "paused" : "running", " (", ClockText(view.elapsed), total,
                      "), ", VusText(view.vus, view.max_vus), " VUs, ", view.complete,
                      " complete and ", view.interrupted, " interrupted iterations");
}

std::vector<std::string> RenderTerminalLines(const ProgressView& view, int width, bool color) {
  const size_t widest_name = WidestName(view.scenarios);
  const std::vector<size_t> widths = WidestFacts(view.scenarios);
  const int fixed = static_cast<int>(widest_name + widths[0] + widths[1] + widths[2]) + 9;
  const bool bar = fixed + kBarWidth <= width;
  const bool percentage = fixed + kPercentageWidth <= width;
  std::vector<std::string> lines = {RenderRunLine(view)};
  for (const ScenarioProgressView& scenario : view.scenarios) {
    const Sign sign = SignOf(scenario.state);
    std::string line = absl::StrCat(
        PadToWidth(ShortName(scenario.name), widest_name), " ",
        color ? absl::StrCat("\x1b[", sign.color, "m", sign.text, "\x1b[0m") : sign.text, " ");
    if (bar) {
      absl::StrAppend(&line, BarText(scenario.progress), " ");
    } else if (percentage) {
      absl::StrAppend(&line, "[ ", PercentText(scenario.progress), " ] ");
    }
    lines.push_back(line + FactsLine(scenario, widths));
  }
  return lines;
}

std::vector<std::string> RenderPlainLines(const ProgressView& view) {
  const size_t widest_name = WidestName(view.scenarios);
  const std::vector<size_t> widths = WidestFacts(view.scenarios);
  std::vector<std::string> lines = {RenderRunLine(view)};
  for (const ScenarioProgressView& scenario : view.scenarios) {
    lines.push_back(absl::StrCat(PadToWidth(ShortName(scenario.name), widest_name), " ",
                                 SignOf(scenario.state).text, " [ ", PercentText(scenario.progress),
                                 " ] ", FactsLine(scenario, widths)));
  }
  return lines;
}

}  // namespace lockstep::coordinator
