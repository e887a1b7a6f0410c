#include "coordinator/console/progress_rows.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "common/base/display_width.h"
#include "common/base/terminal_style.h"
#include "common/messages/words.h"
#include "common/summary/format.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kWidestName = 30;
constexpr size_t kNarrowestName = 8;
constexpr size_t kWidestBar = 40;
constexpr size_t kNarrowestBar = 12;
constexpr size_t kBracketsWidth = 8;  // "[  50% ]"
constexpr size_t kPercentWidth = 4;   // " 50%"

std::string Cut(const std::string& name, size_t columns) {
  return DisplayWidth(name) <= columns ? name
                                       : absl::StrCat(CutToWidth(name, columns - 1), "\u2026");
}

struct Sign {
  const char* text;
  absl::string_view style;
};

Sign SignOf(v1::ScenarioProgress::State state) {
  switch (state) {
    case v1::ScenarioProgress::WAITING:
      return {"\u2022", kYellow};
    case v1::ScenarioProgress::STOPPING:
      return {"\u2193", kYellow};
    case v1::ScenarioProgress::INTERRUPTED:
      return {"\u2717", kRed};
    case v1::ScenarioProgress::DONE:
      return {"\u2713", kGreen};
    default:
      return {" ", ""};
  }
}

std::string PercentText(double progress) {
  return absl::StrFormat("%3d%%", static_cast<int>(std::floor(progress * 100)));
}

std::string BarText(double progress, size_t width) {
  const size_t inner = width - 2;
  const auto filled = static_cast<size_t>(std::floor(progress * static_cast<double>(inner)));
  std::string bar(filled, '=');
  if (filled > 0 && filled < inner) {
    bar.back() = '>';
  }
  return absl::StrCat("[", bar, std::string(inner - filled, '-'), "]");
}

// The columns right of the bar.
enum Fact { kVus, kTime, kIterations, kRate, kErrors, kFacts };
// Which goes first where there is no room.
constexpr Fact kGivingWay[] = {kRate, kTime, kIterations, kErrors, kVus};

std::string TimeText(const ScenarioProgressView& row) {
  if (row.state == v1::ScenarioProgress::WAITING && row.starts_in > absl::ZeroDuration()) {
    return "starts in " + ClockText(row.starts_in);
  }
  const std::string total = row.total == absl::InfiniteDuration() ? "" : "/" + ClockText(row.total);
  return ClockText(std::min(row.elapsed, row.total)) + total;
}

std::string FactText(const ScenarioProgressView& row, Fact fact) {
  switch (fact) {
    case kVus:
      return VusText(row.vus, row.max_vus) + " VUs";
    case kTime:
      return TimeText(row);
    case kIterations:
      return row.planned >= 0 ? absl::StrCat(row.iterations, "/", row.planned, " iters")
                              : absl::StrCat(row.iterations, " iters");
    case kRate:
      if (row.wanted_per_s > 0) {
        return absl::StrCat(RateText(row.per_s), " of ", RateText(row.wanted_per_s), "/s");
      }
      return row.per_s > 0 ? RateText(row.per_s) + "/s" : "";
    case kErrors:
      return row.failed_per_s > 0 ? RateText(row.failed_per_s) + " failed/s" : "";
    default:
      return "";
  }
}

