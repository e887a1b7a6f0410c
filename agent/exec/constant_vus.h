// constant-vus: each VU runs one iteration after another until the duration is over.
#pragma once

#include <memory>

#include "agent/exec/vu_handles.h"

namespace lockstep::agent {

class ConstantVus final : public Executor {
 public:
  explicit ConstantVus(ExecutorContext context);

  void Start(MonoTime start) override;
  void EndStarts(EndOfStarts why) override;
  void Interrupt() override { handles_.Interrupt(); }
  bool finished() const override { return ended_ && handles_.held() == 0; }
  int64_t active_vus() const override { return handles_.held(); }
  // VUs beyond the new part have gracefulStop to end their iterations.
  void Redivide(absl::Duration offset) override;

 private:
  const std::shared_ptr<IterationGate> gate_;
  VuHandles handles_;
  bool ended_ = false;
};

}  // namespace lockstep::agent
