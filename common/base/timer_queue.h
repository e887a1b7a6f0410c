// The timers of one event loop, ordered by time and then by the order in which they were set. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"

#include "common/base/event_loop.h"

namespace lockstep {

class TimerQueue {
 public:
  TimerId Add(MonoTime when, EventLoop::Task task);
  void Cancel(TimerId id);
  // When the earliest timer is due; Infinite() when there is none.
  MonoTime next_due() const;
  bool empty() const { return by_time_.empty(); }
  // Takes out the earliest timer if it is due at `now`; an empty task if none is due.
  EventLoop::Task PopDue(MonoTime now);

 private:
  using Key = std::pair<MonoTime, uint64_t>;
  std::map<Key, EventLoop::Task> by_time_;
  absl::flat_hash_map<uint64_t, MonoTime> due_by_id_;
  uint64_t last_id_ = 0;
};

}  // namespace lockstep
