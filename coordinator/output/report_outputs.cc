#include "coordinator/output/report_outputs.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

#include "common/base/json_text.h"
#include "common/base/utf8.h"
#include "common/messages/words.h"
#include "common/options/duration.h"
#include "common/summary/format.h"
#include "common/threshold/threshold.h"
#include "coordinator/output/report_file.h"
#include "coordinator/page/page.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kMostErrorRows = 20;

std::string Human(const Summary& summary, const SummaryMetric& metric, double value) {
  return FormatValue(value, metric.contains, summary.config.time_unit);
}

// "p(95)=12.3ms", or "no data".
std::string ObservedText(const Summary& summary, const SummaryMetric& metric,
                         const SummaryThreshold& threshold) {
  if (!threshold.value || metric.judged_nothing()) {
    return "no data";
  }
  return absl::StrCat(threshold.method, "=",
                      FormatObserved(*threshold.value, metric.type, metric.contains,
                                     threshold.method, summary.config.time_unit));
}

std::string CheckCounts(const SummaryCheck& check) {
  return absl::StrCat(check.passes, " passed, ", check.fails, " failed");
}

// ---- JUnit

// What XML 1.0 cannot hold (control characters, U+FFFE and U+FFFF) becomes U+FFFD.
std::string XmlEscaped(absl::string_view text) {
  std::string escaped;
  for (char c : ValidUtf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') {
      absl::StrAppend(&escaped, "\xEF\xBF\xBD");
    } else {
      escaped += c;
    }
  }
  return absl::StrReplaceAll(escaped, {{"&", "&amp;"},
                                       {"<", "&lt;"},
                                       {">", "&gt;"},
                                       {"\"", "&quot;"},
                                       {"\xEF\xBF\xBE", "\xEF\xBF\xBD"},
                                       {"\xEF\xBF\xBF", "\xEF\xBF\xBD"},
                                       {"\t", "&#9;"},
                                       {"\n", "&#10;"},
                                       {"\r", "&#13;"}});
}

struct TestCase {
  std::string class_name;
  std::string name;
  std::optional<std::string> failure;
  std::optional<std::string> note = {};  // of a case that has passed
};

std::string SuiteXml(absl::string_view name, const std::vector<TestCase>& cases,
                     const RunReport& report) {
  size_t failures = 0;
  std::string body;
  for (const TestCase& each : cases) {
    absl::StrAppend(&body, "    <testcase classname=\"", XmlEscaped(each.class_name), "\" name=\"",
                    XmlEscaped(each.name), "\" time=\"0\"");
    if (each.failure) {
      ++failures;
      absl::StrAppend(&body, ">\n      <failure message=\"", XmlEscaped(*each.failure),
                      "\" type=\"", XmlEscaped(name), "\"/>\n    </testcase>\n");
    } else if (each.note) {
      absl::StrAppend(&body, ">\n      <system-out>", XmlEscaped(*each.note),
                      "</system-out>\n    </testcase>\n");
    } else {
      absl::StrAppend(&body, "/>\n");
    }
  }
  return absl::StrCat("  <testsuite name=\"", XmlEscaped(name), "\" tests=\"", cases.size(),
                      "\" failures=\"", failures, "\" errors=\"0\" skipped=\"0\" time=\"",
                      absl::StrFormat("%.3f", absl::ToDoubleSeconds(report.summary.duration)),
                      "\" timestamp=\"",
                      absl::FormatTime("%Y-%m-%d%ET%H:%M:%S", report.begin, absl::UTCTimeZone()),
                      "\">\n", body, "  </testsuite>\n");
}

std::vector<TestCase> ThresholdCases(const Summary& summary) {
  std::vector<TestCase> cases;
  for (const SummaryMetric& metric : summary.metrics) {
    for (const SummaryThreshold& threshold : metric.thresholds) {
      TestCase test{.class_name = metric.key, .name = threshold.expression, .failure = {}};
      if (!threshold.ok) {
        test.failure = absl::StrCat("crossed: ", ObservedText(summary, metric, threshold));
      } else if (metric.judged_nothing()) {
        test.note = UnmatchedMessage(metric.key);
      }
      cases.push_back(std::move(test));
    }
  }
  return cases;
}

