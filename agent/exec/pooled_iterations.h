// shared-iterations where work may move: the coordinator deals the fleet's pool out in ranges, of
// about as many iterations as this agent begins in a second, so that what nobody has begun is never
// lost with an agent. It ends once the coordinator has said that there are no more, or when
// maxDuration is over.
#pragma once

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "agent/exec/vu_handles.h"
#include "common/base/sync.h"

namespace lockstep::agent {

// Ranges of numbers in the test, in the order of their coming. Thread-safe.
class LeasedGate final : public IterationGate {
 public:
  using Range = std::pair<int64_t, int64_t>;  // first, count
  // `low` is called, on any thread, when half of what there was after the last Add has begun; and,
  // after BegunUntilAsked, when all of it has.
  LeasedGate(std::shared_ptr<ScenarioCounters> counters, absl::AnyInvocable<void() const> low);

  bool Enter(MonoTime now, Iteration* iteration) override;
  bool starved() const override;
  void Add(Range range);
  // How many have begun. Those after them are told of by `low`.
  int64_t BegunUntilAsked();
  // Iterations that have not begun; they never will.
  std::vector<Range> TakeAll();
  int64_t begun() const;
  int64_t left() const;

 private:
  const absl::AnyInvocable<void() const> low_;
  mutable Mutex mutex_;
  std::deque<Range> ranges_ ABSL_GUARDED_BY(mutex_);
  int64_t left_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t begun_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t low_at_ ABSL_GUARDED_BY(mutex_) = -1;  // -1: `low` is not called
};

class PooledIterations final : public Executor {
 public:
  explicit PooledIterations(ExecutorContext context);
  ~PooledIterations() override;

  void Prepare() override;
  void Start(MonoTime start) override;
  void EndStarts(EndOfStarts why) override;
  void StopWaiting() override;
  void Interrupt() override { handles_.Interrupt(); }
  bool finished() const override { return ended_ && !awaits_rest_ && handles_.held() == 0; }
  // What is left of the pool when the time is over was dropped; one agent gets it, and says so.
  void Settle() override;
  int64_t active_vus() const override { return handles_.held(); }
  void Redivide(absl::Duration offset) override;
  void Lease(int64_t first, int64_t count) override;
  int64_t granted() const override { return granted_; }

 private:
  // Asks for more, or for word that there are no more.
  void Ask();
  void End();

  // A worker's message that there is little left finds nobody once this is gone.
  const std::shared_ptr<PooledIterations*> self_ = std::make_shared<PooledIterations*>(this);
  const std::shared_ptr<LeasedGate> gate_;
  VuHandles handles_;
  int64_t granted_ = 0;
  int64_t unbegun_ = 0;  // when the time was over
  int64_t begun_when_asked_ = 0;
  MonoTime asked_;
  bool started_ = false;
  bool ended_ = false;
  bool awaits_rest_ = false;
};

}  // namespace lockstep::agent