class ScenarioRows {
 public:
  ScenarioRows(const std::vector<ScenarioProgressView>& rows, const RowsLook& look)
      : rows_(rows), look_(look) {
    for (const ScenarioProgressView& row : rows_) {
      name_ = std::max(name_, std::min(kWidestName, DisplayWidth(row.name)));
      for (int fact = 0; fact < kFacts; ++fact) {
        facts_[fact] = std::max(facts_[fact], DisplayWidth(FactText(row, static_cast<Fact>(fact))));
      }
    }
    Fit();
  }

  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const ScenarioProgressView& row : rows_) {
      lines.push_back(Line(row));
    }
    return lines;
  }

 private:
  // Columns of a whole line; a fact that no row has takes none.
  size_t Width() const {
    size_t width = name_ + 3 + share_;
    size_t gap = 1;
    for (const size_t fact : facts_) {
      width += fact > 0 ? fact + std::exchange(gap, 2) : 0;
    }
    return width;
  }
  size_t Excess() const {
    const auto room = static_cast<size_t>(std::max(look_.columns, 1));
    return Width() > room ? Width() - room : 0;
  }
  static size_t Less(size_t from, size_t by, size_t least) {
    return std::max(from - std::min(from, by), std::min(from, least));
  }
  void Fit() {
    const size_t whole_name = name_;
    share_ = look_.bars ? Less(share_, Excess(), kNarrowestBar) : kBracketsWidth;
    if (Excess() > 0) {
      share_ = kBracketsWidth;
    }
    name_ = Less(name_, Excess(), kNarrowestName);
    if (Excess() > 0) {
      share_ = kPercentWidth;
    }
    for (const Fact fact : kGivingWay) {
      if (Excess() > 0) {
        facts_[fact] = 0;
      }
    }
    name_ = Less(name_, Excess(), 1);
    // What a fact leaves behind may be more than was needed.
    const auto room = static_cast<size_t>(std::max(look_.columns, 1));
    name_ = std::min(whole_name, name_ + (room - std::min(room, Width())));
  }

  std::string Share(double progress) const {
    return share_ == kPercentWidth    ? PercentText(progress)
           : share_ == kBracketsWidth ? absl::StrCat("[ ", PercentText(progress), " ]")
                                      : BarText(progress, share_);
  }

  std::string Line(const ScenarioProgressView& row) const {
    const Sign sign = SignOf(row.state);
    std::string line =
        absl::StrCat(PadToWidth(Cut(row.name, name_), name_), " ",
                     Styled(sign.style, sign.text, look_.color), " ", Share(row.progress));
    std::string gap = " ";
    for (int fact = 0; fact < kFacts; ++fact) {
      if (facts_[fact] == 0) {
        continue;
      }
      const std::string text = FactText(row, static_cast<Fact>(fact));
      const bool bad = fact == kErrors && !text.empty();
      absl::StrAppend(&line, gap, Styled(bad ? kRed : kPlain, text, look_.color));
      gap = std::string(facts_[fact] - DisplayWidth(text) + 2, ' ');
    }
    absl::StripTrailingAsciiWhitespace(&line);
    return line;
  }

  const std::vector<ScenarioProgressView>& rows_;
  const RowsLook look_;
  size_t name_ = 0;
  size_t share_ = kWidestBar;
  size_t facts_[kFacts] = {};
};

}  // namespace

std::string ClockText(absl::Duration duration) {
  const int64_t tenths = std::max<int64_t>(0, absl::ToInt64Milliseconds(duration) / 100);
  return absl::StrFormat("%dm%02d.%ds", tenths / 600, tenths / 10 % 60, tenths % 10);
}

std::string VusText(int64_t vus, int64_t max_vus) {
  const int width = static_cast<int>(absl::StrCat(max_vus).size());
  return absl::StrFormat("%0*d/%d", width, vus, max_vus);
}

std::string RateText(double per_s) {
  return per_s < 99.95 ? absl::StrFormat("%.1f", per_s) : absl::StrFormat("%.0f", per_s);
}

std::vector<std::string> RenderScenarioRows(const std::vector<ScenarioProgressView>& scenarios,
                                            const RowsLook& look) {
  return ScenarioRows(scenarios, look).Lines();
}

std::vector<std::string> RenderAgentRows(const std::vector<AgentProgressView>& agents,
                                         const RowsLook& look) {
  const bool color = look.color;
  std::vector<std::vector<std::string>> table;
  for (const AgentProgressView& agent : agents) {
    const bool here = agent.state == v1::AgentStatus::CONNECTED;
    table.push_back(
        {Cut(agent.name, kWidestName), Styled(here ? kPlain : kYellow, WordOf(agent.state), color),
         VusText(agent.vus, agent.max_vus) + " VUs", RateText(agent.requests_per_s) + " requests/s",
         Styled(agent.failed_per_s > 0 ? kRed : kPlain, RateText(agent.failed_per_s) + " failed/s",
                color),
         agent.cpu < 0 ? "CPU -" : absl::StrFormat("CPU %.0f%%", agent.cpu * 100),
         absl::StrCat("lag ", FormatDuration(absl::ToDoubleMilliseconds(agent.lag), "ms")),
         absl::StrCat("clock \u00b1",
                      FormatDuration(absl::ToDoubleMilliseconds(agent.clock_within), "ms"))});
  }
  return AlignColumns(table, static_cast<size_t>(look.columns));
}

std::vector<std::string> RenderThresholdRows(const std::vector<ThresholdProgressView>& thresholds,
                                             const RowsLook& look) {
  const bool color = look.color;
  std::vector<std::vector<std::string>> table;
  for (const bool failing : {true, false}) {
    for (const ThresholdProgressView& each : thresholds) {
      if ((each.verdict == v1::ThresholdStatus::FAILING) != failing) {
        continue;
      }
      const bool data = each.verdict != v1::ThresholdStatus::NO_DATA;
      table.push_back({Styled(failing ? kRed
                              : data  ? kGreen
                                      : kYellow,
                              failing ? "\u2717"
                              : data  ? "\u2713"
                                      : "\u2022",
                              color),
                       each.metric, absl::StrCat("'", each.expression, "'"),
                       data ? each.value : "no data"});
    }
  }
  return AlignColumns(table, static_cast<size_t>(look.columns));
}

}  // namespace lockstep::coordinator
