// ramping-vus: the number of looping VUs follows the stages. A VU that is ramped down may end its
// iteration within gracefulRampDown, and goes on if it is ramped up again within that time.
#pragma once

#include <vector>

#include "agent/exec/wanted_vus.h"
#include "common/base/timer.h"
#include "common/schedule/vu_steps.h"

namespace lockstep::agent {

class RampingVus final : public WantedVus {
 public:
  RampingVus(ExecutorContext context, const RampingVusConfig& config);

  void Start(MonoTime start) override;
  void EndStarts(EndOfStarts why) override;
  // VUs beyond the new part have gracefulRampDown to end their iterations.
  void Redivide(absl::Duration offset) override;

 private:
  // Takes all steps that are due, and waits for the next one.
  void Step();

  const absl::Duration graceful_ramp_down_;
  const std::vector<VuStep>& steps_;  // the plan's
  MonoTime start_;
  size_t next_step_ = 0;
  Timer timer_{loop()};
};

}  // namespace lockstep::agent
