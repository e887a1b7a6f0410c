// The end-of-test text, in k6's layout: thresholds, checks, then metrics by topic with columns
// aligned; in the full mode the same again for each group and scenario, each aligned for itself.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "common/base/display_width.h"
#include "common/base/terminal_style.h"
#include "common/base/visible.h"
#include "common/summary/format.h"
#include "common/summary/summary.h"

namespace lockstep {
namespace {

constexpr absl::string_view kPass = "✓";
constexpr absl::string_view kFail = "✗";
constexpr absl::string_view kIndent = "    ";

struct Topic {
  absl::string_view title;
  std::vector<absl::string_view> prefixes;
  std::vector<absl::string_view> compact;  // the built-in ones of the compact mode; empty: all
};

// In the order of printing, after CUSTOM. As in k6, names decide, of a script's own metrics too.
const std::vector<Topic>& Topics() {
  static const std::vector<Topic> topics = {
      {"HTTP",
       {"http_reqs", "http_req_blocked", "http_req_connecting", "http_req_duration",
        "http_req_failed", "http_req_receiving", "http_req_sending", "http_req_tls_handshaking",
        "http_req_waiting"},
       {"http_req_duration", "http_req_duration_errors", "http_req_duration_intended",
        "http_req_failed", "http_reqs", "http_reqs_errors"}},
      {"EXECUTION",
       {"vus", "iterations", "iteration_duration", "iteration_lateness", "dropped_iterations"},
       {}},
      {"NETWORK", {"data_received", "data_sent"}, {}},
      {"BROWSER", {"browser_"}, {}},
      {"GRPC", {"grpc_"}, {}},
      {"WEBSOCKET", {"ws_"}, {}},
  };
  return topics;
}

constexpr absl::string_view kCustom = "CUSTOM";

absl::string_view NameOf(const SummaryMetric& metric) {
  return metric.parent.empty() ? metric.key : metric.parent;
}

// Null: none has it.
const Topic* TopicOf(const SummaryMetric& metric) {
  const absl::string_view name = NameOf(metric);
  for (const Topic& topic : Topics()) {
    if (std::any_of(topic.prefixes.begin(), topic.prefixes.end(),
                    [name](absl::string_view p) { return absl::StartsWith(name, p); })) {
      return &topic;
    }
  }
  return nullptr;
}

// The title under which the text lists a metric, or nothing if it does not.
absl::string_view TitleOf(const SummaryMetric& metric, SummaryMode mode) {
  if (const Topic* const topic = TopicOf(metric)) {
    const bool listed = std::find(topic->compact.begin(), topic->compact.end(), NameOf(metric)) !=
                        topic->compact.end();
    const bool shown =
        !metric.builtin || mode == SummaryMode::kFull || topic->compact.empty() || listed;
    return shown ? topic->title : "";
  }
  return metric.builtin ? "" : kCustom;  // checks have lines of their own, group_duration has none
}

// One entry for all groups' checks of one name, where the first stood.
std::vector<SummaryCheck> MergedByName(const std::vector<SummaryCheck>& checks) {
  std::vector<SummaryCheck> merged;
  absl::flat_hash_map<std::string, size_t> places;
  for (const SummaryCheck& check : checks) {
    const auto [place, added] = places.try_emplace(check.name, merged.size());
    if (added) {
      merged.push_back(check);
    } else {
      merged[place->second].passes += check.passes;
      merged[place->second].fails += check.fails;
    }
  }
  return merged;
}

// One line of a metric, not aligned yet.
struct Row {
  std::string name;
  bool trend = false;
  std::vector<std::string> cells;  // of a trend: "avg=1"; else the value and what follows it
};

class TextRenderer {
 public:
  TextRenderer(const Summary& summary, const TextOptions& options)
      : summary_(summary), options_(options) {}

  std::string Render() {
    out_ = "\n";
    Thresholds();
    Title("TOTAL RESULTS");
    Checks(AllChecks(summary_.root),
           std::any_of(summary_.metrics.begin(), summary_.metrics.end(),
                       [](const SummaryMetric& metric) { return metric.key == "checks"; }));
    Metrics(summary_.metrics);
    if (options_.mode == SummaryMode::kFull) {
      for (const SummaryPart& group : summary_.groups) {
        Part("GROUP", group);
      }
      for (const SummaryPart& scenario : summary_.scenarios) {
        Part("SCENARIO", scenario);
      }
    }
    Lost();
    return std::move(out_);
  }

 private:
  struct Widths {
    size_t name = 0;
    size_t value = 0;
    std::vector<size_t> extras;
    std::vector<size_t> trend;
  };

