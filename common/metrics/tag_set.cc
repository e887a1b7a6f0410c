#include "common/metrics/tag_set.h"

#include <algorithm>
#include <atomic>
#include <iterator>

#include "absl/strings/str_cat.h"

#include "common/base/utf8.h"

namespace lockstep {
namespace {

constexpr absl::string_view kOverflow = "overflow";

// The names of tags that have few values by their nature, sorted. They are those of
// common/options/system_tags.h without the address (`url`, `name`) and texts of errors, and what
// belongs to them.
constexpr absl::string_view kFewValues[] = {
    "check",       "error_code", "expected_response", "group",   "ip",     "method",
    "ocsp_status", "proto",      "scenario",          "service", "status", "status_class",
    "subproto",    "tls_version"};

bool HasFewValues(absl::string_view key) {
  return std::binary_search(std::begin(kFewValues), std::end(kFewValues), key);
}

// Leaves out what a set is too large for: the last by name, but none of those that have few values,
// by which thresholds select. Whether there is such.
bool Bound(TagList* tags) {
  size_t bytes = 0, count = 0;
  for (const auto& [key, value] : *tags) {
    if (HasFewValues(key)) {
      bytes += key.size() + value.size();
      ++count;
    }
  }
  bool full = false;
  std::erase_if(*tags, [&](const auto& tag) {
    if (HasFewValues(tag.first)) {
      return false;
    }
    bytes += tag.first.size() + tag.second.size();
    full = full || ++count > TagSetTable::kMaxTags || bytes > TagSetTable::kMaxSetBytes;
    return full;
  });
  return full;
}

bool Asks(const TagList& asked, const std::pair<std::string, std::string>& tag) {
  return std::find(asked.begin(), asked.end(), tag) != asked.end();
}

template <typename Keep>
TagList Kept(const TagList& tags, Keep keep) {
  TagList kept;
  for (const auto& tag : tags) {
    if (tag.first != kOverflow && keep(tag)) {
      kept.push_back(tag);
    }
  }
  const auto place =
      std::lower_bound(kept.begin(), kept.end(), kOverflow,
                       [](const auto& tag, absl::string_view key) { return tag.first < key; });
  kept.emplace(place, std::string(kOverflow), "true");
  return kept;
}

}  // namespace

// Sets the tag in a sorted list.
void TagSetTable::SetTag(TagList* list, absl::string_view key, absl::string_view value) {
  if (!IsUtf8(key) || !IsUtf8(value)) {
    SetTag(list, ValidUtf8(key), ValidUtf8(value));
    return;
  }
  if (key.size() > kMaxTextBytes) {
    ++cut_;
    return;
  }
  if (value.size() > kMaxTextBytes) {
    ++cut_;
    value = CutText(value, kMaxTextBytes);
  }
  const auto place =
      std::lower_bound(list->begin(), list->end(), key,
                       [](const auto& tag, absl::string_view k) { return tag.first < k; });
  if (place != list->end() && place->first == key) {
    place->second = std::string(value);
  } else {
    list->emplace(place, std::string(key), std::string(value));
  }
}

std::string MetadataKey(absl::string_view name) {
  return absl::StrCat(absl::string_view(&kMetadataMark, 1), name);
}

bool IsMetadata(absl::string_view key) {
  return !key.empty() && key.front() == kMetadataMark;
}

absl::string_view TagName(absl::string_view key) {
  return IsMetadata(key) ? key.substr(1) : key;
}

const std::string* FindTag(const TagList& tags, absl::string_view key) {
  const auto found = std::lower_bound(
      tags.begin(), tags.end(), key,
      [](const auto& tag, absl::string_view wanted) { return tag.first < wanted; });
  return found != tags.end() && found->first == key ? &found->second : nullptr;
}

TagList FoldedTags(const TagList& tags, const TagList& asked) {
  return Kept(tags, [&](const auto& tag) { return HasFewValues(tag.first) || Asks(asked, tag); });
}

TagList NarrowTags(const TagList& tags, const TagList& asked) {
  return Kept(tags, [&](const auto& tag) { return Asks(asked, tag); });
}

bool IsFolded(const TagList& tags) {
  const std::string* overflow = FindTag(tags, kOverflow);
  return overflow != nullptr && *overflow == "true";
}

void TagSet::Release() {
  if (--node_->users > 0) {
    return;
  }
  if (node_->table != nullptr) {
    node_->table->Forget(node_);
  }
  delete node_;
}

const TagSet* TagSetMemo::Find(absl::string_view key) const {
  const auto found = places_.find(key);
  return found == places_.end() ? nullptr : &entries_[found->second].set;
}

void TagSetMemo::Keep(absl::string_view key, const TagSet& set) {
  if (key.size() > kMostKeyBytes || places_.contains(key)) {
    return;
  }
  size_t place = entries_.size();
  if (place < kMost) {
    entries_.emplace_back();
  } else {
    place = std::exchange(oldest_, (oldest_ + 1) % kMost);
    places_.erase(entries_[place].key);
  }
  entries_[place].key.assign(key.data(), key.size());
  entries_[place].set = set;
  places_.emplace(entries_[place].key, place);
}

TagSetTable::TagSetTable() = default;

TagSetTable::~TagSetTable() {
  std::vector<TagSet> folded;  // a set may be what it is folded into
  for (TagSet::Node* node : sets_) {
    node->table = nullptr;
    folded.push_back(std::move(node->folded));
  }
}

void TagSetTable::Forget(TagSet::Node* node) {
  sets_.erase(node);
}

TagSet TagSetTable::Of(TagList tags) {
  return InternSorted(std::move(tags));
}

TagSet TagSetTable::InternSorted(TagList tags) {
  if (Bound(&tags)) {
    ++cut_;
  }
  if (tags.empty()) {
    return {};
  }
  const size_t hash = absl::HashOf(tags);
  if (const auto known = sets_.find(tags, hash); known != sets_.end()) {
    return TagSet(*known);
  }
  const bool has_metadata =
      std::any_of(tags.begin(), tags.end(), [](const auto& tag) { return IsMetadata(tag.first); });
  TagSet indexed;
  if (has_metadata) {
    TagList rest = tags;
    std::erase_if(rest, [](const auto& tag) { return IsMetadata(tag.first); });
    indexed = InternSorted(std::move(rest));
  }
  static std::atomic<uint64_t> serial = 0;
  TagSet made(new TagSet::Node{.table = this,
                               .serial = ++serial,
                               .hash = hash,
                               .tags = std::move(tags),
                               .indexed = std::move(indexed),
                               .has_metadata = has_metadata});
  sets_.insert(made.node());
  return made;
}

TagSet TagSetTable::With(const TagSet& base, absl::string_view key, absl::string_view value) {
  const uint64_t serial = base.serial();
  const uint32_t length = static_cast<uint32_t>(key.size());
  std::string extension(reinterpret_cast<const char*>(&serial), sizeof(serial));
  extension.append(reinterpret_cast<const char*>(&length), sizeof(length));
  extension.append(key.data(), key.size());
  extension.append(value.data(), value.size());
  if (const TagSet* known = extensions_.Find(extension)) {
    return *known;
  }
  TagList tags = Get(base);
  SetTag(&tags, key, value);
  TagSet set = InternSorted(std::move(tags));
  extensions_.Keep(extension, set);
  return set;
}

TagSet TagSetTable::With(const TagSet& base,
                         absl::Span<const std::pair<absl::string_view, absl::string_view>> tags) {
  TagList list = Get(base);
  for (const auto& [key, value] : tags) {
    SetTag(&list, key, value);
  }
  return InternSorted(std::move(list));
}

TagSet TagSetTable::Without(const TagSet& base, absl::string_view key) {
  TagList list = Get(base);
  std::erase_if(list, [key](const auto& tag) { return tag.first == key; });
  return InternSorted(std::move(list));
}

const TagList& TagSetTable::Get(const TagSet& set) {
  static const TagList none;
  return set.node() == nullptr ? none : set.node()->tags;
}

std::optional<absl::string_view> TagSetTable::Find(const TagSet& set, absl::string_view key) {
  for (const auto& [name, value] : Get(set)) {
    if (name == key) {
      return absl::string_view(value);
    }
  }
  return std::nullopt;
}

}  // namespace lockstep
