#include "common/base/timer_queue.h"

namespace lockstep {

TimerId TimerQueue::Add(MonoTime when, EventLoop::Task task) {
  const uint64_t id = ++last_id_;
  by_time_.emplace(Key{when, id}, std::move(task));
  due_by_id_.emplace(id, when);
  return TimerId{id};
}

void TimerQueue::Cancel(TimerId id) {
  const auto found = due_by_id_.find(static_cast<uint64_t>(id));
  if (found == due_by_id_.end()) {
    return;
  }
  by_time_.erase(Key{found->second, found->first});
  due_by_id_.erase(found);
}

MonoTime TimerQueue::next_due() const {
  return by_time_.empty() ? MonoTime::Infinite() : by_time_.begin()->first.first;
}

EventLoop::Task TimerQueue::PopDue(MonoTime now) {
  if (by_time_.empty() || by_time_.begin()->first.first > now) {
    return {};
  }
  auto node = by_time_.extract(by_time_.begin());
  due_by_id_.erase(node.key().second);
  return std::move(node.mapped());
}

}  // namespace lockstep