  std::string Color(absl::string_view style, absl::string_view text) const {
    return Styled(style, text, options_.color);
  }
  std::string Mark(bool ok) const { return ok ? Color(kGreen, kPass) : Color(kRed, kFail); }
  std::string Human(const SummaryMetric& metric, double value) const {
    return FormatValue(value, metric.contains, summary_.config.time_unit);
  }

  void Title(absl::string_view title) {
    const bool nested = indent_.size() > kIndent.size();
    absl::StrAppend(&out_, absl::string_view(indent_).substr(2), nested ? "↳ " : "█ ",
                    Color(kBold, Visible(title)), " \n\n");
  }

  // `p(95)=7.65`; 0 without data.
  std::string ThresholdValue(const SummaryMetric& metric, const SummaryThreshold& threshold) const {
    return absl::StrCat(threshold.method, "=",
                        FormatObserved(threshold.value.value_or(0), metric.type, metric.contains,
                                       threshold.method, summary_.config.time_unit));
  }

  void Thresholds() {
    const auto judged = [](const SummaryMetric& metric) { return !metric.thresholds.empty(); };
    if (std::none_of(summary_.metrics.begin(), summary_.metrics.end(), judged)) {
      return;
    }
    Title("THRESHOLDS");
    absl::string_view parent;  // whose heading stands above
    for (const SummaryMetric& metric : summary_.metrics) {
      if (!judged(metric)) {
        continue;
      }
      std::string indent(kIndent);
      if (!metric.parent.empty() && metric.parent == parent) {
        indent += "  ";
        absl::StrAppend(&out_, indent, "{", Visible(metric.tags), "}\n");
      } else {
        absl::StrAppend(&out_, indent, Visible(metric.key), "\n");
        if (metric.parent.empty()) {
          parent = metric.key;
        }
      }
      for (const SummaryThreshold& threshold : metric.thresholds) {
        absl::StrAppend(&out_, indent, Mark(threshold.ok), " '", threshold.expression, "' ",
                        Color(kCyan, ThresholdValue(metric, threshold)), "\n");
      }
      const bool is_submetric = !metric.parent.empty();
      if (metric.judged_nothing()) {
        const absl::string_view why =
            is_submetric ? "no sample had these tags" : "there was no sample";
        absl::StrAppend(&out_, indent, Color(kYellow, absl::StrCat("! ", why)), "\n");
      }
      out_ += "\n";
    }
    out_ += "\n";
  }

  // `judged`: a threshold wants the counts even where nothing was checked.
  void Checks(const std::vector<SummaryCheck>& all_checks, bool judged = false) {
    const std::vector<SummaryCheck> checks = MergedByName(all_checks);
    if (checks.empty() && !judged) {
      return;
    }
    uint64_t passes = 0;
    uint64_t fails = 0;
    for (const SummaryCheck& check : checks) {
      passes += check.passes;
      fails += check.fails;
    }
    const uint64_t total = passes + fails;
    const double seconds = absl::ToDoubleSeconds(summary_.duration);
    const double all = static_cast<double>(total);
    const auto share = [all](uint64_t part) {
      return FormatPercent(all == 0 ? 0 : static_cast<double>(part) / all);
    };
    const auto of_all = [total](uint64_t part) { return absl::StrCat(part, " out of ", total); };
    const Row rows[] = {
        {"checks_total",
         false,
         {absl::StrCat(total), absl::StrCat(FormatNumber(seconds > 0 ? all / seconds : 0), "/s")}},
        {"checks_succeeded", false, {share(passes), of_all(passes)}},
        {"checks_failed", false, {share(fails), of_all(fails)}},
    };
    Widths widths;
    for (const Row& row : rows) {
      Measure(row, &widths);
    }
    for (const Row& row : rows) {
      Print(row, widths);
    }
    out_ += "\n";
    for (const SummaryCheck& check : checks) {
      const bool ok = check.fails == 0;
      absl::StrAppend(
          &out_, indent_,
          Color(ok ? kGreen : kRed, absl::StrCat(ok ? kPass : kFail, " ", Visible(check.name))),
          "\n");
      if (!ok) {
        const std::string counts =
            absl::StrCat("↳  ", 100 * check.passes / (check.passes + check.fails), "% — ", kPass,
                         " ", check.passes, " / ", kFail, " ", check.fails);
        absl::StrAppend(&out_, indent_, "  ", Color(kRed, counts), "\n");
      }
    }
    out_ += checks.empty() ? "" : "\n";
  }

  bool IsShown(const SummaryMetric& metric) const {
    return !TitleOf(metric, options_.mode).empty();
  }

