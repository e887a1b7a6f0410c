#include "coordinator/core/row_queues.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kMostQueues = 1000;
// An agent that uses 10,000 rows a second then asks 40 times.
constexpr int64_t kLargestBlock = 256;
// The rule of guided self-scheduling (Polychronopoulos and Kuck 1987), with a quarter of a share.
constexpr int64_t kBlocksOfAShare = 4;

}  // namespace

absl::StatusOr<RowQueues::Block> RowQueues::Lease(const std::string& queue, int64_t rows, bool wrap,
                                                  int64_t agents) {
  const auto found = queues_.find(queue);
  if (found == queues_.end() && queues_.size() == kMostQueues) {
    return absl::ResourceExhaustedError(
        absl::StrCat("row_lease.queue: a run has at most ", kMostQueues, " queues"));
  }
  Queue& known = found != queues_.end() ? found->second
                                        : queues_.insert({queue, {rows, wrap, 0}}).first->second;
  if (known.rows != rows || known.wrap != wrap) {
    return absl::InvalidArgumentError(
        absl::StrCat("row_lease.rows: the queue \"", queue, "\" has ", known.rows,
                     known.wrap ? " rows and wraps" : " rows and does not wrap", ", got ", rows,
                     wrap ? " and wrapping" : " and not wrapping"));
  }
  const int64_t left = wrap ? rows : rows - known.next;
  Block block{.first = known.next,
              .count = std::clamp(left / (kBlocksOfAShare * agents), int64_t{1}, kLargestBlock)};
  block.count = wrap ? block.count : std::min(block.count, left);
  known.next += block.count;
  return block;
}

}  // namespace lockstep::coordinator
