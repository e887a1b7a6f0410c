#include "common/summary/group_tree.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace lockstep {
namespace {

// A group in the making: children in the order in which they were first seen.
struct GroupNode {
  FirstSeen first_seen = {.unix_nanos = INT64_MAX, .ordinal = UINT32_MAX};
  std::map<std::string, GroupNode> groups;
  std::map<std::string, std::pair<FirstSeen, Rate>> checks;
};

// The node of "::outer::inner", made as needed.
GroupNode* Descend(GroupNode* root, absl::string_view path, FirstSeen first_seen) {
  GroupNode* node = root;
  for (absl::string_view name : absl::StrSplit(path, "::", absl::SkipEmpty())) {
    node = &node->groups[std::string(name)];
    node->first_seen = std::min(node->first_seen, first_seen);
  }
  return node;
}

SummaryGroup Finish(const GroupNode& node, std::string name, std::string path) {
  SummaryGroup group{.name = std::move(name), .path = std::move(path), .checks = {}, .groups = {}};
  std::vector<std::pair<FirstSeen, std::string>> order;
  for (const auto& [check, data] : node.checks) {
    order.emplace_back(data.first, check);
  }
  std::sort(order.begin(), order.end());
  for (const auto& [seen, check] : order) {
    const Rate& rate = node.checks.at(check).second;
    group.checks.push_back({.name = check,
                            .path = absl::StrCat(group.path, "::", check),
                            .first_seen = seen,
                            .passes = rate.trues,
                            .fails = rate.total - rate.trues});
  }
  order.clear();
  for (const auto& [child, data] : node.groups) {
    order.emplace_back(data.first_seen, child);
  }
  std::sort(order.begin(), order.end());
  for (const auto& [seen, child] : order) {
    group.groups.push_back(
        Finish(node.groups.at(child), child, absl::StrCat(group.path, "::", child)));
  }
  return group;
}

void CollectChecks(const SummaryGroup& group, std::vector<SummaryCheck>* checks) {
  checks->insert(checks->end(), group.checks.begin(), group.checks.end());
  for (const SummaryGroup& child : group.groups) {
    CollectChecks(child, checks);
  }
}

}  // namespace

SummaryGroup BuildGroups(const AggregateStore& store,
                         absl::FunctionRef<bool(const TagList&)> wanted,
                         const std::set<std::string>& others) {
  GroupNode root;
  for (const std::string& path : others) {
    Descend(&root, path, GroupNode().first_seen);
  }
  for (absl::string_view metric : {"group_duration", "checks"}) {
    for (const AggregateStore::Series& series : store.SeriesOf(metric)) {
      if (!wanted(*series.tags)) {
        continue;
      }
      const std::string* path = FindTag(*series.tags, "group");
      GroupNode* node = Descend(&root, path == nullptr ? "" : *path, series.first_seen);
      if (metric == "checks" && series.aggregate != nullptr) {
        const std::string* name = FindTag(*series.tags, "check");
        const auto [it, added] = node->checks.try_emplace(
            name == nullptr ? std::string(kNamelessChecks) : *name, series.first_seen, Rate{});
        it->second.first = std::min(it->second.first, series.first_seen);
        it->second.second.Merge(series.aggregate->rate());
      }
    }
  }
  return Finish(root, "", "");
}

std::vector<SummaryCheck> AllChecks(const SummaryGroup& group) {
  std::vector<SummaryCheck> checks;
  CollectChecks(group, &checks);
  std::stable_sort(checks.begin(), checks.end(), [](const SummaryCheck& a, const SummaryCheck& b) {
    return a.first_seen < b.first_seen;
  });
  return checks;
}

}  // namespace lockstep
