// What the panels have in common: figures of a result, and cells. Pure.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

#include "common/result/result.h"
#include "coordinator/page/html.h"

namespace lockstep::coordinator {

// Null: there is no such metric.
const ResultMetric* FindMetric(const RunResult& result, absl::string_view key);
// Of a counter; 0 if there is none.
double SumOf(const RunResult& result, absl::string_view key);
// By the load's duration.
double PerSecond(const RunResult& result, double sum);

HtmlTable::Cell CountCell(double value);
HtmlTable::Cell MillisCell(double value);
HtmlTable::Cell RateCell(double per_s);
HtmlTable::Cell PercentCell(double share);

// "1m10.5s".
std::string SecondsText(double seconds);

// ---- the panels that are tables, by their names (panels.h) ----
std::string ThresholdsPanel(const RunResult& result);
std::string RequestsPanel(const RunResult& result);
std::string DurationsPanel(const RunResult& result);
std::string ErrorsPanel(const RunResult& result);
std::string ChecksPanel(const RunResult& result);
std::string ScenariosPanel(const RunResult& result);
std::string MetricsPanel(const RunResult& result);

}  // namespace lockstep::coordinator
