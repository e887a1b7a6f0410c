// per-vu-iterations where work may move: the coordinator says which iterations of which VU of the
// test may begin here, about a second's ahead. A VU that becomes another agent's ends its iteration
// first, and the other one goes on with what has not begun, in a VU of its own. It ends once the
// coordinator has said that nothing is left of any VU, or when maxDuration is over.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"

#include "agent/exec/looping_executor.h"
#include "common/base/sync.h"
#include "common/base/timer.h"

namespace lockstep::agent {

// Also notes which VUs have begun nearly all that they may. Thread-safe.
class LeasedVusGate final : public IterationGate {
 public:
  // `low` is called, on any thread, when there are such VUs again after TakeLow.
  LeasedVusGate(std::shared_ptr<ScenarioCounters> counters, absl::AnyInvocable<void() const> low)
      : IterationGate(SegmentTuple(), -1, std::move(counters)), low_(std::move(low)) {}

  void NoteLow(int64_t vu);
  std::vector<int64_t> TakeLow();

 private:
  const absl::AnyInvocable<void() const> low_;
  Mutex mutex_;
  std::vector<int64_t> low_vus_ ABSL_GUARDED_BY(mutex_);
};

class LeasedVus final : public Executor {
 public:
  LeasedVus(ExecutorContext context, const PerVuIterationsConfig& config);
  ~LeasedVus() override;

  void Prepare() override;
  void Start(MonoTime start) override;
  void EndStarts(EndOfStarts why) override;
  void StopWaiting() override;
  void Interrupt() override;
  bool finished() const override { return ended_ && shares_.empty() && !message_timer_.set(); }
  // What a VU left undone was dropped; reported for each VU.
  void Settle() override;
  int64_t active_vus() const override { return active_; }
  // VUs beyond the new part have gracefulStop to end their iterations.
  void Redivide(absl::Duration offset) override;
  void LeaseVus(const v1::VuIterationsLeased& leased) override;
  int64_t granted() const override { return granted_; }

 private:
  // The iterations of one VU of the test that may begin here.
  class Source final : public IterationSource {
   public:
    // Of VU `vu` of `vus` in the test.
    Source(std::shared_ptr<LeasedVusGate> gate, int64_t vu, int64_t vus)
        : gate_(std::move(gate)), vu_(vu), vus_(vus) {}
    bool Next(MonoTime now, Iteration* iteration) override;
    void Ended(const Iteration&, IterationEnd end) override { gate_->Leave(end); }

    // Conductor's loop; the first one while no VU asks.
    void Begin(int64_t next) { next_.store(next, std::memory_order_relaxed); }
    void SetOpen(bool open) { open_.store(open, std::memory_order_relaxed); }
    // It may begin those before `end`, and notes when half of them have begun.
    void Extend(int64_t end);
    int64_t next() const { return next_.load(std::memory_order_relaxed); }
    int64_t end() const { return end_.load(std::memory_order_relaxed); }

   private:
    const std::shared_ptr<LeasedVusGate> gate_;
    const int64_t vu_;
    const int64_t vus_;
    std::atomic<bool> open_ = true;
    std::atomic<int64_t> next_ = 0;
    std::atomic<int64_t> end_ = 0;
    std::atomic<int64_t> low_at_ = -1;  // iterations left; -1: it has been noted
  };
  // Our share in one VU of the test, from our first wish for it on; when the time is up, in all of
  // them.
  struct Share {
    std::shared_ptr<Source> source;
    bool ours = true;        // by the plan
    bool leased = false;     // we have it
    int64_t open_ask = 0;    // its number; 0: there is none
    bool requested = false;  // a VU for it
    bool iterating = false;
    LentVu vu = {};
    int64_t id_in_test = 0;  // of that VU
    TimerId deadline = TimerId::kNone;
    // When it last asked for more, and how much had begun then.
    MonoTime asked = MonoTime();
    int64_t begun_when_asked = 0;
  };

  // Those that are there when it begins; on the way, VUs that one gives back may go to another.
  void ForEach(absl::FunctionRef<void(int64_t vu, Share& share)> visit);
  // The VUs that the plan gives us, and only those, are ours or asked for.
  void FollowPlan();
  // We want to go on with what is ours, and no more with what is not.
  void Want(int64_t vu, Share& share);
  void LetGo(int64_t vu, Share& share);
  void Ask(int64_t vu, Share& share);
  void AskForLow();
  void Answer(const v1::VuIterationsLeased::Vu& leased);
  void RequestVu(int64_t vu, Share& share);
  void Receive(int64_t vu, LentVu lent);
  // Its VU is idle: sets it to work again, waits for more, or ends the share.
  void GoOn(int64_t vu);
  // It takes what is left of it, as dropped.
  void DropRest(int64_t vu, const Share& share);
  void End(int64_t vu);
  // A line of the next message, which goes in a task of its own.
  v1::VuIterationsWanted::Vu& Say(int64_t vu);
  void SendSoon();

  // A worker's message that VUs are low finds nobody once this is gone.
  const std::shared_ptr<LeasedVus*> self_ = std::make_shared<LeasedVus*>(this);
  const int64_t vus_;         // of the scenario, in the test
  const int64_t iterations_;  // of each
  const std::shared_ptr<LeasedVusGate> gate_;
  std::map<int64_t, Share> shares_;  // by VU of the test, from 0
  int64_t active_ = 0;               // that have a VU
  int64_t asks_ = 0;
  int64_t granted_ = 0;
  std::vector<std::pair<int64_t, int64_t>> unbegun_;  // VU's number in the test, how many
  v1::VuIterationsWanted message_;
  Timer message_timer_{loop()};
  bool started_ = false;
  bool ended_ = false;
  bool time_is_up_ = false;
};

}  // namespace lockstep::agent
