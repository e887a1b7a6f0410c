#include "coordinator/page/panels.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "common/base/counted.h"
#include "common/base/json_text.h"
#include "common/health/judge.h"
#include "common/messages/words.h"
#include "common/options/duration.h"
#include "common/summary/format.h"
#include "coordinator/page/html.h"
#include "coordinator/page/panel_parts.h"

namespace lockstep::coordinator {
namespace {

// ---- verdict ----

// Of a run that is over it is the word that the terminal has shown.
std::pair<std::string, const char*> WordAndLevel(const PageModel& model, bool failing) {
  const bool over = !model.status.has_value() || model.status->state() == v1::RunStatus::DONE;
  const RunResult& result = model.result;
  const VerdictWord word = result.verdict.word;
  if (!over) {
    const bool errors = word == VerdictWord::kErrors;
    return {failing  ? "FAILING"
            : errors ? "ERRORS SO FAR"
                     : "PASSING",
            failing  ? "bad"
            : errors ? "warn"
                     : "good"};
  }
  const std::string text(TextOf(word));
  if (IsGood(word)) {
    return {text, IsSteady(result.validity) ? "good" : "warn"};
  }
  return {text, word == VerdictWord::kFailed || word == VerdictWord::kAborted ? "bad" : "warn"};
}

std::string VerdictPanel(const PageModel& model) {
  const RunResult& result = model.result;
  std::vector<VerdictPhrase> parts = PhrasesOf(result.verdict);
  if (result.verdict.reason.empty() && model.status.has_value() &&
      !model.status->stop_reason().empty()) {
    parts.push_back({model.status->stop_reason()});
  }
  if (!IsSteady(result.validity)) {
    parts.push_back({absl::StrCat("load generator: ", GeneratorText(result.validity))});
  }
  const auto [word, level] = WordAndLevel(model, result.verdict.thresholds.failed > 0);
  std::string html =
      absl::StrCat("<p class=\"verdict ", level, "\"><strong>", EscapeHtml(word), "</strong>");
  for (const VerdictPhrase& part : parts) {
    absl::StrAppend(&html, " <span>", EscapeHtml(part.text), "</span>");
  }
  absl::StrAppend(&html, "</p>\n");
  std::vector<std::string> reasons = result.validity_reasons;
  for (const std::string& sentence : result.verdict.lost) {
    reasons.push_back(absl::StrCat("outputs: ", sentence));
  }
  if (!reasons.empty()) {
    absl::StrAppend(&html, "<ul class=\"reasons\">");
    for (const std::string& reason : reasons) {
      absl::StrAppend(&html, "<li>", EscapeHtml(reason), "</li>");
    }
    absl::StrAppend(&html, "</ul>\n");
  }
  return html;
}

// ---- tiles ----

void AddTile(absl::string_view id, absl::string_view label, absl::string_view value,
             absl::string_view below, std::string* html, absl::string_view css = "") {
  absl::StrAppend(html, "<div class=\"tile", css.empty() ? "" : " ", css, "\" id=\"tile-", id,
                  "\"><dt>", EscapeHtml(label), "</dt><dd><b>", EscapeHtml(value), "</b><span>",
                  EscapeHtml(below), "</span></dd></div>\n");
}

void AddRequestTiles(const PageModel& model, std::string* html) {
  const RunResult& result = model.result;
  const double requests = SumOf(result, "http_reqs");
  const double per_s = model.status.has_value() && model.status->state() == v1::RunStatus::RUNNING
                           ? model.status->load().http_reqs_per_s()
                           : PerSecond(result, requests);
  AddTile("requests", "Requests", RateCell(per_s).text, CountText(requests) + " in all", html);
  if (const auto& [failed, total] = result.verdict.requests; total > 0) {
    AddTile("failed", "Failed",
            FormatPercent(static_cast<double>(failed) / static_cast<double>(total)),
            absl::StrCat(CountText(static_cast<double>(failed)), " of ",
                         CountText(static_cast<double>(total))),
            html, failed > 0 ? "bad" : "");
  }
}

void AddDurationTile(const RunResult& result, std::string* html) {
  const std::pair<const char*, const char*> metrics[] = {
      {"http_req_duration", "Response time, p(95)"},
      {"grpc_req_duration", "gRPC call, p(95)"},
      {"iteration_duration", "Iteration, p(95)"}};
  for (const auto& [key, label] : metrics) {
    const ResultMetric* durations = FindMetric(result, key);
    if (durations != nullptr && !durations->aggregate.empty()) {
      const std::vector<double> ranks = durations->Ranks();  // 50, 90, 95, 99
      AddTile(
          "p95", label, MillisCell(ranks[2]).text,
          absl::StrCat("med ", MillisCell(ranks[0]).text, ", p(99) ", MillisCell(ranks[3]).text),
          html);
      return;
    }
  }
}

std::string TilesPanel(const PageModel& model) {
  const RunResult& result = model.result;
  std::string html;
  if (FindMetric(result, "http_reqs") != nullptr || result.metrics.empty()) {
    AddRequestTiles(model, &html);
  }
  AddDurationTile(result, &html);
  if (const ResultMetric* vus = FindMetric(result, "vus");
      vus != nullptr || model.status.has_value()) {
    const ResultMetric* ready = FindMetric(result, "vus_max");
    const double most = vus == nullptr ? 0 : vus->aggregate.gauge().max;
    const bool live = model.status.has_value() && model.status->state() != v1::RunStatus::DONE;
    AddTile("vus", live ? "VUs at work" : "VUs, at most",
            CountText(live ? static_cast<double>(model.status->vus()) : most),
            absl::StrCat(CountText(live               ? static_cast<double>(model.status->vus_max())
                                   : ready == nullptr ? 0
                                                      : ready->aggregate.gauge().max),
                         " initialised"),
            &html);
  }
  const double iterations = SumOf(result, "iterations");
  const double dropped = SumOf(result, "dropped_iterations");
  AddTile("iterations", "Iterations", CountText(iterations),
          dropped > 0 ? CountText(dropped) + " dropped"
                      : RateCell(PerSecond(result, iterations)).text + " on average",
          &html, dropped > 0 ? "warn" : "");
  AddTile("data", "Data received", FormatBytes(SumOf(result, "data_received")),
          FormatBytes(SumOf(result, "data_sent")) + " sent", &html);
  return absl::StrCat("<dl class=\"tiles\">\n", html, "</dl>\n");
}

std::string AgentsPanel(const PageModel& model) {
  HtmlTable table("Agents", {"Agent", "State", "#VUs", "#Requests", "#Rate", "#Failed",
                             "#Iterations", "#Clock"});
  if (!model.status.has_value()) {
    return "";
  }
  for (const v1::AgentStatus& agent : model.status->agents()) {
    const auto failed = static_cast<double>(agent.load().http_reqs_failed());
    const bool lost = agent.state() == v1::AgentStatus::LOST;
    const bool steady = IsSteady(agent.validity());
    table.Add({{agent.name()},
               {steady ? std::string(WordOf(agent.state()))
                       : absl::StrCat(WordOf(agent.state()), ", ", WordOf(agent.validity())),
                {},
                lost ? "bad" : (steady ? "" : "warn")},
               {absl::StrCat(agent.vus(), "/", agent.vus_max()), static_cast<double>(agent.vus())},
               CountCell(static_cast<double>(agent.load().http_reqs())),
               RateCell(agent.load().http_reqs_per_s()),
               {CountText(failed), failed, failed > 0 ? "bad" : ""},
               CountCell(static_cast<double>(agent.iterations())),
               {absl::StrFormat("±%.2fms", agent.clock_round_trip_ms() / 2),
                agent.clock_round_trip_ms()}});
  }
  return table.Html();
}

std::string AgentsLeftPanel(const RunResult& result) {
  HtmlTable table("Agents that were lost", {"Agent", "When", "Reason", "Missing"});
  for (const LostAgent& agent : result.lost_agents) {
    table.Add({{agent.name},
               {agent.after ? "after " + SecondsText(absl::ToDoubleSeconds(*agent.after))
                            : "before the start"},
               {agent.reason},
               {agent.missing}},
              "bad");
  }
  return table.Html();
}

std::string LogPanel(const RunResult& result) {
  if (!result.history.has_value() || result.history->log.empty()) {
    return "";
  }
  std::string html;
  if (result.history->dropped_log_lines > 0) {
    html = absl::StrCat("<p class=\"note\">",
                        Counted(result.history->dropped_log_lines, "earlier line"),
                        " not shown</p>\n");
  }
  absl::StrAppend(&html, "<ol class=\"log scroll\" tabindex=\"0\" aria-label=\"Log\">\n");
  for (const HistoryLogLine& line : result.history->log) {
    absl::StrAppend(&html, "<li class=\"", EscapeHtml(line.level), "\"><time>",
                    line.after_s < 0 ? "–" : SecondsText(line.after_s), "</time> <b>",
                    EscapeHtml(line.level), "</b> <span>", EscapeHtml(line.text), "</span></li>\n");
  }
  absl::StrAppend(&html, "</ol>\n");
  return html;
}

std::string EnvironmentPanel(const RunResult& result) {
  std::string html = "<dl class=\"facts\">\n";
  const auto add = [&html](absl::string_view name, absl::string_view value) {
    absl::StrAppend(&html, "<div><dt>", EscapeHtml(name), "</dt><dd>", EscapeHtml(value),
                    "</dd></div>\n");
  };
  add("script", result.script);
  add("begun", absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", result.begin, absl::UTCTimeZone()));
  add("duration", DurationText(absl::Trunc(result.duration, absl::Milliseconds(1))));
  add("Lockstep", result.version);
  if (!result.history.has_value()) {
    return html + "</dl>\n";
  }
  for (const auto& [name, value] : result.history->environment) {
    add(name, value);
  }
  absl::StrAppend(&html, "</dl>\n");
  if (const auto options = nlohmann::json::parse(result.history->options_json, nullptr, false);
      !options.is_discarded() && !options.is_null()) {
    absl::StrAppend(&html,
                    "<details><summary>Options</summary><pre class=\"scroll\" tabindex=\"0\">",
                    EscapeHtml(JsonText(options, 2)), "</pre></details>\n");
  }
  return html;
}

}  // namespace

Panels RenderPanels(const PageModel& model) {
  const RunResult& result = model.result;
  return {{"verdict", VerdictPanel(model)},
          {"tiles", TilesPanel(model)},
          {"thresholds", ThresholdsPanel(result)},
          {"requests", RequestsPanel(result)},
          {"durations", DurationsPanel(result)},
          {"errors", ErrorsPanel(result)},
          {"checks", ChecksPanel(result)},
          {"scenarios", ScenariosPanel(result)},
          {"agents", AgentsPanel(model) + AgentsLeftPanel(result)},
          {"metrics", MetricsPanel(result)},
          {"log", LogPanel(result)},
          {"environment", EnvironmentPanel(result)}};
}

std::string RenderComparison(const PageBaseline& baseline) {
  HtmlTable table("What differs from the baseline",
                  {"Metric", "#Base", "#New", "#Change", "Verdict"});
  const std::vector<ComparisonRow> rows = ComparisonRows(baseline.report);
  for (size_t i = 0; i < rows.size(); ++i) {
    const ComparisonVerdict verdict = baseline.report.comparisons[i].verdict;
    const char* const css = verdict == ComparisonVerdict::kWorse    ? "bad"
                            : verdict == ComparisonVerdict::kBetter ? "good"
                                                                    : "";
    table.Add({{rows[i].subject},
               {rows[i].base, baseline.report.comparisons[i].base},
               {rows[i].fresh, baseline.report.comparisons[i].fresh},
               {rows[i].change, baseline.report.comparisons[i].change},
               {rows[i].verdict, {}, css}},
              verdict == ComparisonVerdict::kWorse ? "bad" : "");
  }
  std::string html = absl::StrCat(
      "<p class=\"verdict ", baseline.report.regressed() ? "bad" : "good", "\"><strong>",
      baseline.report.regressed() ? "WORSE than the baseline" : "No regression", "</strong> <span>",
      EscapeHtml(DescribeResult(baseline.result)), "</span></p>\n", table.Html());
  for (const ComparisonList& list : ComparisonLists(baseline.report)) {
    if (list.lines.empty()) {
      continue;
    }
    absl::StrAppend(&html, "<h3", list.worse ? " class=\"bad\"" : "", ">", EscapeHtml(list.title),
                    "</h3><ul>");
    for (const std::string& line : list.lines) {
      absl::StrAppend(&html, "<li>", EscapeHtml(line), "</li>");
    }
    absl::StrAppend(&html, "</ul>\n");
  }
  absl::StrAppend(
      &html, "<p class=\"note\">",
      EscapeHtml(absl::StrFormat(
          "Times: Mann-Whitney test, and Fisher's exact test for the tail; rates: Fisher's exact test; "
          "counters: two Poisson rates. All corrected together (Holm), alpha %g. Changes below %g%%, "
          "%g ms or %g percentage points do not count.",
          baseline.config.alpha, 100 * baseline.config.min_change, baseline.config.min_millis,
          100 * baseline.config.min_points)),
      "</p>\n");
  return html;
}

}  // namespace lockstep::coordinator
