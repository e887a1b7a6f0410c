// externally-controlled: as many looping VUs as the operator says, now.
#pragma once

#include "agent/exec/wanted_vus.h"

namespace lockstep::agent {

class ExternallyControlled final : public WantedVus {
 public:
  explicit ExternallyControlled(ExecutorContext context);

  void Start(MonoTime start) override;
  bool finished() const override { return WantedVus::finished() && !initialising_; }
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
  bool started_ = false;
  bool initialising_ = false;
};

}  // namespace lockstep::agent
