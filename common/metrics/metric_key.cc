// The names of submetrics, "name{tag:value}", taken apart.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "common/metrics/aggregate_store.h"

namespace lockstep {
namespace {

// Without spaces and quotes around it.
absl::string_view Bare(absl::string_view text) {
  constexpr absl::string_view kAround = " \t\r\n'\"";
  const size_t first = text.find_first_not_of(kAround);
  if (first == absl::string_view::npos) {
    return "";
  }
  return text.substr(first, text.find_last_not_of(kAround) - first + 1);
}

}  // namespace

absl::StatusOr<MetricKey> ParseMetricKey(absl::string_view text) {
  MetricKey key;
  const size_t open = text.find('{');
  const size_t close = text.rfind('}');
  if (open == absl::string_view::npos && close == absl::string_view::npos) {
    key.metric = std::string(absl::StripAsciiWhitespace(text));
    key.text = key.metric;
    return key;
  }
  if (open == absl::string_view::npos || close == absl::string_view::npos || close < open ||
      !absl::StripAsciiWhitespace(text.substr(close + 1)).empty()) {
    return absl::InvalidArgumentError(absl::StrCat("parsing metric name failed, metric \"", text,
                                                   "\" has unmatched opening/close curly brace"));
  }
  key.metric = std::string(absl::StripAsciiWhitespace(text.substr(0, open)));
  const absl::string_view inside = text.substr(open + 1, close - open - 1);
  if (absl::StripAsciiWhitespace(inside).empty()) {
    return absl::InvalidArgumentError(absl::StrCat("parsing metric name failed, submetric \"", text,
                                                   "\" has no tags between its curly braces"));
  }
  for (absl::string_view tag : absl::StrSplit(inside, ',')) {
    const size_t colon = tag.find(':');
    const absl::string_view name = Bare(tag.substr(0, colon));
    if (colon == absl::string_view::npos || name.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("parsing metric name failed, tag \"", tag,
                                                     "\" of metric \"", text,
                                                     "\" is not of the form name:value"));
    }
    key.tags.emplace_back(std::string(name), std::string(Bare(tag.substr(colon + 1))));
  }
  key.text = absl::StrCat(key.metric, "{", absl::StripAsciiWhitespace(inside), "}");
  std::sort(key.tags.begin(), key.tags.end());
  const auto twice =
      std::adjacent_find(key.tags.begin(), key.tags.end(),
                         [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice != key.tags.end()) {
    return absl::InvalidArgumentError(absl::StrCat("parsing metric name failed, metric \"", text,
                                                   "\" has the tag ", twice->first, " twice"));
  }
  return key;
}

}  // namespace lockstep