std::vector<TestCase> CheckCases(const Summary& summary) {
  std::vector<TestCase> cases;
  for (const SummaryCheck& check : AllChecks(summary.root)) {
    const std::string group = check.path.substr(
        0, check.path.size() - std::min(check.path.size(), check.name.size() + 2));
    TestCase test{.class_name = group.empty() ? "checks" : absl::StrCat("checks", group),
                  .name = check.name,
                  .failure = {}};
    if (check.fails > 0) {
      test.failure = CheckCounts(check);
    }
    cases.push_back(std::move(test));
  }
  return cases;
}

// Whether the run came to the end that was planned. That thresholds were crossed is said by theirs.
TestCase EndCase(const RunReport& report) {
  const EndVerdict& verdict = report.verdict;
  TestCase test{.class_name = "run", .name = "ran to its end", .failure = {}, .note = {}};
  const bool only_crossed = verdict.word == VerdictWord::kFailed && verdict.reason.empty() &&
                            verdict.thresholds.failed > 0;
  if (IsGood(verdict.word) || only_crossed) {
    return test;
  }
  (verdict.word == VerdictWord::kErrors ? test.note : test.failure) =
      VerdictLine(verdict, report.summary);
  return test;
}

// What was wrong with the generator itself: nothing if it was a steady ruler. It fails where work
// is missing or nothing can be believed; what is only suspect is shown.
std::vector<TestCase> GeneratorCases(const Judgement& judgement) {
  if (judgement.reasons.empty()) {
    return {};
  }
  TestCase test{.class_name = "generator", .name = "steady ruler", .failure = {}, .note = {}};
  const std::string text =
      absl::StrCat(WordOf(judgement.validity), ": ", absl::StrJoin(judgement.reasons, "; "));
  const bool failed = !judgement.lost.empty() || judgement.validity == v1::Health::INVALID;
  (failed ? test.failure : test.note) = text;
  return {std::move(test)};
}

// ---- GitHub

std::string MarkdownEscaped(absl::string_view text) {
  std::string escaped;
  for (const char c : ValidUtf8(text)) {
    // GitHub reads mathematics, too.
    const bool means_something = absl::StrContains("\\|`*_[]~$", c);
    absl::StrAppend(&escaped, means_something ? "\\" : "",
                    c == '&'                                             ? "&amp;"
                    : c == '<'                                           ? "&lt;"
                    : absl::ascii_iscntrl(static_cast<unsigned char>(c)) ? " "
                                                                         : std::string(1, c));
  }
  return escaped;
}

std::string MetricValues(const Summary& summary, const SummaryMetric& metric) {
  switch (metric.type) {
    case MetricType::kCounter:
      return absl::StrCat(Human(summary, metric, metric.Value("count")), " (",
                          Human(summary, metric, metric.Value("rate")), "/s)");
    case MetricType::kGauge:
      return absl::StrCat(Human(summary, metric, metric.Value("value")),
                          " (min=", Human(summary, metric, metric.Value("min")),
                          ", max=", Human(summary, metric, metric.Value("max")), ")");
    case MetricType::kRate: {
      const double passes = metric.Value("passes");
      return absl::StrCat(FormatPercent(metric.Value("rate")), " (", FormatNumber(passes),
                          " out of ", FormatNumber(passes + metric.Value("fails")), ")");
    }
    case MetricType::kTrend:
      break;
  }
  std::string text;
  for (const auto& [name, value] : metric.values) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", name, "=",
                    name == "count" ? FormatNumber(value) : Human(summary, metric, value));
  }
  return text;
}

