// Which row of a data file a VU gets next, so that over the whole fleet each row is used by whom it
// should be used:
//
//   unique   each row at most once in the test. An agent has the rows of its segment's stripe, just
//            as it has iterations; nobody needs to be asked. Where work moves between agents, so do
//            rows: then it is as `queue`.
//   queue    one queue for the whole fleet, first come, first served, each row at most once. Rows
//            come from the coordinator in blocks, and what nobody has taken goes back.
//   vu       a VU's own row: the first VU of the test has the first row.
//   random   any row, by a hash of seed, VU and the VU's number of calls: the same for any number
//            of agents.
//
// One of these per file and process. Thread-safe. Knows nothing of V8.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"

#include "agent/data/once_map.h"
#include "agent/data/row_table.h"
#include "common/base/sync.h"
#include "common/segment/execution_segment.h"

namespace lockstep::agent {

enum class RowOrder { kUnique, kQueue, kVu, kRandom };
// "unique", "queue", "vu", "random"; nothing for other names.
std::optional<RowOrder> ParseRowOrder(absl::string_view name);

struct RowRules {
  RowSyntax syntax = {};
  RowOrder order = RowOrder::kUnique;
  bool wrap = false;  // after the last row, the first one comes again
  uint64_t seed = 0;
  bool operator==(const RowRules&) const = default;
};

// `count` numbers from `first` on, of a queue; a count of 0: there are no more.
struct RowBlock {
  int64_t first = 0;
  int64_t count = 0;
};

class RowDealer {
 public:
  RowDealer(RowTable table, RowRules rules) : table_(std::move(table)), rules_(rules) {}

  const RowTable& table() const { return table_; }
  const RowRules& rules() const { return rules_; }

  // The row with this number in the order; nothing beyond the last one, unless it wraps.
  std::optional<int64_t> RowOf(int64_t number) const;

  std::optional<int64_t> NextUnique(const SegmentTuple& segment);
  std::optional<int64_t> OfVu(int64_t vu_id_in_test) const { return RowOf(vu_id_in_test - 1); }
  // The VU's `call`-th row, from 0.
  std::optional<int64_t> Random(int64_t vu_id_in_test, uint64_t call) const;

  // ---- kQueue, and kUnique where work moves ----
  enum class Turn { kTaken, kWait, kNoMore };
  // Takes the next row, if one is here.
  Turn Take(int64_t* row);
  // Calls `wake`, on any thread, when it is worth calling Take again; possibly at once. True: the
  // caller has to ask the coordinator for a block, as nobody else has.
  bool WaitForBlock(absl::AnyInvocable<void()> wake);
  void Fill(RowBlock block);
  // What is left of the last block, which is nobody's here any more; where nothing is left, `first`
  // is the number after it.
  RowBlock TakeBack();

 private:
  const RowTable table_;
  const RowRules rules_;
  std::atomic<int64_t> dealt_{0};  // kUnique

  Mutex mutex_;
  RowBlock block_ ABSL_GUARDED_BY(mutex_);
  bool asked_ ABSL_GUARDED_BY(mutex_) = false;
  bool exhausted_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<absl::AnyInvocable<void()>> waiting_ ABSL_GUARDED_BY(mutex_);
};

class RowStore final : public OnceMap<RowDealer> {};

}  // namespace lockstep::agent
