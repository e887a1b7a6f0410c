// Tag sets, interned: a tag set is stored once per table and then passed around as a small id, so
// that adding a sample neither copies nor compares strings.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace lockstep {

// Metadata are tags with too many values to make series of, such as the number of the iteration:
// single samples have them, aggregates do not. In a tag set their keys begin with this byte.
inline constexpr char kMetadataMark = '\x01';
// The key of a tag set for the metadata called `name`.
std::string MetadataKey(absl::string_view name);
bool IsMetadata(absl::string_view key);
// The name that belongs to a key of a tag set, whether metadata or not.
absl::string_view TagName(absl::string_view key);

// Sorted by key, keys unique. Those of a table are UTF-8.
using TagList = std::vector<std::pair<std::string, std::string>>;
// The value of the tag `key`; null where there is none.
const std::string* FindTag(const TagList& tags, absl::string_view key);

// Index into a TagSetTable; kEmptyTagSet is the empty set in each.
enum class TagSetId : uint32_t {};
inline constexpr TagSetId kEmptyTagSet{0};

// Not thread-safe: each worker has its own; the batches carry the tags themselves.
class TagSetTable {
 public:
  // Beyond this many sets, new ones become {overflow:true}: a script that puts random text into
  // tags must not eat all memory. Sets with metadata lose these instead.
  static constexpr size_t kMaxSets = 100'000;
  // Of one set. Values that are longer are cut off, keys that are longer and what is more are left out: a script may use a
  // whole page as a tag, and the coordinator would refuse it. Bytes that are not UTF-8 become U+FFFD.
  static constexpr size_t kMaxTags = 128;
  static constexpr size_t kMaxTextBytes = 8192;
  static constexpr size_t kMaxSetBytes = 65536;

  TagSetTable();
  // The set `base` with `key` set to `value`. Remembered, so that repeating it costs one hash
  // lookup.
  TagSetId With(TagSetId base, absl::string_view key, absl::string_view value);
  // The set `base` with all of `tags` set, in any order; a later duplicate of a key wins.
  TagSetId With(TagSetId base,
                absl::Span<const std::pair<absl::string_view, absl::string_view>> tags);
  TagSetId Without(TagSetId base, absl::string_view key);
  // The set without its metadata.
  TagSetId Indexed(TagSetId id) const { return indexed_[static_cast<uint32_t>(id)]; }
  // Valid as long as the table.
  const TagList& Get(TagSetId id) const { return sets_[static_cast<uint32_t>(id)]; }
  std::optional<absl::string_view> Find(TagSetId id, absl::string_view key) const;
  size_t size() const { return sets_.size(); }
  // How many times a set became {overflow:true}, lost its metadata, or was too large.
  uint64_t overflowed() const { return overflowed_; }

 private:
  TagSetId InternSorted(TagList tags);
  void SetTag(TagList* list, absl::string_view key, absl::string_view value);

  uint64_t overflowed_ = 0;
  std::deque<TagList> sets_;
  std::vector<TagSetId> indexed_;  // for each set
  absl::flat_hash_map<TagList, TagSetId> by_tags_;
  absl::flat_hash_map<std::string, TagSetId> extensions_;  // (base, key, value) -> set
};

}  // namespace lockstep