class ReportOutput final : public Output {
 public:
  using Render = std::string (*)(const RunReport& report, const std::string& version);
  ReportOutput(std::string name, std::string path, bool append, Render render, std::string version)
      : name_(std::move(name)),
        append_(append),
        file_(std::move(path), append),
        render_(render),
        version_(std::move(version)) {}

  std::string Description() const override { return absl::StrCat(name_, " (", file_.path(), ")"); }
  std::optional<OutputFile> File() const override { return OutputFile{file_.path(), append_}; }
  absl::Status Check() const override { return file_.Check(); }
  bool wants_history() const override { return name_ == "result" || name_ == "report"; }
  absl::Status Start() override { return file_.Reserve(); }
  void Write(const Batch& /*batch*/) override {}
  void Flush() override {}
  absl::Status Stop() override { return absl::OkStatus(); }
  absl::Status Report(const RunReport& report) override {
    return file_.Write(render_(report, version_));
  }

 private:
  const std::string name_;
  const bool append_;
  ReportFile file_;
  const Render render_;
  const std::string version_;
};

MadeOutput MakeReport(const char* name, absl::string_view path, bool append,
                      ReportOutput::Render render, const OutputContext& context) {
  if (path.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("a file is needed: ", name, "=FILE"));
  }
  return std::make_unique<ReportOutput>(name, std::string(path), append, render, context.version);
}

}  // namespace

std::string JunitXml(const RunReport& report) {
  const std::vector<TestCase> thresholds = ThresholdCases(report.summary);
  const std::vector<TestCase> checks = CheckCases(report.summary);
  std::string xml =
      absl::StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"",
                   XmlEscaped(report.script), "\">\n", SuiteXml("run", {EndCase(report)}, report));
  if (!thresholds.empty()) {
    absl::StrAppend(&xml, SuiteXml("thresholds", thresholds, report));
  }
  if (!checks.empty()) {
    absl::StrAppend(&xml, SuiteXml("checks", checks, report));
  }
  if (const std::vector<TestCase> generator = GeneratorCases(report.judgement);
      !generator.empty()) {
    absl::StrAppend(&xml, SuiteXml("generator", generator, report));
  }
  return xml + "</testsuites>\n";
}

std::string GithubMarkdown(const RunReport& report) {
  const Summary& summary = report.summary;
  const VerdictWord word = report.verdict.word;
  const char* const sign = IsGood(word) ? "✅" : word == VerdictWord::kErrors ? "⚠️" : "❌";
  std::string text =
      absl::StrCat("## ", sign, " Load test ", MarkdownEscaped(report.script), "\n\nRan for ",
                   DurationText(absl::Trunc(summary.duration, absl::Milliseconds(1))), ".\n");
  if (!report.verdict.reason.empty()) {
    absl::StrAppend(&text, "\n**", TextOf(word), "**: ", MarkdownEscaped(report.verdict.reason),
                    "\n");
  }
  std::string rows;
  for (const SummaryMetric& metric : summary.metrics) {
    for (const SummaryThreshold& threshold : metric.thresholds) {
      const char* const mark = !threshold.ok ? "❌" : metric.judged_nothing() ? "⚠️" : "✅";
      absl::StrAppend(&rows, "| ", mark, " | ", MarkdownEscaped(metric.key), " | ",
                      MarkdownEscaped(threshold.expression), " | ",
                      MarkdownEscaped(ObservedText(summary, metric, threshold)), " |\n");
    }
  }
  if (!rows.empty()) {
    absl::StrAppend(&text,
                    "\n### Thresholds\n\n| | metric | threshold | observed |\n|---|---|---|---|\n",
                    rows);
  }
  rows.clear();
  for (const SummaryCheck& check : AllChecks(summary.root)) {
    absl::StrAppend(&rows, "| ", check.fails == 0 ? "✅" : "❌", " | ", MarkdownEscaped(check.name),
                    " | ", check.passes, " | ", check.fails, " |\n");
  }
  if (!rows.empty()) {
    absl::StrAppend(&text, "\n### Checks\n\n| | check | passed | failed |\n|---|---|---:|---:|\n",
                    rows);
  }
  if (!summary.errors.empty()) {
    absl::StrAppend(&text,
                    "\n### Errors\n\n| times | cause | method | name |\n|---:|---|---|---|\n");
    for (size_t i = 0; i < std::min(summary.errors.size(), kMostErrorRows); ++i) {
      const ErrorCount& error = summary.errors[i].error;
      absl::StrAppend(&text, "| ", error.count, " | ", MarkdownEscaped(error.cause), " | ",
                      MarkdownEscaped(error.method), " | ", MarkdownEscaped(error.name), " |\n");
    }
  }
  absl::StrAppend(&text, "\n### Metrics\n\n| metric | values |\n|---|---|\n");
  for (const SummaryMetric& metric : summary.metrics) {
    absl::StrAppend(&text, "| ", MarkdownEscaped(metric.key), " | ", MetricValues(summary, metric),
                    " |\n");
  }
  for (const std::string& sentence : summary.lost) {
    absl::StrAppend(&text, "\n⚠️ ", MarkdownEscaped(sentence), "\n");
  }
  if (!IsSteady(report.judgement.validity)) {
    absl::StrAppend(&text, "\n### Load generator: ", WordOf(report.judgement.validity), "\n\n");
    for (const std::string& reason : report.judgement.reasons) {
      absl::StrAppend(&text, "- ⚠️ ", MarkdownEscaped(reason), "\n");
    }
  }
  return text;
}

