#include "common/result/verdict.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "common/base/counted.h"
#include "common/base/display_width.h"
#include "common/base/terminal_style.h"
#include "common/messages/words.h"
#include "common/result/error_lines.h"
#include "common/summary/format.h"

namespace lockstep {
namespace {

constexpr size_t kMostRowsOfALine = 3;
constexpr size_t kWordWidth = 7;
constexpr size_t kIndent = 2;  // of the table of errors

constexpr std::pair<VerdictWord, absl::string_view> kVerdictWords[] = {
    {VerdictWord::kDone, "DONE"},       {VerdictWord::kPassed, "PASSED"},
    {VerdictWord::kErrors, "ERRORS"},   {VerdictWord::kInterrupted, "INTERRUPTED"},
    {VerdictWord::kStopped, "STOPPED"}, {VerdictWord::kAborted, "ABORTED"},
    {VerdictWord::kFailed, "FAILED"},
};

EndVerdict::Part CountThresholds(const Summary& summary) {
  EndVerdict::Part part;
  for (const SummaryMetric& metric : summary.metrics) {
    for (const SummaryThreshold& threshold : metric.thresholds) {
      ++part.total;
      part.failed += threshold.ok ? 0 : 1;
    }
  }
  return part;
}

// Whether a threshold on it says how much may fail: rates do (http_req_failed, checks), and
// counters, but for those that count whatever happens. How long something took, or how often it was
// done, says nothing of it.
bool TellsFailures(const SummaryMetric& metric) {
  const bool counts_all =
      metric.builtin && metric.parent.empty() && metric.key != "http_reqs_errors";
  return metric.type == MetricType::kRate || (metric.type == MetricType::kCounter && !counts_all);
}

// Of the thresholds, those that had samples, or can be judged without: the others have nothing to
// say.
void CountJudged(const Summary& summary, EndVerdict* verdict) {
  for (const SummaryMetric& metric : summary.metrics) {
    if (!metric.thresholds.empty() && !metric.judged_nothing()) {
      verdict->thresholds_judged += metric.thresholds.size();
      verdict->failures_judged |= TellsFailures(metric);
    }
  }
}

EndVerdict::Part CountRequests(const Summary& summary) {
  EndVerdict::Part part;
  uint64_t judged = 0;
  uint64_t errors = 0;
  for (const SummaryMetric& metric : summary.metrics) {
    if (metric.key == "http_req_failed") {
      part.failed = static_cast<uint64_t>(metric.Value("passes"));
      judged = part.failed + static_cast<uint64_t>(metric.Value("fails"));
    } else if (metric.key == "http_reqs_errors") {
      errors = static_cast<uint64_t>(metric.Value("count"));
    } else if (metric.key == "http_reqs") {
      part.total = static_cast<uint64_t>(metric.Value("count"));
    }
  }
  part.total = std::max(part.total, judged);
  if (!summary.config.http_errors) {  // then they are those, and what nobody has judged
    part.failed = std::max(part.failed, errors);
  }
  return part;
}

// Never 0% of something, never 100% of less than all.
std::string ShareText(const EndVerdict::Part& part) {
  const double percent = 100 * static_cast<double>(part.failed) /
                         static_cast<double>(std::max<uint64_t>(part.total, 1));
  if (percent < 0.1) {
    return "less than 0.1%";
  }
  return absl::StrCat(
      FormatNumber(percent < 10 ? std::floor(percent * 10) / 10 : std::floor(percent)), "%");
}

void AddCounts(const EndVerdict::Part& part, absl::string_view what, bool with_share,
               std::vector<VerdictPhrase>* phrases) {
  if (part.failed > 0) {
    std::string text = absl::StrCat(part.failed, " of ", Counted(part.total, what), " failed");
    if (with_share) {
      absl::StrAppend(&text, " (", ShareText(part), ")");
    }
    phrases->push_back({std::move(text), true});
  } else if (part.total > 0) {
    phrases->push_back({Counted(part.total, what)});
  }
}

class BlockRenderer {
 public:
  BlockRenderer(const EndVerdict& verdict, const Summary& summary, const VerdictLook& look)
      : verdict_(verdict), summary_(summary), look_(look) {}

  std::string Render() {
    Head();
    Rows();
    Generator();
    for (const std::string& sentence : verdict_.lost) {
      absl::StrAppend(&out_, Color(kRed, absl::StrCat("outputs: ", sentence)), "\n");  // likewise
    }
    for (const std::string& remark : verdict_.judgement.remarks) {
      absl::StrAppend(&out_, "note: ", remark, "\n");  // whole, too
    }
    return std::move(out_);
  }

