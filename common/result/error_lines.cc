#include "common/result/error_lines.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

#include "common/base/counted.h"
#include "common/base/display_width.h"
#include "common/base/terminal_style.h"

namespace lockstep {
namespace {

constexpr size_t kWidestCause = 48;
constexpr size_t kNarrow = 60;  // columns
constexpr size_t kMostAgentsNamed = 3;

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

}  // namespace

std::vector<std::string> ErrorLines(const std::vector<ErrorRow>& errors, uint64_t folded,
                                    const ErrorLinesLook& look) {
  std::set<std::string> agents;
  uint64_t left_out = folded;
  for (size_t i = 0; i < errors.size(); ++i) {
    for (const auto& [agent, count] : errors[i].agents) {
      agents.insert(agent);
    }
    left_out += i >= look.rows ? errors[i].error.count : 0;
  }
  const std::vector<ErrorRow> rows(
      errors.begin(),
      errors.begin() + static_cast<std::ptrdiff_t>(std::min(errors.size(), look.rows)));
  const size_t kinds = errors.size() - rows.size();
  const std::vector<std::string> names = ShortNames(rows);
  size_t count_width = 0, cause_width = 0, method_width = 0;
  for (const ErrorRow& row : rows) {
    count_width = std::max(count_width, absl::StrCat(row.error.count).size());
    cause_width = std::max(cause_width, std::min(kWidestCause, DisplayWidth(row.error.cause)));
    method_width = std::max(method_width, DisplayWidth(row.error.method));
  }
  std::vector<std::string> targets;
  size_t widest = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    targets.push_back(absl::StrCat(PadToWidth(rows[i].error.method, method_width), "  ", names[i],
                                   AgentsText(rows[i], agents.size())));
    widest = std::max(widest, count_width + 3 + cause_width + 3 + DisplayWidth(targets.back()));
  }
  const bool stacked = look.columns > 0 && look.columns < kNarrow && widest > look.columns;
  const std::string indent(count_width + 3, ' ');
  std::vector<std::string> lines;
  for (size_t i = 0; i < rows.size(); ++i) {
    const ErrorCount& error = rows[i].error;
    const std::string count = absl::StrFormat("%*d", static_cast<int>(count_width), error.count);
    const std::string cause = Shortened(error.cause, kWidestCause);
    lines.push_back(absl::StrCat(Styled(kRed, count, look.color), " x "));
    if (stacked) {
      absl::StrAppend(&lines.back(), cause);
      lines.push_back(absl::StrCat(indent, targets[i]));
    } else {
      absl::StrAppend(&lines.back(), PadToWidth(cause, cause_width), "   ", targets[i]);
    }
  }
  if (left_out > 0) {
    const std::string others = kinds > 0 ? Counted(kinds, "other kind") : "other kinds";
    lines.push_back(
        absl::StrCat("and ", left_out, " of ", others, folded > 0 && kinds > 0 ? " and more" : ""));
  }
  return lines;
}

}  // namespace lockstep
