#include "agent/grpc/nearest.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace lockstep::agent {
namespace {

// Levenshtein's distance.
size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
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
  const std::string looked_for = absl::AsciiStrToLower(wrong);
  std::vector<std::pair<size_t, std::string>> near;
  for (const std::string& name : names) {
    const size_t distance = Distance(looked_for, absl::AsciiStrToLower(name));
    if (2 * distance <= std::max(LastPart(name).size(), LastPart(wrong).size())) {
      near.emplace_back(distance, name);
    }
  }
  std::stable_sort(near.begin(), near.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> nearest;
  for (auto& [distance, name] : near) {
    if (nearest.size() < kShown && distance <= near.front().first + 1) {
      nearest.push_back(std::move(name));
    }
  }
  return nearest;
}

std::string Suggestion(absl::string_view wrong, const std::vector<std::string>& names) {
  constexpr size_t kFew = 12;
  const std::vector<std::string> near = NearestNames(wrong, names);
  if (!near.empty()) {
    return absl::StrCat("; did you mean \"", absl::StrJoin(near, "\" or \""), "\"?");
  }
  return names.empty() || names.size() > kFew
             ? ""
             : absl::StrCat("; there are ", absl::StrJoin(names, ", "));
}

}  // namespace lockstep::agent
