#include "agent/vu/vu_events.h"

#include <utility>

#include "agent/vu/script_vu.h"

namespace lockstep::agent {

// One announced event. Counts down when it is called or destroyed, whichever comes first.
class VuEvents::Expectation {
 public:
  explicit Expectation(VuEvents& events)
      : worker_(&events.worker_), key_(events.key_), generation_(events.generation_) {
    ++events.expected_;
  }
  Expectation(Expectation&& other) noexcept
      : worker_(std::exchange(other.worker_, nullptr)),
        key_(other.key_),
        generation_(other.generation_) {}
  Expectation& operator=(Expectation&&) = delete;
  ~Expectation() { Settle({}); }

  void operator()(Task task) { Settle(std::move(task)); }

 private:
  void Settle(Task task) {
    Worker* worker = std::exchange(worker_, nullptr);
    ScriptVu* vu = worker == nullptr ? nullptr : worker->Find(key_);
    if (vu == nullptr || vu->events().generation_ != generation_) {
      return;
    }
    --vu->events().expected_;
    if (task) {
      vu->events().events_.push_back(std::move(task));
    }
    worker->MakeReady(key_);
  }

  Worker* worker_;
  VuKey key_;
  uint64_t generation_;
};

absl::AnyInvocable<void(VuEvents::Task task)> VuEvents::Expect() {
  return Expectation(*this);
}

bool VuEvents::Pop(Task* event) {
  if (events_.empty()) {
    return false;
  }
  *event = std::move(events_.front());
  events_.pop_front();
  return true;
}

void VuEvents::Drop() {
  events_.clear();
  expected_ = 0;
  ++generation_;
}

VuEvents::Task VuEvents::BeginWait() {
  woken_ = false;
  return [&worker = worker_, key = key_, wait = ++wait_] {
    ScriptVu* vu = worker.Find(key);
    if (vu != nullptr && vu->events().wait_ == wait) {
      vu->events().woken_ = true;
      worker.MakeReady(key);
    }
  };
}

}  // namespace lockstep::agent
