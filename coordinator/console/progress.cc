#include "coordinator/console/progress.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/counted.h"
#include "common/base/display_width.h"
#include "common/base/terminal_style.h"
#include "common/options/duration.h"
#include "coordinator/console/progress_rows.h"

namespace lockstep::coordinator {
namespace {

using State = v1::RunStatus;

std::string LoadLine(const ProgressView& view, absl::string_view word) {
  const std::string total =
      view.total == absl::InfiniteDuration() ? "" : "/" + DurationText(view.total);
  return absl::StrCat(word, " (", ClockText(view.elapsed), total, "), ",
                      VusText(view.vus, view.max_vus), " VUs, ", view.complete, " complete and ",
                      view.interrupted, " interrupted iterations");
}

// Without the last parts of `line`, between commas, that are beyond `columns`.
std::string WithoutWhatDoesNotFit(std::string line, size_t columns) {
  while (DisplayWidth(line) > columns) {
    const size_t comma = line.rfind(", ");
    if (comma == std::string::npos) {
      break;
    }
    line.resize(comma);
  }
  return line;
}

// Whole seconds, of which there is one at least.
std::string SecondsText(absl::Duration duration) {
  return DurationText(std::max(absl::Seconds(1), absl::Ceil(duration, absl::Seconds(1))));
}

// Which scenarios to show where there is room for `room` lines, the one that counts the others
// among them: running ones, then waiting ones, then finished ones.
std::vector<ScenarioProgressView> Chosen(const std::vector<ScenarioProgressView>& all, size_t room,
                                         std::string* left_out) {
  if (all.size() <= room) {
    return all;
  }
  const auto rank = [](const ScenarioProgressView& row) {
    switch (row.state) {
      case v1::ScenarioProgress::DONE:
        return 2;
      case v1::ScenarioProgress::WAITING:
        return 1;
      default:
        return 0;
    }
  };
  size_t places = room > 0 ? room - 1 : 0;
  std::vector<bool> shown(all.size(), false);
  std::array<int64_t, 3> rest = {};
  for (int wanted = 0; wanted < 3; ++wanted) {
    for (size_t i = 0; i < all.size(); ++i) {
      if (rank(all[i]) != wanted) {
        continue;
      }
      if (places > 0) {
        shown[i] = true;
        --places;
      } else {
        ++rest[static_cast<size_t>(wanted)];
      }
    }
  }
  std::vector<ScenarioProgressView> chosen;
  for (size_t i = 0; i < all.size(); ++i) {
    if (shown[i]) {
      chosen.push_back(all[i]);
    }
  }
  std::vector<std::string> words;
  constexpr absl::string_view kWords[] = {"running", "waiting", "finished"};
  for (const size_t i : {0, 1, 2}) {
    if (rest[i] > 0) {
      words.push_back(absl::StrCat(rest[i], " ", kWords[i]));
    }
  }
  *left_out = room > 0 ? absl::StrCat("and ", absl::StrJoin(words, ", ")) : "";
  return chosen;
}

// `head` with `text` beside it, which goes on below its own beginning.
void AddBeside(std::string head, const std::string& text, int columns, std::string* out) {
  const std::string below(head.size(), ' ');
  const int room = std::max(columns - static_cast<int>(head.size()), 1);
  for (const std::string& line : columns > 0 ? WrapToWidth(text, static_cast<size_t>(room))
                                             : std::vector<std::string>{text}) {
    absl::StrAppend(out, std::exchange(head, below), line, "\n");
  }
}

bool ShowsScenarios(const ProgressView& view) {
  return view.state >= State::RUNNING;
}

}  // namespace

std::string RenderHeader(const HeaderFacts& facts, const InstancePlan& plan,
                         const SegmentTuple& segment) {
  std::string text =
      absl::StrCat("     execution: ", facts.execution, "\n        script: ", facts.script, "\n");
  const std::string outputs = facts.outputs.empty() ? "-" : absl::StrJoin(facts.outputs, ", ");
  AddBeside("        output: ", outputs, facts.columns, &text);
  absl::StrAppend(&text, "\n");
  AddBeside("     scenarios: ", DescribePlan(plan, segment) + ":", facts.columns, &text);
  for (const ScenarioPlan& scenario : plan.scenarios) {
    if (scenario.has_work) {
      AddBeside("              * ", absl::StrCat(scenario.name, ": ", scenario.description),
                facts.columns, &text);
    }
  }
  return text + "\n";
}

std::string RenderRunLine(const ProgressView& view) {
  switch (view.state) {
    case State::WAITING_FOR_AGENTS:
      return absl::StrCat("connecting agents: ", view.agents, " of ", view.agents_wanted);
    case State::INSPECTING:
      return absl::StrCat("reading the script: ", ClockText(view.in_state));
    case State::ASSIGNING:
      return absl::StrCat("handing the test to ", Counted(view.agents_wanted, "agent"));
    case State::PREPARING:
      if (view.paused && view.max_vus >= view.vus_wanted) {
        return absl::StrCat("paused before setup(), ", Counted(view.max_vus, "VU"), " initialised");
      }
      return absl::StrCat("initialising VUs: ", view.max_vus, " of ", view.vus_wanted);
    case State::SETUP:
      return absl::StrCat("setup(): ", ClockText(view.in_state));
    case State::READY_BARRIER:
      return view.paused ? "paused before the start" : "starting";
    case State::DRAINING:
      return LoadLine(view, view.stop_within > absl::ZeroDuration() || view.interrupts > 0
                                ? "stopping"
                                : "running");
    case State::TEARDOWN:
      return absl::StrCat("teardown(): ", ClockText(view.in_state));
    case State::SUMMARISING:
      return view.final ? LoadLine(view, "running")
                        : absl::StrCat("summarising: ", ClockText(view.in_state));
    default:
      return LoadLine(view, view.paused && view.state == State::RUNNING ? "paused" : "running");
  }
}

std::string RenderStopNote(const ProgressView& view) {
  if (view.interrupts == 0 || view.final) {
    return "";
  }
  const bool last = view.interrupts > 1;
  const std::string quits =
      last ? "Ctrl+C again quits at once, without a summary." : "a third time quits at once.";
  switch (view.state) {
    case State::DRAINING: {
      const std::string iterations = Counted(view.vus, "iteration");
      if (view.stop_within > absl::ZeroDuration() && !last) {
        return absl::StrCat("Stopping: up to ", SecondsText(view.stop_within), " for ", iterations,
                            ". Ctrl+C again interrupts ", view.vus == 1 ? "it" : "them", ", ",
                            quits);
      }
      if (view.elapsed == absl::ZeroDuration()) {
        return absl::StrCat(
            "Stopping: setup() is interrupted. ",
            last ? quits : absl::StrCat("Ctrl+C again hurries teardown(), ", quits));
      }
      return absl::StrCat("Interrupting ", iterations, ". ",
                          last ? quits : "A third Ctrl+C quits at once.");
    }
    case State::TEARDOWN:
      return absl::StrCat("Stopping once teardown() has ended, within ",
                          SecondsText(view.stop_within), ". ",
                          last ? quits : absl::StrCat("Ctrl+C again gives it up, ", quits));
    case State::SUMMARISING:
      return absl::StrCat(
          "Stopping once handleSummary() has ended, within ", SecondsText(view.stop_within), ". ",
          last ? quits : absl::StrCat("Ctrl+C again prints the usual summary, ", quits));
    default:
      return "";
  }
}

std::vector<std::string> RenderTerminalLines(const ProgressView& view, TerminalSize size,
                                             bool color) {
  std::string head = WithoutWhatDoesNotFit(RenderRunLine(view), static_cast<size_t>(size.columns));
  const std::string rates = absl::StrCat(", ", RateText(view.requests_per_s), " requests/s");
  const std::string errors =
      view.failed_per_s > 0 ? absl::StrCat(", ", RateText(view.failed_per_s), " failed") : "";
  if (view.requests_per_s > 0 && view.state == State::RUNNING &&
      DisplayWidth(head) + DisplayWidth(rates) + DisplayWidth(errors) <=
          static_cast<size_t>(size.columns)) {
    absl::StrAppend(&head, rates, Styled(kRed, errors, color));
  }
  std::vector<std::string> lines = {std::move(head)};
  std::vector<std::string> below;
  if (ShowsScenarios(view)) {
    const RowsLook look = {.columns = size.columns, .color = color};
    below = RenderAgentRows(view.agent_lines, look);
    for (std::string& line : RenderThresholdRows(view.threshold_lines, look)) {
      below.push_back(std::move(line));
    }
  }
  for (const std::string& part :
       WrapToWidth(RenderStopNote(view), static_cast<size_t>(std::max(size.columns, 1)))) {
    below.push_back(Styled(kYellow, part, color));
  }
  if (ShowsScenarios(view)) {
    // The cursor needs a row. What is drawn for the last time is drawn whole.
    const size_t taken = 2 + below.size();
    const size_t rows = static_cast<size_t>(std::max(size.rows, 1));
    const size_t room = view.final     ? std::numeric_limits<size_t>::max()
                        : rows > taken ? rows - taken
                                       : 1;
    std::string left_out;
    const std::vector<ScenarioProgressView> chosen = Chosen(view.scenarios, room, &left_out);
    for (std::string& line :
         RenderScenarioRows(chosen, {.columns = size.columns, .color = color})) {
      lines.push_back(std::move(line));
    }
    if (!left_out.empty()) {
      lines.push_back(left_out);
    }
  }
  for (std::string& line : below) {
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> RenderPlainLines(const ProgressView& view) {
  std::vector<std::string> lines = {RenderRunLine(view)};
  const RowsLook look = {.columns = std::numeric_limits<int>::max(), .bars = false};
  if (ShowsScenarios(view)) {
    for (std::string& line : RenderScenarioRows(view.scenarios, look)) {
      lines.push_back(std::move(line));
    }
    for (const std::vector<std::string>& more : {RenderAgentRows(view.agent_lines, look),
                                                 RenderThresholdRows(view.threshold_lines, look)}) {
      lines.insert(lines.end(), more.begin(), more.end());
    }
  }
  return lines;
}

}  // namespace lockstep::coordinator
