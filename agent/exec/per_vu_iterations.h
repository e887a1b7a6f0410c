// per-vu-iterations: each VU runs a fixed number of iterations, unless maxDuration is over before
// that.
#pragma once

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "agent/exec/looping_executor.h"

namespace lockstep::agent {

class PerVuIterations final : public LoopingExecutor {
 public:
  PerVuIterations(ExecutorContext context, const PerVuIterationsConfig& config);
  // What a VU left undone was dropped; reported for each VU.
  void Settle() override;

 protected:
  std::shared_ptr<IterationSource> SourceFor(size_t index, const LentVu& vu) override;

 private:
  // One VU's iterations. Next and Ended on the VU's worker.
  class Source final : public IterationSource {
   public:
    Source(std::shared_ptr<IterationGate> gate, int64_t left)
        : gate_(std::move(gate)), left_(left) {}
    bool Next(MonoTime now, Iteration* iteration) override;
    void Ended(const Iteration&, IterationEnd end) override { gate_->Leave(end); }
    int64_t left() const { return left_.load(std::memory_order_relaxed); }
    void set_vu(int64_t id_in_test) { vu_ = id_in_test; }
    int64_t vu() const { return vu_; }

   private:
    const std::shared_ptr<IterationGate> gate_;
    std::atomic<int64_t> left_;
    int64_t vu_ = 0;  // conductor's loop; 0: never got one
  };

  std::vector<std::shared_ptr<Source>> sources_;  // one for each VU
};

}  // namespace lockstep::agent
