#include "common/result/verdict.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

#include "common/base/display_width.h"
#include "common/summary/format.h"
#include "proto/words.h"

namespace lockstep {
namespace {

constexpr size_t kMostRows = 10;
constexpr size_t kMostRowsOfALine = 3;
constexpr size_t kWidestCause = 48;
constexpr size_t kMostAgentsNamed = 3;
constexpr size_t kWordWidth = 7;
constexpr absl::string_view kRed = "31";
constexpr absl::string_view kGreen = "32";
constexpr absl::string_view kYellow = "33";

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

EndVerdict::Part CountRequests(const Summary& summary) {
  EndVerdict::Part part;
  for (const SummaryMetric& metric : summary.metrics) {
    if (metric.key == "http_req_failed") {
      part.failed = static_cast<uint64_t>(metric.Value("passes"));
      part.total = part.failed + static_cast<uint64_t>(metric.Value("fails"));
    }
    if (metric.key == "http_reqs") {  // a script may want no http_req_failed
      part.total = std::max(part.total, static_cast<uint64_t>(metric.Value("count")));
    }
  }
  return part;
}

std::string WordFor(const EndVerdict& verdict, ExitCode code) {
  switch (code) {
    case ExitCode::kSuccess:
      if (verdict.thresholds.total == 0 && !verdict.clean()) {
        return "ERRORS";
      }
      return verdict.thresholds.total + verdict.checks.total > 0 ? "PASSED" : "DONE";
    case ExitCode::kExternalAbort:
      return "INTERRUPTED";
    case ExitCode::kScriptStoppedFromRestApi:
      return "STOPPED";
    case ExitCode::kScriptAborted:
      return "ABORTED";
    default:
      return "FAILED";
  }
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

std::string Plural(uint64_t count, absl::string_view what) {
  return absl::StrCat(count, " ", what, count == 1 ? "" : "s");
}

struct Phrase {
  std::string text;
  bool failed = false;
};

void AddCounts(const EndVerdict::Part& part, absl::string_view what, bool with_share,
               std::vector<Phrase>* phrases) {
  if (part.failed > 0) {
    std::string text = absl::StrCat(part.failed, " of ", Plural(part.total, what), " failed");
    if (with_share) {
      absl::StrAppend(&text, " (", ShareText(part), ")");
    }
    phrases->push_back({std::move(text), true});
  } else if (part.total > 0) {
    phrases->push_back({Plural(part.total, what)});
  }
}

// What stands beside the word.
std::vector<Phrase> Phrases(const EndVerdict& verdict) {
  std::vector<Phrase> phrases;
  if (!verdict.reason.empty()) {
    phrases.push_back({verdict.reason, true});
  }
  if (verdict.word == "FAILED" && verdict.thresholds.failed > 0) {
    phrases.push_back({absl::StrCat(verdict.thresholds.failed, " of ",
                                    Plural(verdict.thresholds.total, "threshold")),
                       true});
  } else {
    AddCounts(verdict.thresholds, "threshold", /*with_share=*/false, &phrases);
  }
  AddCounts(verdict.requests, "request", /*with_share=*/true, &phrases);
  AddCounts(verdict.checks, "check", /*with_share=*/false, &phrases);
  if (verdict.exceptions > 0) {
    phrases.push_back({Plural(verdict.exceptions, "script exception"), true});
  }
  if (verdict.others > 0) {
    phrases.push_back({Plural(verdict.others, "other failure"), true});
  }
  if (verdict.requests.total == 0) {
    phrases.push_back({absl::StrCat(FormatNumber(verdict.iterations),
                                    verdict.iterations == 1 ? " iteration" : " iterations")});
  }
  return phrases;
}

struct Url {
  absl::string_view authority;
  absl::string_view rest;  // "" or from its first "/" on
};

std::optional<Url> AsUrl(absl::string_view name) {
  const size_t scheme = name.find("://");
  if (scheme == absl::string_view::npos || scheme > 5) {
    return std::nullopt;
  }
  name.remove_prefix(scheme + 3);
  const size_t path = std::min(name.find_first_of("/?"), name.size());
  return Url{name.substr(0, path), name.substr(path)};
}

// Whether there was an answer: its status is the cause.
bool IsStatus(absl::string_view cause) {
  int status = 0;
  return absl::SimpleAtoi(cause, &status);
}

// The names of rows without what they all have in common: of URLs the scheme, and the host where it
// is the only one that has answered. Of one that did not, it is what matters.
std::vector<std::string> ShortNames(const std::vector<ErrorRow>& rows) {
  std::set<absl::string_view> answered;
  for (const ErrorRow& row : rows) {
    if (const auto url = AsUrl(row.error.name); url && IsStatus(row.error.cause)) {
      answered.insert(url->authority);
    }
  }
  std::vector<std::string> names;
  for (const ErrorRow& row : rows) {
    const std::optional<Url> url = AsUrl(row.error.name);
    if (!url) {
      names.push_back(row.error.name);
    } else if (IsStatus(row.error.cause) && answered.size() == 1) {
      names.emplace_back(url->rest.empty() ? "/" : url->rest);
    } else {
      names.push_back(absl::StrCat(url->authority, url->rest == "/" ? "" : url->rest));
    }
  }
  return names;
}

// The agents that had these errors; empty where all had them that had any.
std::string AgentsText(const ErrorRow& row, size_t all) {
  if (row.agents.empty() || row.agents.size() == all) {
    return "";
  }
  std::vector<std::string> names;
  for (const auto& [agent, count] : row.agents) {
    if (names.size() == kMostAgentsNamed) {
      names.push_back(absl::StrCat(row.agents.size() - kMostAgentsNamed, " more"));
      break;
    }
    names.push_back(agent);
  }
  return absl::StrCat("  on ", absl::StrJoin(names, ", "));
}

std::string Shortened(absl::string_view text, size_t columns) {
  return DisplayWidth(text) <= columns ? std::string(text)
                                       : absl::StrCat(CutToWidth(text, columns - 1), "\u2026");
}

class BlockRenderer {
 public:
  BlockRenderer(const EndVerdict& verdict, const Summary& summary, const VerdictLook& look)
      : verdict_(verdict), summary_(summary), look_(look) {}

  std::string Render() {
    Head();
    Rows();
    Generator();
    return std::move(out_);
  }

 private:
  std::string Color(absl::string_view code, absl::string_view text) const {
    return look_.color && !text.empty() ? absl::StrCat("\x1b[", code, "m", text, "\x1b[0m")
                                        : std::string(text);
  }
  void Line(absl::string_view line) {
    const bool fits = look_.columns == 0 || DisplayWidth(line) <= look_.columns;
    absl::StrAppend(&out_, fits ? std::string(line) : CutToWidth(line, look_.columns), "\n");
  }

  absl::string_view ColorOfWord() const {
    if (verdict_.word == "PASSED" || verdict_.word == "DONE") {
      const bool steady = verdict_.judgement.validity <= v1::Health::VALID;
      return steady && verdict_.clean() ? kGreen : kYellow;
    }
    return verdict_.word == "INTERRUPTED" || verdict_.word == "STOPPED" ? kYellow : kRed;
  }

  // What does not fit beside the word goes on below it.
  void Head() {
    const std::string word = Color(absl::StrCat("1;", ColorOfWord()), verdict_.word);
    std::string line = absl::StrCat(PadToWidth(word, kWordWidth), "  ");
    const size_t indent = DisplayWidth(line);
    bool first = true;
    for (const Phrase& phrase : Phrases(verdict_)) {
      const std::string text = Color(phrase.failed ? kRed : "0", phrase.text);
      if (!first && look_.columns > 0 &&
          DisplayWidth(line) + 3 + DisplayWidth(phrase.text) > look_.columns) {
        Line(line);
        line = std::string(indent, ' ');
        first = true;
      }
      absl::StrAppend(&line, first ? "" : " \u00b7 ", text);
      first = false;
    }
    Line(line);
  }

  void Rows() {
    std::vector<ErrorRow> rows = summary_.errors;
    std::set<std::string> agents;
    uint64_t left_out = summary_.folded_errors;
    for (size_t i = 0; i < rows.size(); ++i) {
      for (const auto& [agent, count] : rows[i].agents) {
        agents.insert(agent);
      }
      left_out += i >= kMostRows ? rows[i].error.count : 0;
    }
    const size_t kinds = rows.size() - std::min(rows.size(), kMostRows);
    rows.resize(std::min(rows.size(), kMostRows));
    const std::vector<std::string> names = ShortNames(rows);
    size_t count_width = 0, cause_width = 0, method_width = 0;
    for (const ErrorRow& row : rows) {
      count_width = std::max(count_width, absl::StrCat(row.error.count).size());
      cause_width = std::max(cause_width, std::min(kWidestCause, DisplayWidth(row.error.cause)));
      method_width = std::max(method_width, DisplayWidth(row.error.method));
    }
    for (size_t i = 0; i < rows.size(); ++i) {
      const ErrorCount& error = rows[i].error;
      Line(absl::StrCat(
          "  ", Color(kRed, absl::StrFormat("%*d", static_cast<int>(count_width), error.count)),
          " x ", PadToWidth(Shortened(error.cause, kWidestCause), cause_width), "   ",
          PadToWidth(error.method, method_width), "  ", names[i],
          AgentsText(rows[i], agents.size())));
    }
    if (left_out > 0) {
      Line(absl::StrCat("  and ", left_out, " of ",
                        kinds > 0 ? Plural(kinds, "other kind") : "other kinds",
                        summary_.folded_errors > 0 && kinds > 0 ? " and more" : ""));
    }
  }

  void Generator() {
    const Judgement& judgement = verdict_.judgement;
    switch (judgement.validity) {
      case v1::Health::VALID:
        Line("load generator: steady");
        return;
      case v1::Health::SUSPECT:
      case v1::Health::INVALID: {
        const bool invalid = judgement.validity == v1::Health::INVALID;
        Line(absl::StrCat("load generator: ",
                          Color(invalid ? kRed : kYellow, WordOf(judgement.validity))));
        for (const std::string& reason : judgement.reasons) {
          absl::StrAppend(&out_, "      - ", reason, "\n");  // whole: it explains
        }
        return;
      }
      default:
        Line("load generator: not judged, as no load ran");
    }
  }

  const EndVerdict& verdict_;
  const Summary& summary_;
  const VerdictLook& look_;
  std::string out_;
};

}  // namespace

EndVerdict MakeVerdict(const Summary& summary, const Judgement& judgement, ExitCode code,
                       absl::string_view reason) {
  EndVerdict verdict;
  verdict.judgement = judgement;
  verdict.thresholds = CountThresholds(summary);
  verdict.requests = CountRequests(summary);
  for (const SummaryCheck& check : AllChecks(summary.root)) {
    verdict.checks.total += check.passes + check.fails;
    verdict.checks.failed += check.fails;
  }
  uint64_t calls = summary.folded_errors;
  for (const ErrorRow& row : summary.errors) {
    (row.error.method == kScriptMethod ? verdict.exceptions : calls) += row.error.count;
  }
  verdict.others = calls - std::min(calls, verdict.requests.failed);
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

std::string RenderVerdict(const EndVerdict& verdict, const Summary& summary,
                          const VerdictLook& look) {
  return BlockRenderer(verdict, summary, look).Render();
}

std::string VerdictLine(const EndVerdict& verdict, const Summary& summary) {
  std::vector<std::string> parts;
  for (const Phrase& phrase : Phrases(verdict)) {
    parts.push_back(phrase.text);
  }
  for (size_t i = 0; i < std::min(summary.errors.size(), kMostRowsOfALine); ++i) {
    const ErrorCount& error = summary.errors[i].error;
    parts.push_back(
        absl::StrCat(error.count, " x ", error.cause, " ", error.method, " ", error.name));
  }
  return absl::StrCat(verdict.word, ": ", absl::StrJoin(parts, "; "));
}

nlohmann::json VerdictJson(const EndVerdict& verdict) {
  const auto part = [](const EndVerdict::Part& each) {
    return nlohmann::json{{"failed", each.failed}, {"total", each.total}};
  };
  return {{"word", verdict.word},
          {"reason", verdict.reason},
          {"thresholds", part(verdict.thresholds)},
          {"requests", part(verdict.requests)},
          {"checks", part(verdict.checks)},
          {"exceptions", verdict.exceptions},
          {"others", verdict.others}};
}

}  // namespace lockstep
