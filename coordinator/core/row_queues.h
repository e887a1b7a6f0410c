// The queues of rows that the agents of a run share (`lockstep/data`, order 'queue', and 'unique'
// where work moves): who asks first gets the next block, and no number is given to two that may
// take it. What an agent has not taken it gives back when it ends, or when it is asked to because
// others want rows; nobody hears that there are no more while somebody may still give some back.
// Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "lockstep/v1/control.pb.h"

#include "coordinator/core/addressed.h"
#include "coordinator/core/ids.h"
#include "coordinator/core/ranges.h"

namespace lockstep::coordinator {

class RowQueues {
 public:
  // An agent wants rows; it has taken all that it had. InvalidArgument: the queue was said to have
  // a different number of rows before. ResourceExhausted: too many queues.
  absl::Status Ask(AgentId agent, const v1::RowLease& lease);
  // An agent has not taken these. InvalidArgument: it has no such rows.
  absl::Status Return(AgentId agent, const v1::RowsReturned& returned);
  // An agent is gone. What it had, as a text for people, of queues that do not wrap; empty:
  // nothing.
  std::string Lose(AgentId agent);

  // RowsLeased and RowsRecalled that are to be sent now, if a run has so many agents > 0. Blocks
  // are small compared with what is left for each of them, so that all get rows until the end, and
  // large enough that an agent rarely has to ask.
  std::vector<Addressed> Deal(int64_t agents);

  struct Block {
    Range range = {};
    bool recalled = false;  // it is asked to give back what is left of it
  };
  struct Queue {
    int64_t rows = 0;  // > 0; or it goes on forever, if it wraps
    bool wrap = false;
    int64_t next = 0;  // the first number that nobody has had
    Ranges back = {};  // given back
    std::map<AgentId, Block> held = {};
    std::deque<AgentId> waiting = {};
  };
  // What to make queues of that go on from here.
  const std::map<std::string, Queue>& queues() const { return queues_; }
  RowQueues() = default;
  explicit RowQueues(std::map<std::string, Queue> queues) : queues_(std::move(queues)) {}

 private:
  static void DealQueue(const std::string& name, Queue& queue, int64_t agents,
                        std::vector<Addressed>& messages);

  std::map<std::string, Queue> queues_;
};

}  // namespace lockstep::coordinator
