// What is common to the executors whose VUs all begin at the start and take iterations until there
// are no more: shared-iterations and per-vu-iterations. They differ in the source that their VUs
// ask. And the gate that numbers the iterations of all closed loops.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "agent/exec/executor.h"

namespace lockstep::agent {

// Numbers and counts the iterations of a scenario's closed-loop VUs, and says when there are no
// more. Thread-safe: all VUs of the scenario may share one.
class IterationGate {
 public:
  // Numbers by `segment`, from `first` on; at most `limit` iterations, -1: any number.
  IterationGate(const SegmentTuple& segment, int64_t limit,
                std::shared_ptr<ScenarioCounters> counters, int64_t first = 0)
      : segment_(segment), limit_(limit), first_(first), counters_(std::move(counters)) {}
  virtual ~IterationGate() = default;
  IterationGate(const IterationGate&) = delete;
  IterationGate& operator=(const IterationGate&) = delete;

  // No iteration begins at `end` or later. Before the first VU asks.
  void Open(MonoTime end) { end_ = end; }
  // No iteration begins from now on.
  void Close() { closed_.store(true, std::memory_order_relaxed); }
  // The next iteration, or false.
  virtual bool Enter(MonoTime now, Iteration* iteration);
  void Leave(IterationEnd end) { counters_->Ended(end); }
  // There is no iteration now, but there may be some later.
  virtual bool starved() const { return false; }
  // No iteration can begin at `now` or later.
  bool closed_at(MonoTime now) const {
    return closed_.load(std::memory_order_relaxed) || now >= end_ || exhausted();
  }
  // All iterations up to the limit have begun.
  bool exhausted() const { return limit_ >= 0 && next_.load(std::memory_order_relaxed) >= limit_; }

 protected:
  ScenarioCounters& counters() { return *counters_; }

 private:
  const SegmentTuple segment_;
  const int64_t limit_;
  const int64_t first_;
  const std::shared_ptr<ScenarioCounters> counters_;
  MonoTime end_;
  std::atomic<bool> closed_ = false;
  std::atomic<int64_t> next_ = 0;
};

class LoopingExecutor : public Executor {
 public:
  enum class Limit {
    kNone,
    kPlanned,  // as many iterations as the plan says, over all VUs
  };
  LoopingExecutor(ExecutorContext context, Limit limit);
  ~LoopingExecutor() override { gate_->Close(); }

  void Start(MonoTime start) override;
  void EndStarts(EndOfStarts why) override;
  void Interrupt() override;
  bool finished() const override;
  int64_t active_vus() const override { return active_; }

 protected:
  // The source of the `index`-th VU, which is `vu`.
  virtual std::shared_ptr<IterationSource> SourceFor(size_t index, const LentVu& vu) = 0;
  const std::shared_ptr<IterationGate>& gate() { return gate_; }

 private:
  void Receive(size_t index, LentVu vu);

  const std::shared_ptr<IterationGate> gate_;
  std::vector<LentVu> vus_;  // at work, or given back
  int64_t active_ = 0;
  int64_t awaited_ = 0;  // VUs asked for and not received
  bool started_ = false;
  bool ended_ = false;
};

// A source shared by all VUs of a scenario: whatever the gate allows.
class SharedSource final : public IterationSource {
 public:
  explicit SharedSource(std::shared_ptr<IterationGate> gate) : gate_(std::move(gate)) {}
  bool Next(MonoTime now, Iteration* iteration) override { return gate_->Enter(now, iteration); }
  void Ended(const Iteration&, IterationEnd end) override { gate_->Leave(end); }

 private:
  const std::shared_ptr<IterationGate> gate_;
};

}  // namespace lockstep::agent
