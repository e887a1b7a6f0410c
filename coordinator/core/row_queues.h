// The queues of rows that the agents of a run share (`lockstep/data`, order 'queue'): who asks
// first gets the next block, and each number is given away once. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace lockstep::coordinator {

class RowQueues {
 public:
  struct Block {
    int64_t first = 0;
    int64_t count = 0;  // 0: there are no more
  };

  // The next numbers of `queue`, which has `rows` > 0, or goes on forever if it wraps. Blocks are
  // small compared with what is left for each of the `agents` > 0, so that all of them get rows
  // until the end, and large enough that an agent rarely has to ask. InvalidArgument: the queue was
  // said to have a different number of rows before. ResourceExhausted: too many queues.
  absl::StatusOr<Block> Lease(const std::string& queue, int64_t rows, bool wrap, int64_t agents);

  struct Queue {
    int64_t rows = 0;
    bool wrap = false;
    int64_t next = 0;  // the first number that nobody has
  };
  // What to make queues of that go on from here.
  const std::map<std::string, Queue>& queues() const { return queues_; }
  RowQueues() = default;
  explicit RowQueues(std::map<std::string, Queue> queues) : queues_(std::move(queues)) {}

 private:
  std::map<std::string, Queue> queues_;
};

}  // namespace lockstep::coordinator