 private:
  std::string Color(absl::string_view style, absl::string_view text) const {
    return Styled(style, text, look_.color);
  }
  void Line(absl::string_view line) {
    const bool fits = look_.columns == 0 || DisplayWidth(line) <= look_.columns;
    absl::StrAppend(&out_, fits ? std::string(line) : CutToWidth(line, look_.columns), "\n");
  }

  absl::string_view ColorOfWord() const {
    if (IsGood(verdict_.word)) {
      return IsSteady(verdict_.judgement.validity) && verdict_.clean() ? kGreen : kYellow;
    }
    const bool asked_for =
        verdict_.word == VerdictWord::kInterrupted || verdict_.word == VerdictWord::kStopped;
    return asked_for ? kYellow : kRed;
  }

  // What does not fit beside the word goes on below it: a phrase, or the words of one that is wider
  // than a line.
  void Head() {
    const std::string word = Color(absl::StrCat(kBold, ";", ColorOfWord()), TextOf(verdict_.word));
    std::string line = absl::StrCat(PadToWidth(word, kWordWidth), "  ");
    const size_t indent = DisplayWidth(line);
    bool begins = true;
    const auto go_below = [&] {
      Line(line);
      line = std::string(indent, ' ');
      begins = true;
    };
    const auto add = [&](absl::string_view separator, absl::string_view text, bool failed) {
      if (!begins && look_.columns > 0 &&
          DisplayWidth(line) + DisplayWidth(separator) + DisplayWidth(text) > look_.columns) {
        go_below();
      }
      absl::StrAppend(&line, begins ? "" : separator, Color(failed ? kRed : kPlain, text));
      begins = false;
    };
    for (const VerdictPhrase& phrase : PhrasesOf(verdict_)) {
      const bool fits = look_.columns == 0 || indent + DisplayWidth(phrase.text) <= look_.columns;
      if (!fits && !begins) {
        go_below();
      }
      const std::vector<absl::string_view> pieces =
          fits ? std::vector<absl::string_view>{phrase.text} : absl::StrSplit(phrase.text, ' ');
      absl::string_view separator = " \u00b7 ";
      for (const absl::string_view piece : pieces) {
        add(std::exchange(separator, " "), piece, phrase.failed);
      }
    }
    Line(line);
  }

  void Rows() {
    for (const std::string& line :
         ErrorLines(summary_.errors, summary_.folded_errors,
                    {.color = look_.color,
                    .columns = look_.columns > kIndent ? look_.columns - kIndent : 0})) {
      Line(absl::StrCat(std::string(kIndent, ' '), line));
    }
  }

  void Generator() {
    const Judgement& judgement = verdict_.judgement;
    const std::string text = GeneratorText(judgement.validity);
    const bool invalid = judgement.validity == v1::Health::INVALID;
    Line(absl::StrCat("load generator: ",
                      IsSteady(judgement.validity) ? text : Color(invalid ? kRed : kYellow, text)));
    for (const std::string& reason : judgement.reasons) {
      absl::StrAppend(&out_, "      - ", reason, "\n");  // whole: it explains
    }
  }

