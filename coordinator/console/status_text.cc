#include "coordinator/console/status_text.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "common/base/display_width.h"
#include "common/base/terminal_style.h"
#include "common/health/judge.h"
#include "common/messages/words.h"
#include "common/result/error_lines.h"
#include "common/summary/format.h"
#include "coordinator/console/progress_rows.h"
#include "coordinator/console/progress_view.h"

namespace lockstep::coordinator {
namespace {

// Columns by which what a sentence's first line has no room for is further to the right.
constexpr size_t kHanging = 2;

double ValueOf(const v1::MetricStatus& metric, const char* name) {
  const auto found = metric.values().find(name);
  return found == metric.values().end() ? 0 : found->second;
}

// "3.2ms", "1m0s": as the summary writes it.
std::string TimeOf(const v1::MetricStatus& metric, const char* name) {
  return FormatDuration(ValueOf(metric, name), "");
}

class StatusText {
 public:
  StatusText(const v1::RunStatus& status, const StatusLook& look)
      : status_(status), look_(look), view_(MakeProgressView(status, nullptr, {true, true})) {}

  std::vector<std::string> Lines() {
    Head();
    const RowsLook rows = {.columns = std::max(look_.columns - 2, 1), .color = look_.color};
    Part("AGENTS", RenderAgentRows(view_.agent_lines, rows));
    Part("SCENARIOS", Scenarios());
    Part("THRESHOLDS", RenderThresholdRows(view_.threshold_lines, rows));
    Part("ERRORS", Errors());
    Part("DURATIONS", Durations());
    return std::move(lines_);
  }

 private:
  void Part(absl::string_view title, const std::vector<std::string>& lines) {
    if (lines.empty()) {
      return;
    }
    lines_.push_back(Styled(kBold, title, look_.color));
    for (const std::string& line : lines) {
      lines_.push_back(absl::StrCat("  ", line));
    }
  }

  // A sentence, whole: what a line has no room for goes on below.
  void Say(absl::string_view text, int indent, absl::string_view style = kPlain) {
    const auto room = static_cast<size_t>(std::max(look_.columns - indent, 1));
    const std::vector<std::string> parts =
        DisplayWidth(text) <= room ? std::vector<std::string>{std::string(text)}
                                   : WrapToWidth(text, room > kHanging ? room - kHanging : 1);
    std::string margin(static_cast<size_t>(indent), ' ');
    for (const std::string& part : parts) {
      lines_.push_back(Styled(style, absl::StrCat(margin, part), look_.color));
      margin = std::string(static_cast<size_t>(indent) + kHanging, ' ');
    }
  }

  void Head() {
    std::string head = absl::StrFormat("%s  %s%s  %.1fs", status_.script(), WordOf(status_.state()),
                                       status_.paused() ? " (paused)" : "", status_.elapsed_s());
    if (status_.planned_s() > 0) {
      absl::StrAppendFormat(&head, "/%.1fs", status_.planned_s());
    }
    Say(absl::StrFormat("%s  %d/%d VUs  %d complete and %d interrupted iterations", head,
                        status_.vus(), status_.vus_max(), status_.iterations(),
                        status_.interrupted()),
        0);
    if (!status_.stop_reason().empty()) {
      Say(absl::StrCat("ending: ", status_.stop_reason()), 2);
    }
    if (status_.stop_within_s() > 0) {
      Say(absl::StrFormat("what still runs may take up to %.0fs", status_.stop_within_s()), 2);
    }
    AgentsThatAreMissing();
    const v1::Load& load = status_.load();
    Say(absl::StrFormat("now %.1f iterations/s, %.1f requests/s, %.1f of them failed; so far %d "
                        "requests, %d failed",
                        load.iterations_per_s(), load.http_reqs_per_s(),
                        load.http_reqs_failed_per_s(), load.http_reqs(), load.http_reqs_failed()),
        2);
    if (status_.validity() != v1::Health::UNKNOWN) {
      Say(absl::StrCat("load generator: ", GeneratorText(status_.validity())), 2);
      for (const std::string& reason : status_.validity_reasons()) {
        Say(absl::StrCat("- ", reason), 4);
      }
    }
    for (const std::string& sentence : status_.lost_by_outputs()) {
      Say(absl::StrCat("outputs: ", sentence), 2, kRed);
    }
    for (const auto& [kind, count] :
         std::map<std::string, int64_t>(status_.refused().begin(), status_.refused().end())) {
      Say(absl::StrCat("refused, ", kind, ": ", count), 2);
    }
  }

