// What a VU waits for: events that its script expects, and the wait that it is parked in. What
// comes late finds its VU by key and its wait by number, or nobody. Worker's thread.
#pragma once

#include <cstdint>
#include <list>

#include "absl/functional/any_invocable.h"

#include "agent/vu/worker.h"

namespace lockstep::agent {

class VuEvents {
 public:
  using Task = absl::AnyInvocable<void()>;

  // Of the VU `key` of `worker`, which outlives it.
  VuEvents(Worker& worker, VuKey key) : worker_(worker), key_(key) {}
  VuEvents(const VuEvents&) = delete;
  VuEvents& operator=(const VuEvents&) = delete;

  // Announces an event: see ApiVu.
  absl::AnyInvocable<void(Task task)> Expect();
  // Moves the next event to `event`. False: none has come.
  bool Pop(Task* event);
  // One was announced that has not come.
  bool expecting() const { return expected_ > 0; }
  // Forgets those that have come, and those that are yet to come.
  void Drop();

  // Begins a wait; the result ends it, unless it is over by then.
  Task BeginWait();
  void EndWait() { ++wait_; }
  bool woken() const { return woken_; }
  // The number of the wait that is on.
  uint64_t wait() const { return wait_; }

 private:
  class Expectation;

  Worker& worker_;
  const VuKey key_;
  std::list<Task> events_;  // takes no memory while it is empty, as that of most VUs always is
  int64_t expected_ = 0;
  uint64_t generation_ = 1;  // events of earlier generations are dropped
  uint64_t wait_ = 0;
  bool woken_ = false;
};

}  // namespace lockstep::agent
