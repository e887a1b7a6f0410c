// What is common to the executors that have as many looping VUs at work as are wanted at a time:
// constant-vus, ramping-vus and externally-controlled.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "agent/exec/executor.h"
#include "agent/exec/looping_executor.h"
#include "agent/exec/vu_handles.h"

namespace lockstep::agent {

class WantedVus : public Executor {
 public:
  explicit WantedVus(ExecutorContext context)
      : Executor(std::move(context)),
        gate_(std::make_shared<IterationGate>(context_.numbering(), -1, context_.counters,
                                              context_.first_number)),
        handles_(context_, gate_) {}

  void EndStarts(EndOfStarts /*why*/) override {
    ended_ = true;
    handles_.End();
  }
  void Interrupt() override { handles_.Interrupt(); }
  bool finished() const override { return ended_ && handles_.held() == 0; }
  int64_t active_vus() const override { return handles_.held(); }

 protected:
  // Iterations may begin, for as long as the plan says.
  void Open(MonoTime start) { gate_->Open(start + context_.plan.regular_duration); }
  VuHandles& handles() { return handles_; }
  // Nothing begins any more.
  bool ended() const { return ended_; }

 private:
  const std::shared_ptr<IterationGate> gate_;
  VuHandles handles_;
  bool ended_ = false;
};

}  // namespace lockstep::agent
