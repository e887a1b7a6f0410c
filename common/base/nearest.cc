#include "common/base/nearest.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace lockstep {
namespace {

// Longer ones are nobody's slip, and the distance takes the product of both lengths.
constexpr size_t kLongestName = 200;

// Levenshtein's distance, in which an exchange of neighbours is one step (optimal string
// alignment).
size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> above(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      next[j] =
          std::min({row[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), row[j] + 1, next[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        next[j] = std::min(next[j], above[j - 2] + 1);
      }
    }
    std::swap(above, row);
    std::swap(row, next);
  }
  return row.back();
}

// What follows the last slash: the paths of a service's methods are alike but for that.
absl::string_view LastPart(absl::string_view name) {
  return name.substr(name.rfind('/') + 1);
}

}  // namespace

std::vector<std::string> NearestNames(absl::string_view wrong,
                                      const std::vector<std::string>& names) {
  constexpr size_t kShown = 3;
  std::vector<std::string> nearest;
  if (wrong.size() > kLongestName) {
    return nearest;
  }
  const std::string looked_for = absl::AsciiStrToLower(wrong);
  std::vector<std::pair<size_t, std::string>> near;
  for (const std::string& name : names) {
    if (name.size() > kLongestName) {
      continue;
    }
    const size_t distance = Distance(looked_for, absl::AsciiStrToLower(name));
    if (2 * distance <= std::max(LastPart(name).size(), LastPart(wrong).size())) {
      near.emplace_back(distance, name);
    }
  }
  std::stable_sort(near.begin(), near.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [distance, name] : near) {
    if (nearest.size() < kShown && distance <= near.front().first + 1) {
      nearest.push_back(std::move(name));
    }
  }
  return nearest;
}

std::vector<std::string> SlipsOf(absl::string_view wrong, const std::vector<std::string>& names) {
  constexpr size_t kShort = 6, kLong = 8;
  const std::string meant = absl::AsciiStrToLower(wrong);
  const size_t most = meant.size() < kLong ? 1 : 2;
  std::vector<std::string> slips = NearestNames(wrong, names);
  slips.erase(std::remove_if(slips.begin(), slips.end(),
                             [&](const std::string& name) {
                               const std::string known = absl::AsciiStrToLower(name);
                               return Distance(meant, known) > most ||
                                      (meant.size() < kShort &&
                                       !std::is_permutation(meant.begin(), meant.end(),
                                                            known.begin(), known.end()));
                             }),
              slips.end());
  return slips;
}

std::string DidYouMean(absl::string_view wrong, const std::vector<std::string>& names,
                       absl::string_view prefix) {
  const std::vector<std::string> near = NearestNames(absl::StripPrefix(wrong, prefix), names);
  if (near.empty()) {
    return "";
  }
  const std::string between = absl::StrCat("\" or \"", prefix);
  return absl::StrCat("; did you mean \"", prefix, absl::StrJoin(near, between), "\"?");
}

std::string Suggestion(absl::string_view wrong, const std::vector<std::string>& names) {
  constexpr size_t kFew = 12;
  std::string meant = DidYouMean(wrong, names);
  if (!meant.empty() || names.empty() || names.size() > kFew) {
    return meant;
  }
  return absl::StrCat("; there are ", absl::StrJoin(names, ", "));
}

std::string MeantOrAllowed(absl::string_view wrong, const std::vector<std::string>& allowed) {
  const std::string meant = DidYouMean(wrong, allowed);
  return absl::StrCat(meant,
                      meant.empty() ? "; allowed: " : " Allowed: ", absl::StrJoin(allowed, ", "));
}

}  // namespace lockstep
