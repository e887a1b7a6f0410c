// Renderings of a comparison.
#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "common/base/display_width.h"
#include "common/options/duration.h"
#include "common/result/compare.h"
#include "common/summary/format.h"

namespace lockstep {
namespace {

using Row = std::array<std::string, 5>;

std::string ValueText(const Comparison& comparison, double value) {
  if (comparison.type == MetricType::kRate) {
    return FormatPercent(value);
  }
  return absl::StrCat(FormatValue(value, comparison.contains, ""),
                      comparison.type == MetricType::kCounter ? "/s" : "");
}

std::string ChangeText(const Comparison& comparison) {
  if (comparison.type == MetricType::kRate) {
    return absl::StrFormat("%+.2f pp", 100 * (comparison.fresh - comparison.base));
  }
  return comparison.change ? absl::StrFormat("%+.1f%%", 100 * *comparison.change) : "";
}

std::string VerdictText(const Comparison& comparison) {
  std::string text = ComparisonVerdictName(comparison.verdict);
  if (!comparison.p_value) {
    return text;
  }
  absl::StrAppend(&text, *comparison.p_value < 0.0001
                             ? " (p<0.0001"
                             : absl::StrFormat(" (p=%.4f", *comparison.p_value));
  if (comparison.superior) {
    absl::StrAppend(&text, absl::StrFormat(", P(new>base)=%.2f", *comparison.superior));
  }
  return text + ")";
}

std::string MarkOf(ComparisonVerdict verdict) {
  switch (verdict) {
    case ComparisonVerdict::kWorse:
      return "✗ ";
    case ComparisonVerdict::kBetter:
      return "✓ ";
    case ComparisonVerdict::kChanged:
      return "~ ";
    case ComparisonVerdict::kSame:
    case ComparisonVerdict::kNotTested:
      break;
  }
  return "  ";
}

}  // namespace

std::string DescribeResult(const RunResult& run) {
  return absl::StrCat(run.script, ", ",
                      DurationText(absl::Trunc(run.duration, absl::Milliseconds(1))), " from ",
                      absl::FormatTime(absl::RFC3339_sec, run.begin, absl::UTCTimeZone()));
}

std::vector<ComparisonRow> ComparisonRows(const ComparisonReport& report) {
  std::vector<ComparisonRow> rows;
  for (const Comparison& each : report.comparisons) {
    rows.push_back({absl::StrCat(each.subject, " ", each.what), ValueText(each, each.base),
                    ValueText(each, each.fresh), ChangeText(each), VerdictText(each)});
  }
  return rows;
}

std::vector<ComparisonList> ComparisonLists(const ComparisonReport& report) {
  const ComparedEnds& ends = report.ends;
  ComparisonList end{.title = "the ends differ", .lines = {}, .worse = ends.worse};
  if (ends.base != ends.fresh) {
    end.lines.push_back(absl::StrCat(TextOf(ends.base), " in the base, ", TextOf(ends.fresh),
                                     " in the new run", ends.reason.empty() ? "" : ": ",
                                     ends.reason));
  }
  return {
      {"the load generator was not steady, and differences may be its own", report.unsteady},
      std::move(end),
      {"metrics with samples in the base and none in the new run", report.vanished, true},
      {"thresholds that passed in the base and failed in the new run", report.new_failures, true},
      {"only in the base", report.only_in_base},
      {"only in the new run", report.only_in_new}};
}

std::string ComparisonText(const ComparisonReport& report, const RunResult& base,
                           const RunResult& fresh) {
  std::vector<Row> rows = {{"  METRIC", "BASE", "NEW", "CHANGE", "VERDICT"}};
  const std::vector<ComparisonRow> lines = ComparisonRows(report);
  for (size_t i = 0; i < lines.size(); ++i) {
    rows.push_back({MarkOf(report.comparisons[i].verdict) + lines[i].subject, lines[i].base,
                    lines[i].fresh, lines[i].change, lines[i].verdict});
  }
  std::array<size_t, 5> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
    }
  }
  std::string text =
      absl::StrCat("base: ", DescribeResult(base), "\nnew:  ", DescribeResult(fresh), "\n\n");
  for (const Row& row : rows) {
    absl::StrAppend(&text, PadToWidth(row[0], widths[0]));
    for (size_t i = 1; i < 4; ++i) {
      absl::StrAppend(&text, "  ", std::string(widths[i] - DisplayWidth(row[i]), ' '), row[i]);
    }
    absl::StrAppend(&text, "  ", row[4], "\n");
  }
  for (const ComparisonList& list : ComparisonLists(report)) {
    if (!list.lines.empty()) {
      absl::StrAppend(&text, "\n", list.worse ? "✗ " : "", list.title, ":\n");
    }
    for (const std::string& line : list.lines) {
      absl::StrAppend(&text, "  ", line, "\n");
    }
  }
  absl::StrAppend(&text, "\n", report.regressed() ? "✗ worse than the base" : "✓ no regression",
                  report.unsteady.empty() ? "" : ", as far as an unsteady load generator can tell",
                  "\n");
  return text;
}

nlohmann::json ComparisonJson(const ComparisonReport& report, const CompareConfig& config) {
  using nlohmann::json;
  const auto optional = [](const std::optional<double>& value) {
    return value ? json(*value) : json();
  };
  json comparisons = json::array();
  for (const Comparison& each : report.comparisons) {
    comparisons.push_back({{"subject", each.subject},
                           {"what", each.what},
                           {"type", std::string(MetricTypeName(each.type))},
                           {"contains", std::string(ValueTypeName(each.contains))},
                           {"base", each.base},
                           {"new", each.fresh},
                           {"change", optional(each.change)},
                           {"pValue", optional(each.p_value)},
                           {"superiority", optional(each.superior)},
                           {"verdict", ComparisonVerdictName(each.verdict)}});
  }
  return {{"regressed", report.regressed()},
          {"alpha", config.alpha},
          {"minChange", config.min_change},
          {"minMillis", config.min_millis},
          {"minPoints", config.min_points},
          {"verdicts",
           {{"base", std::string(TextOf(report.ends.base))},
            {"new", std::string(TextOf(report.ends.fresh))},
            {"worse", report.ends.worse}}},
          {"unsteady", report.unsteady},
          {"vanished", report.vanished},
          {"comparisons", std::move(comparisons)},
          {"newThresholdFailures", report.new_failures},
          {"onlyInBase", report.only_in_base},
          {"onlyInNew", report.only_in_new}};
}

}  // namespace lockstep