  Row MakeRow(const SummaryMetric& metric) const {
    Row row{.name = metric.parent.empty() ? metric.key
                                          : absl::StrCat("  { ", Visible(metric.tags), " }"),
            .cells = {}};
    switch (metric.type) {
      case MetricType::kCounter:
        row.cells = {Human(metric, metric.Value("count")),
                     absl::StrCat(Human(metric, metric.Value("rate")), "/s")};
        break;
      case MetricType::kGauge:
        row.cells = {Human(metric, metric.Value("value")),
                     absl::StrCat("min=", Human(metric, metric.Value("min"))),
                     absl::StrCat("max=", Human(metric, metric.Value("max")))};
        break;
      case MetricType::kRate: {
        const double passes = metric.Value("passes");
        row.cells = {FormatPercent(metric.Value("rate")),
                     absl::StrCat(FormatNumber(passes), " out of ",
                                  FormatNumber(passes + metric.Value("fails")))};
        break;
      }
      case MetricType::kTrend:
        row.trend = true;
        for (const auto& [name, value] : metric.values) {
          row.cells.push_back(absl::StrCat(
              name, "=", name == "count" ? FormatNumber(value) : Human(metric, value)));
        }
        break;
    }
    return row;
  }

  // Each block has columns of its own.
  void MeasureAll(const std::vector<SummaryMetric>& metrics) {
    widths_ = {};
    for (const SummaryMetric& metric : metrics) {
      if (IsShown(metric)) {
        Measure(MakeRow(metric), &widths_);
      }
    }
  }

  static void Measure(const Row& row, Widths* widths) {
    widths->name = std::max(widths->name, DisplayWidth(row.name));
    const auto widen = [&row](size_t from, std::vector<size_t>* columns) {
      for (size_t i = from; i < row.cells.size(); ++i) {
        columns->resize(std::max(columns->size(), i - from + 1), 0);
        (*columns)[i - from] = std::max((*columns)[i - from], DisplayWidth(row.cells[i]));
      }
    };
    if (row.trend) {
      widen(0, &widths->trend);
    } else {
      widths->value = std::max(widths->value, DisplayWidth(row.cells[0]));
      widen(1, &widths->extras);
    }
  }

  void Print(const Row& row, const Widths& widths) {
    const std::string dots(widths.name + 3 - std::min(DisplayWidth(row.name), widths.name), '.');
    absl::StrAppend(&out_, indent_, row.name, Color(kDim, absl::StrCat(dots, ":")), " ");
    std::vector<std::string> cells;
    for (size_t i = 0; i < row.cells.size(); ++i) {
      // A value with a single companion ends the line: k6 pads nothing behind it.
      const bool last_of_pair = !row.trend && row.cells.size() == 2 && i == 1;
      const size_t width = row.trend ? widths.trend[i]
                           : i == 0  ? widths.value
                                     : widths.extras[i - 1];
      cells.push_back(Color(kCyan, last_of_pair ? row.cells[i] : PadToWidth(row.cells[i], width)));
    }
    absl::StrAppend(&out_, absl::StrJoin(cells, " "), "\n");
  }

  // One topic's metrics under its title; nothing if there are none.
  void Section(absl::string_view title, const std::vector<SummaryMetric>& metrics) {
    bool any = false;
    for (const SummaryMetric& metric : metrics) {
      if (TitleOf(metric, options_.mode) != title) {
        continue;
      }
      if (!any) {
        absl::StrAppend(&out_, indent_, Color(kBold, title), "\n");
        any = true;
      }
      Print(MakeRow(metric), widths_);
    }
    if (any) {
      out_ += "\n";
    }
  }

  void Metrics(const std::vector<SummaryMetric>& metrics) {
    MeasureAll(metrics);
    Section(kCustom, metrics);
    for (const Topic& topic : Topics()) {
      Section(topic.title, metrics);
    }
  }

  // With its groups inside, each two columns further right.
  void Part(absl::string_view what, const SummaryPart& part) {
    Title(absl::StrCat(what, ": ", part.name));
    Checks(part.checks);
    Metrics(part.metrics);
    indent_ += "  ";
    for (const SummaryPart& group : part.groups) {
      Part("GROUP", group);
    }
    indent_.resize(indent_.size() - 2);
  }

  void Lost() {
    if (summary_.lost.empty()) {
      return;
    }
    absl::StrAppend(&out_, kIndent, Color(kBold, "OUTPUTS"), "\n");
    for (const std::string& sentence : summary_.lost) {
      absl::StrAppend(&out_, kIndent, Mark(false), " ", sentence, "\n");
    }
    out_ += "\n";
  }

  const Summary& summary_;
  const TextOptions& options_;
  Widths widths_;
  std::string indent_ = std::string(kIndent);
  std::string out_;
};

}  // namespace

std::string RenderText(const Summary& summary, const TextOptions& options) {
  return options.mode == SummaryMode::kDisabled ? "" : TextRenderer(summary, options).Render();
}

}  // namespace lockstep
