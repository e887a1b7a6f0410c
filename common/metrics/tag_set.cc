#include "common/metrics/tag_set.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "common/base/utf8.h"

namespace lockstep {
namespace {

// Leaves out what a set is too large for, the last by name; whether there is such.
bool Bound(TagList* tags) {
  size_t bytes = 0, fit = 0;
  while (fit < tags->size() && fit < TagSetTable::kMaxTags) {
    bytes += (*tags)[fit].first.size() + (*tags)[fit].second.size();
    if (bytes > TagSetTable::kMaxSetBytes) {
      break;
    }
    ++fit;
  }
  const bool too_large = fit < tags->size();
  tags->resize(fit);
  return too_large;
}

}  // namespace

// Sets the tag in a sorted list.
void TagSetTable::SetTag(TagList* list, absl::string_view key, absl::string_view value) {
  if (!IsUtf8(key) || !IsUtf8(value)) {
    SetTag(list, ValidUtf8(key), ValidUtf8(value));
    return;
  }
  if (key.size() > kMaxTextBytes) {
    ++overflowed_;
    return;
  }
  if (value.size() > kMaxTextBytes) {
    ++overflowed_;
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

TagSetTable::TagSetTable() {
  InternSorted({});
}

TagSetId TagSetTable::InternSorted(TagList tags) {
  auto known = by_tags_.find(tags);
  if (known == by_tags_.end() && Bound(&tags)) {
    ++overflowed_;
    known = by_tags_.find(tags);
  }
  if (known != by_tags_.end()) {
    return known->second;
  }
  std::optional<TagSetId> indexed;
  if (std::any_of(tags.begin(), tags.end(),
                  [](const auto& tag) { return IsMetadata(tag.first); })) {
    TagList rest = tags;
    std::erase_if(rest, [](const auto& tag) { return IsMetadata(tag.first); });
    indexed = InternSorted(std::move(rest));
  }
  if (sets_.size() >= kMaxSets) {
    ++overflowed_;
    if (indexed.has_value()) {
      return *indexed;
    }
    TagList overflow = {{"overflow", "true"}};
    const auto it = by_tags_.find(overflow);
    if (it != by_tags_.end()) {
      return it->second;
    }
    tags = std::move(overflow);
  }
  const TagSetId id{static_cast<uint32_t>(sets_.size())};
  sets_.push_back(tags);
  indexed_.push_back(indexed.value_or(id));
  by_tags_.emplace(std::move(tags), id);
  return id;
}

TagSetId TagSetTable::With(TagSetId base, absl::string_view key, absl::string_view value) {
  if (key.size() + value.size() > kMaxTextBytes) {  // nothing to remember
    TagList large = Get(base);
    SetTag(&large, key, value);
    return InternSorted(std::move(large));
  }
  std::string extension(reinterpret_cast<const char*>(&base), sizeof(base));
  const uint32_t length = static_cast<uint32_t>(key.size());
  extension.append(reinterpret_cast<const char*>(&length), sizeof(length));
  extension.append(key.data(), key.size());
  extension.append(value.data(), value.size());
  const auto known = extensions_.find(extension);
  if (known != extensions_.end()) {
    return known->second;
  }
  TagList tags = Get(base);
  SetTag(&tags, key, value);
  const TagSetId id = InternSorted(std::move(tags));
  if (extensions_.size() < kMaxSets) {
    extensions_.emplace(std::move(extension), id);
  }
  return id;
}

TagSetId TagSetTable::With(TagSetId base,
                           absl::Span<const std::pair<absl::string_view, absl::string_view>> tags) {
  TagList list = Get(base);
  for (const auto& [key, value] : tags) {
    SetTag(&list, key, value);
  }
  return InternSorted(std::move(list));
}

TagSetId TagSetTable::Without(TagSetId base, absl::string_view key) {
  TagList list = Get(base);
  std::erase_if(list, [key](const auto& tag) { return tag.first == key; });
  return InternSorted(std::move(list));
}

std::optional<absl::string_view> TagSetTable::Find(TagSetId id, absl::string_view key) const {
  for (const auto& [name, value] : Get(id)) {
    if (name == key) {
      return absl::string_view(value);
    }
  }
  return std::nullopt;
}

}  // namespace lockstep
