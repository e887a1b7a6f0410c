#include "agent/exec/pooled_iterations.h"

#include <algorithm>

#include "agent/exec/lease_size.h"

namespace lockstep::agent {

LeasedGate::LeasedGate(std::shared_ptr<ScenarioCounters> counters,
                       absl::AnyInvocable<void() const> low)
    : IterationGate(SegmentTuple(), -1, std::move(counters)), low_(std::move(low)) {}

bool LeasedGate::Enter(MonoTime now, Iteration* iteration) {
  if (closed_at(now)) {
    return false;
  }
  bool low = false;
  {
    MutexLock lock(mutex_);
    if (left_ == 0) {
      return false;
    }
    auto& [first, count] = ranges_.front();
    *iteration = {begun_++, first++, MonoTime()};
    if (--count == 0) {
      ranges_.pop_front();
    }
    --left_;
    if (left_ <= low_at_) {
      low_at_ = -1;
      low = true;
    }
  }
  counters().Started();
  if (low) {
    low_();
  }
  return true;
}

bool LeasedGate::starved() const {
  return left() == 0;
}

void LeasedGate::Add(Range range) {
  MutexLock lock(mutex_);
  ranges_.push_back(range);
  left_ += range.second;
  low_at_ = left_ / 2;
}

int64_t LeasedGate::BegunUntilAsked() {
  MutexLock lock(mutex_);
  low_at_ = left_ > 0 ? 0 : -1;
  return begun_;
}

std::vector<LeasedGate::Range> LeasedGate::TakeAll() {
  MutexLock lock(mutex_);
  std::vector<Range> all(ranges_.begin(), ranges_.end());
  ranges_.clear();
  left_ = 0;
  return all;
}

int64_t LeasedGate::begun() const {
  MutexLock lock(mutex_);
  return begun_;
}

int64_t LeasedGate::left() const {
  MutexLock lock(mutex_);
  return left_;
}

PooledIterations::PooledIterations(ExecutorContext context)
    : Executor(std::move(context)),
      gate_(std::make_shared<LeasedGate>(
          context_.counters,
          [loop = &context_.loop, self = std::weak_ptr<PooledIterations*>(self_)] {
            loop->Post([self] {
              if (const auto alive = self.lock(); alive != nullptr && !(*alive)->ended_) {
                (*alive)->Ask();
              }
            });
          })),
      handles_(context_, gate_) {}

PooledIterations::~PooledIterations() = default;

void PooledIterations::Prepare() {
  asked_ = now();
  context_.events.OnIterationsWanted(
      {context_.scenario, 0, std::max<int64_t>(context_.plan.planned_vus, 0), false});
}

void PooledIterations::Start(MonoTime start) {
  started_ = true;
  gate_->Open(start + context_.plan.regular_duration);
  handles_.Want(context_.plan.planned_vus, now());
  if (gate_->left() == 0) {
    Ask();  // it may have got VUs since it was prepared
  }
}

// Wants to have as many as will begin in the time ahead at the speed since the last time, twice the
// VUs at least; without a VU, none. Asks once more when it has none, as only then it may hear that
// there are no more.
void PooledIterations::Ask() {
  const int64_t begun = gate_->BegunUntilAsked();
  const int64_t vus = context_.plan.planned_vus;
  const int64_t ahead = IterationsAhead(begun - begun_when_asked_, now() - asked_);
  const int64_t wanted = vus == 0 ? 0 : std::max(2 * vus, ahead);
  asked_ = now();
  begun_when_asked_ = begun;
  context_.events.OnIterationsWanted({context_.scenario, begun, wanted, false});
}

void PooledIterations::Lease(int64_t first, int64_t count) {
  if (ended_) {
    if (count == 0) {
      awaits_rest_ = false;
    } else if (awaits_rest_) {
      granted_ += count;
      unbegun_ += count;
    } else {
      context_.events.OnIterationsReturned(context_.scenario, first, count);
    }
    context_.changed();
    return;
  }
  if (count == 0) {
    End();
    return;
  }
  granted_ += count;
  gate_->Add({first, count});
  if (started_) {
    handles_.Wake();
  }
}

void PooledIterations::Redivide(absl::Duration /*offset*/) {
  if (ended_) {
    return;
  }
  handles_.Want(context_.plan.planned_vus, now() + context_.config.graceful_stop);
  if (gate_->left() == 0) {
    Ask();
  }
}

void PooledIterations::EndStarts(EndOfStarts why) {
  if (ended_) {
    return;
  }
  End();
  for (const auto& [first, count] : gate_->TakeAll()) {
    if (why == EndOfStarts::kStopped) {
      context_.events.OnIterationsReturned(context_.scenario, first, count);
      granted_ -= count;
    } else {
      unbegun_ += count;
    }
  }
  if (why == EndOfStarts::kTimeIsUp) {
    awaits_rest_ = true;
    context_.events.OnIterationsWanted({context_.scenario, gate_->begun(), 0, true});
  }
}

void PooledIterations::StopWaiting() {
  awaits_rest_ = false;
  context_.changed();
}

void PooledIterations::End() {
  ended_ = true;
  handles_.End();
  context_.changed();
}

void PooledIterations::Settle() {
  if (unbegun_ > 0) {
    Drop(unbegun_, 0);
  }
}

}  // namespace lockstep::agent