  // While the load runs, where more agents are wanted than share it.
  void AgentsThatAreMissing() {
    int64_t there = 0;
    for (const v1::AgentStatus& agent : status_.agents()) {
      there += agent.state() == v1::AgentStatus::CONNECTED ||
                       agent.state() == v1::AgentStatus::DISCONNECTED
                   ? 1
                   : 0;
    }
    const int64_t more = status_.agents_wanted() - there;
    if (status_.state() == v1::RunStatus::RUNNING && status_.agents_move() && more > 0) {
      Say(absl::StrCat("agents: ", there, " of ", status_.agents_wanted(), " wanted; ", more,
                       " more ", more == 1 ? "joins as it comes" : "join as they come"),
          2);
    }
  }

  std::vector<std::string> Scenarios() const {
    std::vector<ScenarioProgressView> rows;
    for (const v1::ScenarioStatus& scenario : status_.scenarios()) {
      rows.push_back({.name = scenario.name(),
                      .state = scenario.state(),
                      .progress = std::clamp(scenario.progress(), 0.0, 1.0),
                      .vus = scenario.vus(),
                      .max_vus = scenario.allocated_vus(),
                      .elapsed = absl::Seconds(scenario.elapsed_s()),
                      .total = absl::InfiniteDuration(),
                      .iterations = scenario.iterations(),
                      .planned = scenario.planned(),
                      .per_s = scenario.load().iterations_per_s(),
                      .wanted_per_s = scenario.wanted_per_s(),
                      .failed_per_s = scenario.load().http_reqs_failed_per_s()});
    }
    return RenderScenarioRows(
        rows, {.columns = std::max(look_.columns - 2, 1), .bars = false, .color = look_.color});
  }

  std::vector<std::string> Errors() const {
    std::vector<ErrorRow> rows;
    for (const v1::ErrorStatus& error : status_.errors()) {
      ErrorRow& row = rows.emplace_back();
      row.error = {.cause = error.cause(),
                   .method = error.method(),
                   .name = error.name(),
                   .count = static_cast<uint64_t>(std::max<int64_t>(error.count(), 0)),
                   .first_unix_nanos = error.first_unix_ns()};
      for (const auto& [agent, count] : error.agents()) {
        row.agents[agent] = static_cast<uint64_t>(std::max<int64_t>(count, 0));
      }
    }
    return ErrorLines(
        rows, static_cast<uint64_t>(std::max<int64_t>(status_.folded_errors(), 0)),
        {.color = look_.color, .columns = static_cast<size_t>(std::max(look_.columns - 2, 1))});
  }

  std::vector<std::string> Durations() const {
    std::vector<std::vector<std::string>> table;
    for (const v1::MetricStatus& metric : status_.metrics()) {
      if (metric.type() == v1::METRIC_KIND_TREND && metric.contains() == v1::METRIC_CONTENTS_TIME &&
          metric.tags().empty()) {
        std::vector<std::string>& cells = table.emplace_back();
        cells.push_back(metric.key());
        for (const char* name : {"med", "p(95)", "p(99)", "max"}) {
          cells.push_back(absl::StrCat(name, " ", TimeOf(metric, name)));
        }
      }
    }
    return AlignColumns(table, static_cast<size_t>(std::max(look_.columns - 2, 1)));
  }

  const v1::RunStatus& status_;
  const StatusLook look_;
  ProgressView view_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> RenderStatus(const v1::RunStatus& status, const StatusLook& look) {
  return StatusText(status, look).Lines();
}

}  // namespace lockstep::coordinator