  const EndVerdict& verdict_;
  const Summary& summary_;
  const VerdictLook& look_;
  std::string out_;
};

}  // namespace

absl::string_view TextOf(VerdictWord word) {
  const auto* const found = std::find_if(std::begin(kVerdictWords), std::end(kVerdictWords),
                                         [&](const auto& each) { return each.first == word; });
  return found->second;
}

std::optional<VerdictWord> ParseVerdictWord(absl::string_view text) {
  const auto* const found = std::find_if(std::begin(kVerdictWords), std::end(kVerdictWords),
                                         [&](const auto& each) { return each.second == text; });
  return found == std::end(kVerdictWords) ? std::nullopt : std::make_optional(found->first);
}

VerdictWord WordFor(const EndVerdict& verdict, ExitCode code) {
  switch (code) {
    case ExitCode::kSuccess:
      if ((!verdict.failures_judged && !verdict.clean()) || !verdict.lost.empty()) {
        return VerdictWord::kErrors;
      }
      return verdict.thresholds_judged + verdict.checks.total > 0 ? VerdictWord::kPassed
                                                                  : VerdictWord::kDone;
    case ExitCode::kExternalAbort:
      return VerdictWord::kInterrupted;
    case ExitCode::kScriptStoppedFromRestApi:
      return VerdictWord::kStopped;
    case ExitCode::kScriptAborted:
      return VerdictWord::kAborted;
    default:
      return VerdictWord::kFailed;
  }
}

void CountErrors(const std::vector<ErrorRow>& errors, uint64_t folded, EndVerdict* verdict) {
  uint64_t calls = folded;
  for (const ErrorRow& row : errors) {
    (row.error.method == kScriptMethod ? verdict->exceptions : calls) += row.error.count;
  }
  verdict->others = calls - std::min(calls, verdict->requests.failed);
}

EndVerdict MakeVerdict(const Summary& summary, const Judgement& judgement, ExitCode code,
                       absl::string_view reason) {
  EndVerdict verdict;
  verdict.judgement = judgement;
  verdict.thresholds = CountThresholds(summary);
  CountJudged(summary, &verdict);
  verdict.requests = CountRequests(summary);
  for (const SummaryCheck& check : AllChecks(summary.root)) {
    verdict.checks.total += check.passes + check.fails;
    verdict.checks.failed += check.fails;
  }
  CountErrors(summary.errors, summary.folded_errors, &verdict);
  verdict.lost = summary.lost;
  verdict.interrupted = summary.interrupted;
  for (const SummaryMetric& metric : summary.metrics) {
    if (metric.key == "iterations") {
      verdict.iterations = metric.Value("count");
    }
  }
  verdict.word = WordFor(verdict, code);
  if (code != ExitCode::kSuccess && code != ExitCode::kExternalAbort &&
      code != ExitCode::kScriptStoppedFromRestApi && code != ExitCode::kThresholdsHaveFailed) {
    verdict.reason = std::string(reason.substr(0, reason.find('\n')));
  }
  return verdict;
}

std::vector<VerdictPhrase> PhrasesOf(const EndVerdict& verdict) {
  std::vector<VerdictPhrase> phrases;
  if (!verdict.reason.empty()) {
    phrases.push_back({verdict.reason, true});
  }
  if (verdict.word == VerdictWord::kFailed && verdict.thresholds.failed > 0) {
    phrases.push_back({absl::StrCat(verdict.thresholds.failed, " of ",
                                    Counted(verdict.thresholds.total, "threshold")),
                       true});
  } else if (verdict.thresholds.total > 0 && verdict.thresholds_judged == 0) {
    phrases.push_back({Counted(verdict.thresholds.total, "threshold") + " without samples"});
  } else {
    AddCounts(verdict.thresholds, "threshold", /*with_share=*/false, &phrases);
    if (verdict.thresholds_judged < verdict.thresholds.total) {
      const uint64_t unjudged = verdict.thresholds.total - verdict.thresholds_judged;
      absl::StrAppend(&phrases.back().text, " (", unjudged, " without samples)");
    }
  }
  AddCounts(verdict.requests, "request", /*with_share=*/true, &phrases);
  AddCounts(verdict.checks, "check", /*with_share=*/false, &phrases);
  if (verdict.exceptions > 0) {
    phrases.push_back({Counted(verdict.exceptions, "script exception"), true});
  }
  if (verdict.others > 0) {
    phrases.push_back({Counted(verdict.others, "other failure"), true});
  }
  if (!verdict.lost.empty()) {
    phrases.push_back({Counted(verdict.lost.size(), "incomplete output"), true});
  }
  if (verdict.requests.total == 0) {
    phrases.push_back({absl::StrCat(FormatNumber(verdict.iterations),
                                    verdict.iterations == 1 ? " iteration" : " iterations")});
  }
  if (verdict.interrupted > 0) {
    phrases.push_back({Counted(verdict.interrupted, "interrupted iteration")});
  }
  return phrases;
}

std::string RenderVerdict(const EndVerdict& verdict, const Summary& summary,
                          const VerdictLook& look) {
  return BlockRenderer(verdict, summary, look).Render();
}

std::string VerdictLine(const EndVerdict& verdict, const Summary& summary) {
  std::vector<std::string> parts;
  for (const VerdictPhrase& phrase : PhrasesOf(verdict)) {
    parts.push_back(phrase.text);
  }
  for (size_t i = 0; i < std::min(summary.errors.size(), kMostRowsOfALine); ++i) {
    const ErrorCount& error = summary.errors[i].error;
    parts.push_back(
        absl::StrCat(error.count, " x ", error.cause, " ", error.method, " ", error.name));
  }
  return absl::StrCat(TextOf(verdict.word), ": ", absl::StrJoin(parts, "; "));
}

nlohmann::json VerdictJson(const EndVerdict& verdict) {
  const auto part = [](const EndVerdict::Part& each) {
    return nlohmann::json{{"failed", each.failed}, {"total", each.total}};
  };
  nlohmann::json json = {{"word", std::string(TextOf(verdict.word))},
                         {"reason", verdict.reason},
                         {"thresholds", part(verdict.thresholds)},
                         {"requests", part(verdict.requests)},
                         {"checks", part(verdict.checks)},
                         {"exceptions", verdict.exceptions},
                         {"others", verdict.others}};
  if (verdict.interrupted > 0) {
    json["interrupted"] = verdict.interrupted;
  }
  if (!verdict.lost.empty()) {
    json["lost"] = verdict.lost;
  }
  return json;
}

}  // namespace lockstep
