#include "coordinator/core/row_queues.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "common/base/counted.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kMostQueues = 1000;
// An agent that uses 10,000 rows a second then asks 40 times.
constexpr int64_t kLargestBlock = 256;
// The rule of guided self-scheduling (Polychronopoulos and Kuck 1987), with a quarter of a share.
constexpr int64_t kBlocksOfAShare = 4;

// How many nobody has; of a queue that wraps, as many as it has rows.
int64_t Left(const RowQueues::Queue& queue) {
  return queue.back.count() + (queue.wrap ? queue.rows : queue.rows - queue.next);
}

// At most so many, > 0 and <= Left.
Range Take(RowQueues::Queue& queue, int64_t most) {
  return queue.back.empty() ? Range{std::exchange(queue.next, queue.next + most), most}
                            : queue.back.Take(most);
}

}  // namespace

absl::Status RowQueues::Ask(AgentId agent, const v1::RowLease& lease) {
  const auto found = queues_.find(lease.queue());
  if (found == queues_.end() && queues_.size() == kMostQueues) {
    return absl::ResourceExhaustedError(
        absl::StrCat("row_lease.queue: a run has at most ", kMostQueues, " queues"));
  }
  Queue& known = found != queues_.end() ? found->second : queues_[lease.queue()];
  if (found == queues_.end()) {
    known.rows = lease.rows();
    known.wrap = lease.wrap();
  }
  if (known.rows != lease.rows() || known.wrap != lease.wrap()) {
    return absl::InvalidArgumentError(
        absl::StrCat("row_lease.rows: the queue \"", lease.queue(), "\" has ", known.rows,
                     known.wrap ? " rows and wraps" : " rows and does not wrap", ", got ",
                     lease.rows(), lease.wrap() ? " and wrapping" : " and not wrapping"));
  }
  known.held.erase(agent);
  if (std::find(known.waiting.begin(), known.waiting.end(), agent) == known.waiting.end()) {
    known.waiting.push_back(agent);
  }
  return absl::OkStatus();
}

absl::Status RowQueues::Return(AgentId agent, const v1::RowsReturned& returned) {
  const auto queue = queues_.find(returned.queue());
  const Range back{returned.first(), returned.count()};
  if (queue == queues_.end() || !queue->second.held.contains(agent)) {
    // It had asked for more before it was asked to give back what it had.
    return back.count == 0 ? absl::OkStatus()
                           : absl::InvalidArgumentError(
                                 absl::StrCat("rows_returned: ", back.count, " of the queue \"",
                                              returned.queue(), "\", of which it has none"));
  }
  std::map<AgentId, Block>& held = queue->second.held;
  const Range had = held[agent].range;
  if (back.first + back.count != had.first + had.count || back.first < had.first) {
    // Nothing is left of a block before this one, which is on its way to it.
    return back.count == 0
               ? absl::OkStatus()
               : absl::InvalidArgumentError(absl::StrCat(
                     "rows_returned: ", back.count, " from ", back.first, ", of ", had.count,
                     " from ", had.first, ": they are not the last ones of these"));
  }
  held.erase(agent);
  if (back.count > 0) {
    queue->second.back.PutLast(back);
  }
  return absl::OkStatus();
}

std::string RowQueues::Lose(AgentId agent) {
  std::string lost;
  for (auto& [name, queue] : queues_) {
    std::erase(queue.waiting, agent);
    if (const auto had = queue.held.extract(agent); !had.empty() && !queue.wrap) {
      const Range range = had.mapped().range;
      absl::StrAppend(&lost, lost.empty() ? "" : ", ", "up to ", Counted(range.count, "row"),
                      " of ", name, " from number ", range.first + 1, " on");
    }
  }
  return lost;
}

std::vector<Addressed> RowQueues::Deal(int64_t agents) {
  std::vector<Addressed> messages;
  for (auto& [name, queue] : queues_) {
    DealQueue(name, queue, agents, messages);
  }
  return messages;
}

void RowQueues::DealQueue(const std::string& name, Queue& queue, int64_t agents,
                          std::vector<Addressed>& messages) {
  while (!queue.waiting.empty()) {
    const int64_t left = Left(queue);
    if (left == 0 && !queue.held.empty()) {
      break;
    }
    messages.push_back({queue.waiting.front(), {}});
    v1::RowsLeased& leased = *messages.back().message.mutable_rows_leased();
    leased.set_queue(name);
    if (left > 0) {
      const int64_t fair = std::clamp(left / (kBlocksOfAShare * agents), int64_t{1}, kLargestBlock);
      const Range given = Take(queue, fair);
      leased.set_first(given.first);
      leased.set_count(given.count);
      queue.held[queue.waiting.front()] = {.range = given};
    }
    queue.waiting.pop_front();
  }
  if (queue.waiting.empty()) {
    return;
  }
  for (auto& [agent, block] : queue.held) {
    if (!std::exchange(block.recalled, true)) {
      messages.push_back({agent, {}});
      messages.back().message.mutable_rows_recalled()->set_queue(name);
    }
  }
}

}  // namespace lockstep::coordinator
