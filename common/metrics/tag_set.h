// Tag sets, interned: a tag set is stored once per table and then passed around as a handle, so
// that adding a sample neither copies nor compares strings. A set that nobody holds any more is
// forgotten, so that a script may use as many different ones as it likes.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
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

// What is left of a series' tags where there are too many combinations of them: the tags that have
// few values by their nature (scenario, group, check, method, status, ...), those of `asked`, name
// and value, and overflow:true. So whoever selects by `asked` still finds each sample.
TagList FoldedTags(const TagList& tags, const TagList& asked);
// Where there are too many even of those: of `asked` alone, and overflow:true.
TagList NarrowTags(const TagList& tags, const TagList& asked);

// Whether the tags are what is left of others.
bool IsFolded(const TagList& tags);

class TagSetTable;

// A set of a table, of which it keeps one alive. As cheap to copy as a pointer; without a table it
// is the empty set. Equal sets of one table are equal handles. Not thread-safe: used on the thread
// of its table, which it may outlive.
class TagSet {
 public:
  // What a table knows of a set, with room for what the table's owner wants to find by it.
  struct Node;

  constexpr TagSet() = default;
  explicit TagSet(Node* node);
  TagSet(const TagSet& other) : TagSet(other.node_) {}
  TagSet(TagSet&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  TagSet& operator=(TagSet other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~TagSet() {
    if (node_ != nullptr) {
      Release();
    }
  }
  Node* node() const { return node_; }  // null: the empty set
  // Of this set alone, for as long as the program runs. 0: the empty set.
  uint64_t serial() const;
  friend bool operator==(const TagSet& a, const TagSet& b) { return a.node_ == b.node_; }

 private:
  void Release();

  Node* node_ = nullptr;
};
inline const TagSet kEmptyTagSet;

struct TagSet::Node {
  TagSetTable* table = nullptr;  // null: it is gone
  uint32_t users = 0;
  uint64_t serial = 0;
  size_t hash = 0;
  TagList tags;
  TagSet indexed;  // the set without its metadata; of one that has none, the empty one
  bool has_metadata = false;

  // The owner's: see Accumulator.
  TagSet folded = {};
  std::vector<uint32_t> columns = {};
  uint32_t place = 0;
};

// Which set a text stands for: the latest kMost ones.
class TagSetMemo {
 public:
  static constexpr size_t kMost = 8192;
  static constexpr size_t kMostKeyBytes = 2048;

  const TagSet* Find(absl::string_view key) const;
  // Forgets the oldest one where it is full. Longer keys are not kept.
  void Keep(absl::string_view key, const TagSet& set);

 private:
  struct Entry {
    std::string key;
    TagSet set;
  };
  std::deque<Entry> entries_;  // their addresses stay
  size_t oldest_ = 0;
  absl::flat_hash_map<absl::string_view, size_t> places_;
};

// Not thread-safe: each worker has its own; the batches carry the tags themselves.
class TagSetTable {
 public:
  // Of one set. Values that are longer are cut off, keys that are longer and what is more are left
  // out: a script may use a whole page as a tag, and the coordinator would refuse it. Bytes that
  // are not UTF-8 become U+FFFD.
  static constexpr size_t kMaxTags = 128;
  static constexpr size_t kMaxTextBytes = 8192;
  static constexpr size_t kMaxSetBytes = 65536;

  TagSetTable();
  ~TagSetTable();
  TagSetTable(const TagSetTable&) = delete;
  TagSetTable& operator=(const TagSetTable&) = delete;

  // The set `base` with `key` set to `value`. Remembered, so that repeating it costs one hash
  // lookup.
  TagSet With(const TagSet& base, absl::string_view key, absl::string_view value);
  // The set `base` with all of `tags` set, in any order; a later duplicate of a key wins.
  TagSet With(const TagSet& base,
              absl::Span<const std::pair<absl::string_view, absl::string_view>> tags);
  TagSet Without(const TagSet& base, absl::string_view key);
  // The set of just these tags, within the bounds above.
  TagSet Of(TagList tags);
  // The set without its metadata.
  TagSet Indexed(const TagSet& set) const {
    return set.node() != nullptr && set.node()->has_metadata ? set.node()->indexed : set;
  }
  // The same as what is known of it; of the empty set, too. Valid as long as the set.
  TagSet::Node& NodeOf(const TagSet& set) { return set.node() != nullptr ? *set.node() : empty_; }
  TagSet::Node& IndexedNodeOf(const TagSet& set) {
    return set.node() != nullptr && set.node()->has_metadata ? NodeOf(set.node()->indexed)
                                                             : NodeOf(set);
  }
  // Valid as long as the set.
  static const TagList& Get(const TagSet& set);
  static std::optional<absl::string_view> Find(const TagSet& set, absl::string_view key);
  // For whoever makes sets of more than a set and a tag: what a text of his stands for.
  TagSetMemo& memo() { return memo_; }
  // How many sets there are, without the empty one.
  size_t size() const { return sets_.size(); }
  // How many times a set was too large.
  uint64_t cut() const { return cut_; }

 private:
  friend class TagSet;

  struct Hash {
    using is_transparent = void;
    size_t operator()(const TagSet::Node* node) const { return node->hash; }
    size_t operator()(const TagList& tags) const { return absl::HashOf(tags); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const TagSet::Node* a, const TagSet::Node* b) const { return a == b; }
    bool operator()(const TagSet::Node* a, const TagList& b) const { return a->tags == b; }
    bool operator()(const TagList& a, const TagSet::Node* b) const { return a == b->tags; }
  };
  TagSet InternSorted(TagList tags);
  void SetTag(TagList* list, absl::string_view key, absl::string_view value);
  void Forget(TagSet::Node* node);

  uint64_t cut_ = 0;
  TagSet::Node empty_;
  absl::flat_hash_set<TagSet::Node*, Hash, Equal> sets_;
  TagSetMemo extensions_;  // (base, key, value) -> set
  TagSetMemo memo_;
};

inline TagSet::TagSet(Node* node) : node_(node) {
  if (node_ != nullptr) {
    ++node_->users;
  }
}

inline uint64_t TagSet::serial() const {
  return node_ == nullptr ? 0 : node_->serial;
}

}  // namespace lockstep
