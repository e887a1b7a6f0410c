// constant-arrival-rate and ramping-arrival-rate: an iteration starts whenever the schedule says
// so, whatever the others are doing. One that finds no free VU is dropped and counted; meanwhile at
// most one more VU, up to maxVUs, is initialised in the background. One that starts late starts at
// once, and its lateness is recorded.
//
// Starts are handed to free VUs a little ahead of their time, and the VU's worker waits for the
// instant: no start depends on two threads being scheduled in a row. As long as no VU is free, a
// start waits for one until its time has come, so that nothing is dropped that would not be dropped
// otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "agent/exec/executor.h"
#include "common/base/timer.h"
#include "common/schedule/arrival_times.h"

namespace lockstep::agent {

class ArrivalRate final : public Executor {
 public:
  // What to do when there are no more starts before the duration is over.
  enum class WhenExhausted { kWaitForTheEnd, kFinish };

  ArrivalRate(ExecutorContext context, WhenExhausted when_exhausted);
  ~ArrivalRate() override;

  void Start(MonoTime start) override;
  void EndStarts(EndOfStarts why) override;
  void Interrupt() override;
  bool finished() const override { return ended_ && slots_held_ == 0 && !initialising_; }
  int64_t active_vus() const override { return slots_held_ - static_cast<int64_t>(free_.size()); }
  // Slots stay when their VUs are given back at the end.
  int64_t allocated_vus() const override { return static_cast<int64_t>(slots_.size()); }
  int64_t starts_without_vu() const override { return starts_without_vu_; }
  double rate_per_s(absl::Duration elapsed) const override {
    return context_.plan.arrivals->RatePerSecondAt(elapsed);
  }
  bool HoldFrom(absl::Duration offset) override;
  void Redivide(absl::Duration offset) override;
  void SetFence(MonoTime until) override;

 private:
  // The one iteration that a VU is to run next. The conductor fills it before it activates the VU,
  // which takes it on its worker; the activation and its end order the two, and `turn_` decides
  // between the VU that takes it and the conductor that withdraws it.
  class Offer final : public IterationSource {
   public:
    explicit Offer(std::shared_ptr<ScenarioCounters> counters) : counters_(std::move(counters)) {}
    bool Next(MonoTime now, Iteration* iteration) override;
    void Ended(const Iteration&, IterationEnd end) override { counters_->Ended(end); }

    // Conductor's loop.
    void Make(const Iteration& iteration);
    // Whether the offer was withdrawn before it was taken.
    bool Withdraw();
    // Nobody took the offer, and nobody withdrew it. Forgets it. While the VU is idle.
    bool TakeBack() { return turn_.exchange(Turn::kNone) == Turn::kOffered; }
    MonoTime intended() const { return iteration_.intended; }

   private:
    enum class Turn { kNone, kOffered, kTaken, kWithdrawn };
    const std::shared_ptr<ScenarioCounters> counters_;
    Iteration iteration_;  // constant while it is offered
    std::atomic<Turn> turn_ = Turn::kNone;
  };
  struct Slot {
    LentVu vu;  // nothing when given back
    std::shared_ptr<Offer> offer;
  };

  // Asks for the VUs that the plan wants and that are not here.
  void RequestVus();
  // Hands out all that is due soon, and waits for what is next.
  void Run();
  // The next start has to wait for something else than its time.
  bool Held() const {
    return next_.has_value() && (next_->at >= hold_ || start_ + next_->at >= fence_);
  }
  // Once the time is up, unless starts that were due in time are held: they begin late.
  void EndInTime();
  void HandOut(const SegmentArrivals::Start& start);
  // Takes back what is not due before `now`.
  void WithdrawAfter(MonoTime now);
  void HandleNoFreeVu();
  void Receive(LentVu vu);
  void OnIdle(Slot& slot);
  // A VU became free that the next start may have waited for.
  void OnFree(Slot& slot);
  // Gives back what is free, for good.
  void End();
  void Release(Slot& slot);

  const WhenExhausted when_exhausted_;
  SegmentArrivals arrivals_;
  MonoTime start_;
  std::optional<SegmentArrivals::Start> next_;
  // Iterations given a number: those that were not dropped. Since the last division of the work, of
  // which the first one has the number `first_number_` in the test; and in all.
  int64_t numbered_ = 0;
  int64_t first_number_ = 0;
  SegmentTuple numbers_;
  int64_t numbered_in_instance_ = 0;
  absl::Duration hold_ = absl::InfiniteDuration();  // offset
  MonoTime fence_ = MonoTime::Infinite();
  std::optional<absl::Duration> last_handed_;  // offset of the last start that was
  std::vector<std::unique_ptr<Slot>> slots_;
  std::deque<Slot*> free_;  // longest idle first
  int64_t slots_held_ = 0;
  int64_t starts_without_vu_ = 0;
  int64_t awaited_ = 0;  // pre-allocated VUs that other scenarios have not given back yet
  Timer timer_{loop()};
  bool short_of_vus_ = false;  // the next start is due soon, and waits for a VU
  bool initialising_ = false;
  bool warned_ = false;
  bool time_is_up_ = false;
  bool ended_ = false;
};

}  // namespace lockstep::agent