bool IsReport(absl::string_view spec) {
  constexpr absl::string_view kReports[] = {"github", "junit", "report", "result"};
  const absl::string_view name = spec.substr(0, spec.find('='));
  return std::find(std::begin(kReports), std::end(kReports), name) != std::end(kReports);
}

RunResult ResultOf(const RunReport& report, const std::string& version) {
  RunResult result = MakeResult(report.store, report.summary);
  result.version = version;
  result.script = report.script;
  result.begin = report.begin;
  result.end = report.end;
  result.validity = report.judgement.validity;
  result.validity_reasons = report.judgement.reasons;
  result.lost_agents = report.judgement.lost;
  result.verdict = report.verdict;
  if (report.history != nullptr) {
    result.history = *report.history;
  }
  return result;
}

MadeOutput MakeJunitOutput(absl::string_view argument, const OutputContext& context) {
  return MakeReport(
      "junit", argument, /*append=*/false,
      [](const RunReport& report, const std::string&) { return JunitXml(report); }, context);
}

MadeOutput MakeGithubOutput(absl::string_view argument, const OutputContext& context) {
  std::string path(argument);
  if (const auto found = context.environment.find("GITHUB_STEP_SUMMARY");
      path.empty() && found != context.environment.end()) {
    path = found->second;
  }
  if (path.empty()) {
    return absl::InvalidArgumentError("$GITHUB_STEP_SUMMARY is not set; name a file: github=FILE");
  }
  return MakeReport(
      "github", path, /*append=*/true,
      [](const RunReport& report, const std::string&) { return GithubMarkdown(report); }, context);
}

MadeOutput MakeResultOutput(absl::string_view argument, const OutputContext& context) {
  return MakeReport(
      "result", argument, /*append=*/false,
      [](const RunReport& report, const std::string& version) {
        const RunResult result = ResultOf(report, version);
        return JsonText(ResultToJson(result)) + "\n";
      },
      context);
}

MadeOutput MakePageOutput(absl::string_view argument, const OutputContext& context) {
  return MakeReport(
      "report", argument, /*append=*/false,
      [](const RunReport& report, const std::string& version) {
        return RenderReport({.result = ResultOf(report, version)}, std::nullopt);
      },
      context);
}

}  // namespace lockstep::coordinator
