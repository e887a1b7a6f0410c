// externally-controlled: as many looping VUs as the operator says, now.
#pragma once

#include <memory>

#include "agent/exec/vu_handles.h"

namespace lockstep::agent {

class ExternallyControlled final : public Executor {
 public:
  explicit ExternallyControlled(ExecutorContext context);

  void Start(MonoTime start) override;
  void EndStarts(EndOfStarts why) override;
  void Interrupt() override { handles_.Interrupt(); }
  bool finished() const override { return ended_ && handles_.held() == 0 && !initialising_; }
  int64_t active_vus() const override { return handles_.held(); }
  int64_t max_vus() const override { return max_vus_; }

  bool is_controllable() const override { return true; }
  void SetPaused(bool paused) override;
  void Scale(int64_t vus, int64_t max_vus) override;
  // What the plan wants is initialised by the engine; Scale follows.
  void Redivide(absl::Duration offset) override;

 private:
  // Initialises VUs, one at a time, until there are enough for `max_vus_`.
  void Grow();

  int64_t vus_;
  int64_t max_vus_;
  int64_t existing_;  // VUs that were initialised for this scenario
  const std::shared_ptr<IterationGate> gate_;
  VuHandles handles_;
  bool started_ = false;
  bool ended_ = false;
  bool initialising_ = false;
};

}  // namespace lockstep::agent
