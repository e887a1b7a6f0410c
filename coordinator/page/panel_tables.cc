// The panels that are tables.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "common/base/counted.h"
#include "common/summary/format.h"
#include "coordinator/page/panel_parts.h"

namespace lockstep::coordinator {
namespace {

using Cell = HtmlTable::Cell;

std::string ValueText(const Metric& metric, absl::string_view method, double value) {
  if (metric.type == MetricType::kRate) {
    return FormatPercent(value);
  }
  if (metric.type == MetricType::kCounter && method == "rate") {
    return RateCell(value).text;
  }
  return FormatValue(value,
                     metric.type == MetricType::kTrend && method == "count" ? ValueType::kDefault
                                                                            : metric.contains,
                     "");
}

// The values of a metric in the order of the table's columns: count or sum, rate, then statistics.
std::vector<Cell> MetricCells(const ResultMetric& metric, const RunResult& result) {
  const auto value = [&metric](double number) {
    return Cell{FormatValue(number, metric.metric.contains, ""), number};
  };
  const Cell none{"–"};
  std::vector<Cell> cells = {{metric.key, {}, metric.tags.empty() ? "" : "sub"},
                             {std::string(MetricTypeName(metric.metric.type))}};
  switch (metric.metric.type) {
    case MetricType::kCounter: {
      const double sum = metric.aggregate.counter().sum();
      const double per_s = PerSecond(result, sum);
      const Cell rate = {absl::StrCat(FormatValue(per_s, metric.metric.contains, ""), "/s"), per_s};
      cells.insert(cells.end(), {value(sum), rate, none, none, none, none, none, none, none});
      break;
    }
    case MetricType::kGauge: {
      const Gauge& gauge = metric.aggregate.gauge();
      cells.insert(cells.end(), {value(gauge.last), none, none, value(gauge.min), none, none, none,
                                 none, value(gauge.max)});
      break;
    }
    case MetricType::kRate: {
      const auto& rate = metric.aggregate.rate();
      cells.insert(cells.end(), {{absl::StrCat(CountText(static_cast<double>(rate.trues)), " of ",
                                               CountText(static_cast<double>(rate.total))),
                                  static_cast<double>(rate.trues)},
                                 PercentCell(rate.rate()),
                                 none,
                                 none,
                                 none,
                                 none,
                                 none,
                                 none,
                                 none});
      break;
    }
    case MetricType::kTrend: {
      const Trend& trend = metric.aggregate.trend();
      const std::vector<double> ranks = metric.Ranks();
      cells.insert(cells.end(),
                   {CountCell(static_cast<double>(trend.count())), none, value(trend.avg()),
                    value(trend.min()), value(ranks[0]), value(ranks[1]), value(ranks[2]),
                    value(ranks[3]), value(trend.max())});
      break;
    }
  }
  return cells;
}

}  // namespace

std::string ThresholdsPanel(const RunResult& result) {
  HtmlTable table("Thresholds", {"Metric", "Threshold", "State", "#Value", "#First failed"});
  for (const ResultMetric& metric : result.metrics) {
    for (const SummaryThreshold& threshold : metric.thresholds) {
      const HistoryThreshold* times = nullptr;
      if (result.history.has_value()) {
        for (const HistoryThreshold& each : result.history->thresholds) {
          const bool same = each.metric == metric.key && each.expression == threshold.expression;
          times = same ? &each : times;
        }
      }
      const bool crossed = times != nullptr && !times->failing.empty();
      const char* const state = !threshold.ok      ? "failed"
                                : !threshold.value ? "no data"
                                : crossed          ? "passed, after failing"
                                                   : "passed";
      table.Add(
          {{metric.key},
           {threshold.expression},
           {state, {}, threshold.ok ? (threshold.value ? "good" : "") : "bad"},
           threshold.value ? Cell{ValueText(metric.metric, threshold.method, *threshold.value),
                                  *threshold.value}
                           : Cell{"–"},
           crossed ? Cell{"after " + SecondsText(times->failing.front().first),
                          times->failing.front().first}
                   : Cell{threshold.ok ? "–" : "at the end"}},
          threshold.ok ? "" : "bad");
    }
  }
  return table.Html();
}

std::string RequestsPanel(const RunResult& result) {
  HtmlTable table("Requests by name", {"Name", "#Count", "#Rate", "#Failed", "#Failed %", "#avg",
                                       "#med", "#p(95)", "#p(99)", "#max"});
  if (!result.history.has_value()) {
    return "";
  }
  for (const HistoryRequests& row : result.history->requests) {
    const auto count = static_cast<double>(row.count);
    const auto failed = static_cast<double>(row.failed);
    const std::string what = row.kind == "HTTP" ? row.method : row.kind;
    table.Add({{absl::StrCat(what, what.empty() ? "" : " ", row.name)},
               CountCell(count),
               RateCell(PerSecond(result, count)),
               {CountText(failed), failed, row.failed > 0 ? "bad" : ""},
               PercentCell(count > 0 ? failed / count : 0),
               MillisCell(row.avg),
               MillisCell(row.p50),
               MillisCell(row.p95),
               MillisCell(row.p99),
               MillisCell(row.max)});
  }
  std::string html = table.Html();
  if (result.history->folded_names > 0) {
    absl::StrAppend(&html, "<p class=\"note\">",
                    Counted(result.history->folded_names, "further name"),
                    " share one row. Give requests with changing URLs a common name.</p>\n");
  }
  return html;
}

std::string DurationsPanel(const RunResult& result) {
  HtmlTable table(
      "Response times of requests that went as expected, and of those that did not",
      {"Requests", "#Count", "#avg", "#min", "#med", "#p(90)", "#p(95)", "#p(99)", "#max"});
  const std::pair<absl::string_view, const char*> parts[] = {{kSuccessDurations, "as expected"},
                                                             {kFailureDurations, "failed"},
                                                             {"http_req_duration", "all"}};
  for (const auto& [key, name] : parts) {
    const ResultMetric* durations = FindMetric(result, key);
    if (durations == nullptr || durations->aggregate.empty()) {
      continue;
    }
    const Trend& trend = durations->aggregate.trend();
    const std::vector<double> ranks = durations->Ranks();
    table.Add({{name},
               CountCell(static_cast<double>(trend.count())),
               MillisCell(trend.avg()),
               MillisCell(trend.min()),
               MillisCell(ranks[0]),
               MillisCell(ranks[1]),
               MillisCell(ranks[2]),
               MillisCell(ranks[3]),
               MillisCell(trend.max())});
  }
  return table.Html();
}

std::string ErrorsPanel(const RunResult& result) {
  HtmlTable table("Errors", {"Cause", "Method", "Name", "#Count", "#First", "#Agents"});
  for (const ErrorRow& row : result.errors) {
    const double first_s =
        absl::ToDoubleSeconds(absl::FromUnixNanos(row.error.first_unix_nanos) - result.begin);
    std::string agents;
    for (const auto& [agent, count] : row.agents) {
      absl::StrAppend(&agents, agents.empty() ? "" : ", ", agent, " ",
                      CountText(static_cast<double>(count)));
    }
    table.Add({{row.error.cause, {}, "bad"},
               {row.error.method},
               {row.error.name},
               CountCell(static_cast<double>(row.error.count)),
               {first_s < 0 ? "before the start" : "after " + SecondsText(first_s), first_s},
               {agents}});
  }
  std::string html = table.Html();
  if (result.folded_errors > 0) {
    absl::StrAppend(&html, "<p class=\"note\">", Counted(result.folded_errors, "further failure"),
                    " of other kinds</p>\n");
  }
  return html;
}

std::string ChecksPanel(const RunResult& result) {
  HtmlTable table("Checks", {"Check", "#Passed", "#Failed", "#Passed %"});
  for (const SummaryCheck& check : result.checks) {
    const auto passes = static_cast<double>(check.passes);
    const auto fails = static_cast<double>(check.fails);
    std::string path = check.path.substr(check.path.find_first_not_of(':') == std::string::npos
                                             ? 0
                                             : check.path.find_first_not_of(':'));
    table.Add({{path},
               CountCell(passes),
               {CountText(fails), fails, fails > 0 ? "bad" : ""},
               PercentCell(passes + fails > 0 ? passes / (passes + fails) : 1)},
              fails > 0 ? "bad" : "");
  }
  return table.Html();
}

std::string ScenariosPanel(const RunResult& result) {
  HtmlTable table("Scenarios", {"Scenario", "Executor", "State", "#Iterations", "#Interrupted",
                                "#Dropped", "#Latest start"});
  if (!result.history.has_value()) {
    return "";
  }
  for (const HistoryScenario& scenario : result.history->scenarios) {
    const auto dropped = static_cast<double>(scenario.dropped);
    table.Add({{scenario.name},
               {scenario.executor},
               {scenario.state},
               CountCell(static_cast<double>(scenario.iterations)),
               CountCell(static_cast<double>(scenario.interrupted)),
               {CountText(dropped), dropped, dropped > 0 ? "bad" : ""},
               MillisCell(scenario.max_lateness_ms)});
  }
  return table.Html();
}

std::string MetricsPanel(const RunResult& result) {
  HtmlTable table("All metrics", {"Metric", "Type", "#Count", "#Rate", "#avg", "#min", "#med",
                                  "#p(90)", "#p(95)", "#p(99)", "#max"});
  for (const ResultMetric& metric : result.metrics) {
    if (!metric.aggregate.empty()) {
      table.Add(MetricCells(metric, result));
    }
  }
  return table.Html();
}

}  // namespace lockstep::coordinator
