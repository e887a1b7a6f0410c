// What failed, by cause: a table for people that does not depend on which tags a test keeps. Each
// worker of an agent counts what failed since its last seal; the coordinator merges all of it, with
// the agents' names. Bounded: of more kinds than the limit, those of one cause and method become
// one row, and what does not even fit there is only counted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace lockstep {

// The name of the rows that stand for all names beyond the limit.
inline constexpr absl::string_view kOtherNames = "(other names)";
// The "method" of what a script threw; the name is the place then.
inline constexpr absl::string_view kScriptMethod = "SCRIPT";

// Failures of one kind.
struct ErrorCount {
  std::string cause;   // "500", "dial: connection refused", "TypeError: x is not a function"
  std::string method;  // "GET", "GRPC", "WS", kScriptMethod
  std::string name;    // as the tag `name`, or a place in the script
  uint64_t count = 0;
  int64_t first_unix_nanos = INT64_MAX;  // of the first one
};

struct ErrorRow {
  ErrorCount error;
  // How many on each agent, of the first kMostAgents that had any.
  std::map<std::string, uint64_t> agents;
};

// Not thread-safe.
class ErrorTable {
 public:
  static constexpr size_t kMostKinds = 200;
  static constexpr size_t kMostAgents = 64;
  static constexpr size_t kMostTextBytes = 512;  // of each text; the rest is cut off

  explicit ErrorTable(size_t most_kinds = kMostKinds) : most_kinds_(most_kinds) {}

  // One more failure.
  void Add(absl::string_view cause, absl::string_view method, absl::string_view name,
           absl::Time time);
  // What was counted elsewhere; `agent` empty: no agent's.
  void Add(const ErrorCount& errors, absl::string_view agent);
  // Failures that did not fit elsewhere.
  void AddFolded(uint64_t count) { folded_ += count; }

  // The most frequent first; of equal ones, the first that was seen.
  std::vector<ErrorRow> Rows() const;
  // Failures that have no row.
  uint64_t folded() const { return folded_; }
  bool empty() const { return rows_.empty() && folded_ == 0; }
  void Clear();

 private:
  // Null: there is no room.
  ErrorRow* RowOf(absl::string_view cause, absl::string_view method, absl::string_view name);
  ErrorRow* Find(absl::string_view cause, absl::string_view method, absl::string_view name,
                 size_t limit);

  const size_t most_kinds_;
  absl::flat_hash_map<std::string, ErrorRow> rows_;
  std::string key_;  // of the look-up; kept for its memory
  uint64_t folded_ = 0;
};

}  // namespace lockstep
